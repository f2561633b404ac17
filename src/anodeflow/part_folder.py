"""The folder beside an output in which unfinished work is kept, for one process at a time."""

import contextlib
import errno
import fcntl
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from anodeflow.errors import BusyError
from anodeflow.whole_files import full_disk_named

CANNOT_LOCK = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


@contextlib.contextmanager
def part_folder(output: Path) -> Iterator[Path]:
    """Yield `{output}.part`, held by this process alone; it is removed when the body ends well.

    The kernel gives it free when the process dies, however it dies.

    Raises BusyError while another process holds it.
    """
    output = Path(output)
    folder = part_of(output)
    # Renamed before it is removed, so that a kill leaves all of it or nothing under its name.
    done = output.with_name(f"{output.name}.done")
    shutil.rmtree(done, ignore_errors=True)
    with held(folder):
        yield folder
        os.replace(folder, done)
    shutil.rmtree(done, ignore_errors=True)  # what stays is removed by the next


def part_of(output: Path) -> Path:
    """Return the folder of the unfinished work on an output."""
    return output.with_name(f"{output.name}.part")


@contextlib.contextmanager
def held(folder: Path) -> Iterator[Path]:
    """Make a folder and hold it for this process alone; yield it.

    Raises BusyError while another process holds it.
    """
    path = folder / "holder"
    with full_disk_named(path):
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b", buffering=0)
    with file:
        _lock(file, folder)
        with full_disk_named(path):
            file.truncate(0)
            file.write(_this_process().encode())
        yield folder


def _lock(file: FileIO, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # some network file systems say EACCES
        file.seek(0)
        holder = file.read().decode() or "another process"
        raise BusyError(
            f"{folder} is in use by {holder}: wait until that ends, or end it, then run the same "
            "command again."
        ) from None
    except OSError as error:
        if error.errno not in CANNOT_LOCK:
            raise
        print(
            f"{folder} lies on a file system that cannot lock ({error.strerror}): make sure "
            "yourself that no other process works on it.",
            file=sys.stderr,
        )
    # Whoever held the folder until now may have removed it since the file was opened here.
    if not os.path.exists(file.name) or not os.path.samefile(file.fileno(), file.name):
        raise BusyError(f"{folder} was just finished elsewhere: run the same command again.")


def _this_process() -> str:
    where = f"process {os.getpid()} on {socket.gethostname()}"
    job = os.environ.get("SLURM_JOB_ID")
    return f"{where} (Slurm job {job}, scancel {job})" if job else where
