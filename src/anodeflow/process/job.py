"""What every script does around its work: threads, a log file, and errors without a traceback."""

import atexit
import contextlib
import gc
import io
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from anodeflow.errors import AnodeflowError, DiskFullError
from anodeflow.files.atomic import is_full_disk
from anodeflow.process.cost_table import FINISHED, noted_cost
from anodeflow.process.threads import set_threads
from anodeflow.process.tries import first_line, refuse_a_known_failure

AGAIN = "run the same command again to continue."


@contextlib.contextmanager
def job(*, log: str | Path, threads: int) -> Iterator[None]:
    """Run a job's body with `threads` threads and append everything it prints to `log`.

    A user's mistake ends the job with its one sentence, in the log and on the terminal; anything
    else is a defect and shows its traceback in both. A signal ends it with 128 + its number.
    """
    _look_for_garbage_rarely()
    _keep_list_of_fonts()
    set_threads(threads)
    with (
        _log_of_all_tries(Path(log)) as stream,
        contextlib.redirect_stdout(stream),
        contextlib.redirect_stderr(stream),
    ):
        print(first_line(f"{datetime.now():%Y-%m-%d %H:%M:%S}", threads))
        warnings.simplefilter("default")
        try:
            refuse_a_known_failure(Path(log))
            with noted_cost(Path(log), threads):
                yield
            print(f"{FINISHED} {datetime.now():%Y-%m-%d %H:%M:%S}")
        except AnodeflowError as error:
            _tell(f"error: {error}", stream)
            _exit(1, full_disk=isinstance(error, DiskFullError))
        except KeyboardInterrupt:
            _tell(f"interrupted; {AGAIN}", stream)
            sys.exit(130)
        except SystemExit:
            _tell(f"left on a signal; {AGAIN}", stream)
            raise
        except Exception as error:
            full = is_full_disk(error)
            sentence = f"error: the disk is full ({error}): make room, then {AGAIN}"
            _tell(sentence if full else traceback.format_exc(), stream)
            _exit(1, full_disk=full)


def _look_for_garbage_rarely() -> None:
    """Spare the modules, a million objects that stay, from being looked through again and again.

    It takes a sixth of the start of a process with torch and mace, and its exit another sixth.
    """
    gc.set_threshold(100_000, 20, 20)
    atexit.register(gc.freeze)


def _keep_list_of_fonts() -> None:
    """Let matplotlib, which MACE imports, too, keep its list of fonts among other caches.

    It would keep it where its settings are, in the home, and where that takes no file look for all
    fonts again in every process.
    """
    if caches := os.environ.get("XDG_CACHE_HOME"):
        os.environ.setdefault("MPLCONFIGDIR", os.path.join(caches, "matplotlib"))


def _exit(code: int, *, full_disk: bool) -> NoReturn:
    if full_disk:
        # HDF5 crashes in its own exit function if a full disk kept it from closing a file.
        os._exit(code)
    sys.exit(code)


def _tell(text: str, stream: io.TextIOBase) -> None:
    print(text, file=stream)
    _tell_terminal(text)


def _tell_terminal(text: str) -> None:
    # What the terminal leads to may lie on the disk that is full.
    with contextlib.suppress(OSError):
        print(text, file=sys.__stderr__)


class _Log(io.TextIOBase):
    """A log file that may lie on a full disk: the work goes on without the lines it cannot take."""

    encoding = "utf-8"

    def __init__(self, path: Path):
        self.path = path
        self.file = path.open("ab", buffering=0)
        self.failed = False

    def write(self, text: str) -> int:
        """Append text at once."""
        try:
            self.file.write(text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            if not self.failed:
                _tell_terminal(f"{self.path} lacks lines from here on ({error.strerror}).")
            self.failed = True
        return len(text)

    def fileno(self) -> int:
        """Return the descriptor, for libraries that print past Python."""
        return self.file.fileno()

    def close(self) -> None:
        """Close the file."""
        self.file.close()
        super().close()


@contextlib.contextmanager
def _log_of_all_tries(log: Path) -> Iterator[_Log]:
    """Open a log to which the next try appends, if this one does not end well.

    Snakemake deletes the log before it runs a job again. So the lines go to `{log}.tries`, to which
    `log` is a link; after a try that ended well they bear the name `log` alone.
    """
    tries = log.with_name(f"{log.name}.tries")
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        stream = _Log(tries)
        log.symlink_to(tries.name)
    except OSError as error:
        _tell_terminal(f"error: {log} cannot be begun ({error.strerror}): make room for it.")
        sys.exit(1)
    with contextlib.closing(stream):
        yield stream
    tries.replace(log)
