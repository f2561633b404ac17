"""A node of a cluster: no network, and a home in which nothing can be written."""

import ctypes
import functools
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from project import Project

NEW_NETWORK = 0x40000000
"""CLONE_NEWNET, of unshare(2): a namespace without a route to anywhere."""

OFFLINE = "OFFLINE"
"""The variable by which a forked process (`forked`) is told to leave the network."""

NO_HOME = "/proc/no-home"
"""A folder that nobody can make, root neither."""


def leave_network() -> None:
    """Take the network from this process and from all that it will start.

    Raises:
        OSError: that is not allowed here.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(NEW_NETWORK):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@functools.cache
def may_leave_network() -> bool:
    """Return whether processes of this user may leave the network."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            leave_network()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def on_a_node(cache: Path) -> dict[str, str]:
    """Return the variables of such a node, with a folder for caches as docs/cluster.md tells."""
    return {"HOME": NO_HOME, "XDG_CACHE_HOME": str(cache)}


def offline(project: "Project", cache: Path) -> "Project":
    """Return a project whose runs are those of such a node, where that is allowed."""
    if not may_leave_network():
        return project
    own = on_a_node(cache) | {OFFLINE: "yes"}
    return replace(project, variables=project.variables | own)
