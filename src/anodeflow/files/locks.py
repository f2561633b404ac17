"""Locks that the kernel drops with its process: of a working directory, a folder, a file."""

import contextlib
import errno
import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from anodeflow.errors import AnodeflowError, BusyError
from anodeflow.files.atomic import full_disk_named

_held: list[int] = []


def lock_directory(lock: Path = Path(".snakemake/anodeflow.lock")) -> None:
    """Hold this working directory until the process ends.

    Raises AnodeflowError when another process holds it, and names that one.
    """
    lock.parent.mkdir(exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(descriptor, 200).decode(errors="replace").strip()
        os.close(descriptor)
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise AnodeflowError(
                f"{lock} cannot be locked ({error.strerror}), so two runs could meet here: work on "
                "another file system, or run with --workflow-profile none for Snakemake's own lock."
            ) from None
        raise AnodeflowError(
            f"another run is at work in {Path.cwd()} ({holder or 'unknown process'}): wait for it "
            "or stop it, then run the same command again."
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
    _held.append(descriptor)


CANNOT_LOCK = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


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


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Keep other processes out while `path` is worked on, by a lock on a hidden file beside it."""
    with path.with_name(f".{path.name}.guard").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield
