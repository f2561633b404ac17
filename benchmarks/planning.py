"""How long a dry run of the study takes, and the analysis of a long trajectory."""

import subprocess
import sys
import time

from figures import ROOT, Figure, median


def dry_run() -> float:
    """Time `snakemake -n` on the study in seconds."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - start


def msd() -> float:
    """Time the mean square displacement of 10 000 frames of 8 ions in seconds."""
    import numpy as np

    from anodeflow.stages.motion.msd import mean_square_displacement

    steps = np.random.default_rng(1).normal(size=(10_000, 8, 3))
    times_ps = 0.01 * np.arange(len(steps))
    start = time.perf_counter()
    mean_square_displacement(np.cumsum(steps, axis=0), times_ps=times_ps)
    return time.perf_counter() - start


def measure() -> list[Figure]:
    """Measure both, medians of five."""
    return [
        Figure("snakemake -n on the study", median([dry_run() for _ in range(5)]), "s", 3.0),
        Figure("MSD of 10 000 frames × 8 ions", median([msd() for _ in range(5)]), "s", 1.0),
    ]
