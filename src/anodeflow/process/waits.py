"""How long threads of this process and its children waited for a processor that others had."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

Waits = dict[int, float]
"""Seconds that each thread has waited since it began, by its number."""

PROCESSES = Path("/proc")


def waits() -> Waits:
    """Return the waits of all threads here and in children; nothing where there is no Linux.

    A thread that sleeps does not wait. Source: the Linux kernel's
    Documentation/scheduler/sched-stats.rst, /proc/<pid>/schedstat.
    """
    found = {}
    for process in _with_children(os.getpid()):
        for told in (PROCESSES / str(process) / "task").glob("*/schedstat"):
            with contextlib.suppress(OSError):  # it has ended
                found[int(told.parent.name)] = int(told.read_text().split()[1]) / 1e9
    return found


def lost_seconds(before: Waits, after: Waits) -> float:
    """Return for how long at least work stood still between two `waits`: the longest of a thread.

    Threads work side by side, or in turn as those of two processes do; the others' waits are part
    of the longest, or short.
    """
    return max((wait - before.get(thread, 0.0) for thread, wait in after.items()), default=0.0)


def _with_children(process: int) -> Iterator[int]:
    yield process
    for listed in (PROCESSES / str(process) / "task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in listed.read_text().split():
                yield from _with_children(int(child))
