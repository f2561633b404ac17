"""Which intervals and bounds of a run of ions hold a truth that is known."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
from ase import Atoms
from langevin import Potential, brownian_paths, exact_D
from walkers import SETTINGS, hopper, neighbours, run_of

from anodeflow.stages.motion import diffusion
from anodeflow.stages.motion.diffusion_fit import DiffusionFit
from anodeflow.stages.motion.results import Mobility

LENGTH_PS = 95.0
FREE_D = 1.0
"""Å²/ps, of an ion without a potential."""

NO_FIT = DiffusionFit(0.0, 0.0, 0.0)

INTERVALS = {
    "rate": ("rate_low_per_ps", "rate_high_per_ps"),
    "D": ("D_low_cm2_s", "D_high_cm2_s"),
    "D by hops": ("D_hop_low_cm2_s", "D_hop_high_cm2_s"),
    "factor": ("correlation_factor_low", "correlation_factor_high"),
    "bound of D": (None, "D_upper_bound_cm2_s"),
    "bound by hops": (None, "D_hop_bound_cm2_s"),
    "collective": ("collective_ratio_low", "collective_ratio_high"),
}


def hoppers(rng, atoms: Atoms, *, runs: int, rate: float, **kind) -> Iterable[tuple]:
    """Yield paths of hopping ions with their rate (1/ps) and D (Å²/ps).

    Two long hops between two frames look like a path folded into the cell, which is refused: such a
    run, one of hundreds, is drawn again.
    """
    half = np.linalg.norm(atoms.cell.array[0]) / 2
    while runs:
        paths, D = hopper(rng, atoms, length_ps=LENGTH_PS, rate=rate or 1e-9, **kind)
        if np.linalg.norm(np.diff(paths, axis=0), axis=-1).max() < half:
            runs -= 1
            yield paths, rate, D if rate else 0.0


def brownian(rng, atoms: Atoms, *, runs: int, barrier: float, lattice: str) -> Iterable[tuple]:
    """Yield the same of ions in a potential, whose rate is 4 D/l² as long as hops forget."""
    potential = Potential(atoms, lattice, barrier)
    D = exact_D(atoms, potential, free_D=FREE_D)
    rate = 4 * D / neighbours(atoms, lattice)[3] ** 2
    options = {"free_D": FREE_D, "length_ps": LENGTH_PS, "runs": runs}
    for paths in brownian_paths(rng, atoms, potential, **options):
        yield paths, rate, D


@contextmanager
def without_kinisi() -> Iterator[None]:
    """Leave kinisi's D out, which takes most of an analysis and has a test of its own."""
    with patch.object(diffusion, "fit_diffusion_by_kinisi", return_value=NO_FIT):
        yield


def tally(atoms: Atoms, walks: Iterable[tuple]) -> tuple[dict, list[Mobility]]:
    """Return for each interval in which runs it held the truth, where it was given, and the runs.

    Runs whose note speaks of the interval are counted apart, under its name with "noted".
    """
    held, found, truths = defaultdict(list), [], {"collective": 1.0}
    for paths, rate, D in walks:
        with without_kinisi():
            run = diffusion.analyse_diffusion(run_of(atoms, paths), settings=SETTINGS).summary
        found.append(run)
        truths |= {"rate": rate, "D": D * 1e-4}
    # The factor is of hops as they are seen, over short stops, of all runs together.
    squares = sum(run.hops * run.jump_length_rms**2 for run in found)
    settled_ps = sum(run.settled_ion_ps for run in found)
    truths["factor"] = 4 * D * settled_ps / squares if squares else 1.0
    for run in found:
        for name, (low, high) in INTERVALS.items():
            if getattr(run, high) is not None:
                least = getattr(run, low) if low else 0.0
                noted = " noted" if speaks_of(run.note, name) else ""
                truth = truths.get(name, truths["D"])
                held[name + noted].append(least <= truth <= getattr(run, high))
    return dict(held), found


def speaks_of(note: str, name: str) -> bool:
    """Tell whether the note of a run says that an interval may not hold."""
    words = {"rate": "rate may be too low", "D": "D may be too high"}
    return name in words and words[name] in note


def enough(held: list[bool]) -> bool:
    """Tell whether a share of runs is 0.95 or more within two of its binomial errors."""
    share = float(np.mean(held))
    return share + 2 * np.sqrt(max(share * (1 - share), 0.25 / len(held) ** 2) / len(held)) >= 0.95
