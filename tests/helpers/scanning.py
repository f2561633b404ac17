"""Scans of a stack as the workflow makes them, with settings of their own."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.stages.adhesion.scan import scan_spacings
from anodeflow.stages.relaxation.kept_minima import KeptMinima

SPACINGS = np.linspace(2.8, 5.5, 20)


def kept_in(folder: Path, **changes) -> KeptMinima:
    """Return how minima are found and kept in a folder, to 1e-5 eV/Å unless changed."""
    settings = {"optimiser": "BFGS", "fmax": 1e-5, "max_steps": 200}
    settings |= {"fingerprint_extra": "toy", "log": io.StringIO()}
    return KeptMinima(folder, **(settings | changes))


def scan(
    stack: Atoms,
    calc: Calculator,
    folder: Path,
    *,
    spacings: Sequence[float] = SPACINGS,
    starts: str = "neighbour",
    hold: str = "spacing",
    on_point: Callable[[Atoms], None] = lambda point: None,
    **changes,
) -> list[Atoms]:
    """Return the points of a scan whose minima are kept in a folder."""
    return scan_spacings(
        stack,
        calc,
        spacings=spacings,
        starts=starts,
        hold=hold,
        kept=kept_in(folder, **changes),
        on_point=on_point,
    )
