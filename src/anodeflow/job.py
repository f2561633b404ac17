"""What every script does around its work: threads, a log file, and errors without a traceback."""

import contextlib
import sys
import traceback
import warnings
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from anodeflow.errors import AnodeflowError
from anodeflow.failures import FINISHED
from anodeflow.threads import set_threads


@contextlib.contextmanager
def job(*, log: str | Path, threads: int) -> Iterator[None]:
    """Run a job's body with `threads` threads and append everything it prints to `log`.

    A user's mistake ends the job with its one sentence, in the log and on the terminal; anything
    else is a defect and shows its traceback in both.
    """
    set_threads(threads)
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with (
        open(log, "a", encoding="utf-8", buffering=1) as stream,
        contextlib.redirect_stdout(stream),
        contextlib.redirect_stderr(stream),
    ):
        print(f"started {datetime.now():%Y-%m-%d %H:%M:%S}, {threads} thread(s)")
        warnings.simplefilter("default")
        try:
            yield
            print(f"{FINISHED}{datetime.now():%Y-%m-%d %H:%M:%S}")
        except AnodeflowError as error:
            _tell(f"error: {error}", stream)
            sys.exit(1)
        except KeyboardInterrupt:
            _tell("interrupted; run the same command again to continue.", stream)
            sys.exit(130)
        except Exception:
            _tell(traceback.format_exc(), stream)
            sys.exit(1)


def _tell(text: str, stream) -> None:
    print(text, file=stream)
    print(text, file=sys.__stderr__)
