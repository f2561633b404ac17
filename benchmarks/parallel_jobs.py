"""Two model jobs at once on two cores against one alone, both with the rule's one thread."""

import subprocess
import sys
import time

from figures import ROOT, Figure, median

JOB = """
import sys, tempfile, time
from pathlib import Path
sys.path.insert(0, "benchmarks")
from anodeflow.process.job import job
with tempfile.TemporaryDirectory() as folder, job(log=Path(folder) / "log", threads=1):
    from figures import mace_calculator, study_stack
    atoms = study_stack()
    atoms.calc = mace_calculator(Path(folder), dtype="float64")
    atoms.get_forces()
    start = time.perf_counter()
    for _ in range(40):
        atoms.positions += 0.001
        atoms.get_forces()
    print(time.perf_counter() - start, file=sys.__stdout__)
"""


def run_in_lockstep(count: int) -> list[float]:
    """Start `count` jobs at once and return the seconds each spent on force calls."""
    command = [sys.executable, "-c", JOB]
    jobs = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    return [float(job.communicate()[0]) for job in jobs]


def measure() -> list[Figure]:
    """Measure in pairs, alone and together in turn."""
    ratios = []
    for _ in range(3):
        (alone,) = run_in_lockstep(1)
        time.sleep(0.5)
        ratios.append(max(run_in_lockstep(2)) / alone)
    return [Figure("two jobs at once / one alone, per job", median(ratios), "×", 1.3)]
