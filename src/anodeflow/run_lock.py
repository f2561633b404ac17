"""One run at a time in a working directory, by a lock that the kernel drops with its process.

Snakemake's own lock outlives a killed run, whose user then has to unlock by hand.
"""

import errno
import fcntl
import os
import socket
from pathlib import Path

from anodeflow.errors import AnodeflowError

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
