"""Time without a processor: told of this process and its children, and not of sleep."""

import os
import subprocess
import sys
import time

import pytest

from anodeflow.process import waits as process_waits
from anodeflow.process.waits import lost_seconds, waits

WORK = 0.4
BUSY = "while True: pass"
COUNTED = f"""
import time
end = time.process_time() + {WORK}
while time.process_time() < end: pass
print(time.process_time())
input()
"""

pytestmark = pytest.mark.skipif(not waits(), reason="this system tells no waits")


@pytest.fixture
def crowded():
    """Bind this process to one processor, which two others never leave."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    others = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2)]
    yield
    for other in others:
        other.kill()
        other.wait()
    os.sched_setaffinity(0, allowed)


def test_what_a_call_lost_is_its_wall_time_without_its_cpu_time(crowded):
    before, start, cpu = waits(), time.perf_counter(), time.process_time()
    while time.process_time() < cpu + WORK:
        pass
    wall, used = time.perf_counter() - start, time.process_time() - cpu
    assert wall > 1.3 * used
    assert wall - lost_seconds(before, waits()) == pytest.approx(used, rel=0.1)


def test_waits_of_a_child_count(crowded):
    before, start = waits(), time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", COUNTED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    used = float(child.stdout.readline())
    wall, lost = time.perf_counter() - start, lost_seconds(before, waits())
    child.communicate("\n")
    assert wall > 1.3 * used
    assert wall - lost == pytest.approx(used, rel=0.2)


def test_sleep_is_no_wait():
    before = waits()
    time.sleep(0.2)
    assert lost_seconds(before, waits()) < 0.1


def test_a_thread_that_began_meanwhile_counts_from_its_start():
    assert lost_seconds({1: 5.0}, {1: 5.5, 2: 0.75}) == 0.75
    assert lost_seconds({1: 5.0}, {}) == 0.0


def test_where_there_is_no_linux_nothing_is_lost(monkeypatch, tmp_path):
    monkeypatch.setattr(process_waits, "PROCESSES", tmp_path)
    assert waits() == {}
