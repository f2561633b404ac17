"""Work in a child process that is signalled at a moment of choice."""

import gc
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class End:
    """How a child ended: exit code (negative: killed by that signal), time, what it said."""

    code: int
    seconds_after_signal: float
    said: str


def start(work: Callable[[], object], messages: Path) -> int:
    """Fork a child that does `work`, its stderr going to `messages`; return its process id."""
    messages.write_text("")
    child = os.fork()
    if child:
        return child
    gc.freeze()  # or the child would look for garbage in all that the tests before this one left
    code = 1
    try:
        sys.stderr = messages.open("w", buffering=1)
        work()
        code = 0
    except SystemExit as left:
        code = left.code
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def signalled(
    work: Callable[[], object],
    number: int,
    moment: float,
    messages: Path,
    *,
    once: Callable[[], object] = lambda: True,
) -> End:
    """Send a signal to a child that does `work`, `moment` seconds after `once` holds."""
    child = start(work, messages)
    while not once():
        alive = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        assert alive, messages.read_text()
        time.sleep(0.001)
    time.sleep(moment)
    os.kill(child, number)
    sent = time.monotonic()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return End(code, time.monotonic() - sent, messages.read_text())


def ended(work: Callable[[], object], messages: Path) -> End:
    """Let a child do `work` to its end."""
    _, status = os.waitpid(start(work, messages), 0)
    return End(os.waitstatus_to_exitcode(status), 0.0, messages.read_text())


def kill_again_and_again(
    work: Callable[[], object], output: Path, *, kills: int, longest: float, seed: int
) -> list[float]:
    """Kill `work` at `kills` random moments, let it end at last, and return the moments (s).

    Each child lives for up to `longest` seconds. One that ends before its kill is not counted: its
    output is removed, so that the next child begins anew.
    """
    rng = np.random.default_rng(seed)
    moments: list[float] = []
    messages = output.with_name("messages.txt")
    while len(moments) < kills:
        moment = float(rng.uniform(0, longest))
        end = signalled(work, signal.SIGKILL, moment, messages)
        if end.code == -signal.SIGKILL:
            moments.append(moment)
        else:
            assert end.code == 0, (moments, moment, end)
        # As Snakemake does before it runs a job again.
        output.unlink(missing_ok=True)
    last = ended(work, messages)
    assert last.code == 0, (moments, last)
    return moments
