"""Signals that ask a run to leave: noted, and obeyed once the state of the run is kept."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

ASKING_TO_LEAVE = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


class _Note:
    """A handler of signals that notes which have arrived."""

    def __init__(self) -> None:
        self.received: list[int] = []

    def __call__(self, arrived: int, _: FrameType | None) -> None:
        if arrived == signal.SIGINT and signal.SIGINT in self.received:
            raise KeyboardInterrupt
        self.received.append(arrived)


@contextlib.contextmanager
def deferred_signals() -> Iterator[list[int]]:
    """Collect SIGTERM, SIGUSR1 and SIGINT in a list in place of dying in the middle of a step.

    A second SIGINT (Ctrl-C) raises KeyboardInterrupt at once. Within another such block the list is
    that one's. Outside the main thread, which alone receives signals, it stays empty.
    """
    outer = signal.getsignal(signal.SIGTERM)
    if isinstance(outer, _Note):
        yield outer.received
        return
    note = _Note()
    received = note.received
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    previous = {number: signal.signal(number, note) for number in ASKING_TO_LEAVE}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def leave(received: list[int], kept: str) -> NoReturn:
    """End the process as the first signal asked for, saying what was kept.

    Raises SystemExit with 128 + the number of the signal.
    """
    print(f"{signal.Signals(received[0]).name}: {kept}", file=sys.stderr)
    raise SystemExit(128 + received[0])
