"""Locks that the kernel drops with its process: of a working directory, a folder, a file.

Some file systems cannot lock. A whole run is refused there, since Snakemake's own lock can take the
place of this one; work on a single output goes on with a warning, since nothing can.
"""

import contextlib
import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from anodeflow.errors import AnodeflowError, BusyError
from anodeflow.files.atomic import full_disk_named, is_full_disk

_of_this_process: list[FileIO] = []


class _InUseError(Exception):
    """Another process holds a lock: which one."""


class _CannotLockError(Exception):
    """The file system cannot lock: its reason."""


def lock_directory(lock: Path = Path(".snakemake/anodeflow.lock")) -> None:
    """Hold this working directory until the process ends.

    Raises:
        AnodeflowError: another process holds it, which is named, or it cannot be locked.
    """
    file = _opened(lock)
    try:
        _take(file)
    except _InUseError as holder:
        file.close()
        raise AnodeflowError(
            f"another run is at work in {Path.cwd()} ({holder}): wait for it or stop it, then run "
            "the same command again."
        ) from None
    except _CannotLockError as reason:
        file.close()
        raise AnodeflowError(
            f"{lock} cannot be locked ({reason}), so two runs could meet here: work on another "
            "file system, or run with --workflow-profile none for Snakemake's own lock."
        ) from None
    _of_this_process.append(file)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[Path]:
    """Make a folder and hold it for this process alone; yield it.

    Raises:
        BusyError: another process holds it.
    """
    with _opened(folder / "holder") as file:
        try:
            with _warned_if_it_cannot(folder):
                _take(file)
        except _InUseError as holder:
            raise BusyError(
                f"{folder} is in use by {holder}: wait until that ends, or end it, then run the "
                "same command again."
            ) from None
        # Whoever held the folder until now may have removed it since the file was opened here.
        if not os.path.exists(file.name) or not os.path.samefile(file.fileno(), file.name):
            raise BusyError(f"{folder} was just finished elsewhere: run the same command again.")
        yield folder


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a file for this process alone, by a lock on a hidden one beside it.

    While another process holds it, that is said, and its end waited for.
    """
    with _opened(path.with_name(f".{path.name}.guard")) as file:
        with _warned_if_it_cannot(path):
            try:
                _take(file)
            except _InUseError as holder:
                print(f"{path} is in use by {holder}: waiting until that ends.", file=sys.stderr)
                _take(file, wait=True)
        yield


def _opened(path: Path) -> FileIO:
    with full_disk_named(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("a+b", buffering=0)
        except OSError as error:
            if is_full_disk(error):
                raise
            raise AnodeflowError(
                f"{path} cannot be opened for writing ({error.strerror}): change the permissions "
                "of its folder, or work in another one."
            ) from None


def _take(file: FileIO, *, wait: bool = False) -> None:
    """Take the lock of an open file, and write into the file which process holds it.

    Raises:
        _InUseError: another process holds it, and `wait` is false.
        _CannotLockError: the file system cannot lock.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network file systems say EACCES of a lock that is held.
        if wait or not isinstance(error, BlockingIOError | PermissionError):
            raise _CannotLockError(error.strerror) from None
        file.seek(0)
        raise _InUseError(file.read().decode(errors="replace") or "another process") from None
    with full_disk_named(Path(file.name)):
        file.truncate(0)
        file.write(_this_process().encode())


@contextlib.contextmanager
def _warned_if_it_cannot(place: Path) -> Iterator[None]:
    try:
        yield
    except _CannotLockError as reason:
        print(
            f"{place} lies on a file system that cannot lock ({reason}): make sure yourself that "
            "no other process works on it.",
            file=sys.stderr,
        )


def _this_process() -> str:
    where = f"process {os.getpid()} on {socket.gethostname()}"
    job = os.environ.get("SLURM_JOB_ID")
    return f"{where} (Slurm job {job}, scancel {job})" if job else where
