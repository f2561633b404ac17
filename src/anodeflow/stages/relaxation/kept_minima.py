"""The relaxations that make up one job's result, each kept so that a restart does not repeat it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.evaluation.identity import fingerprint
from anodeflow.stages.relaxation.checkpoint import kept_hessian
from anodeflow.stages.relaxation.minimum import relax
from anodeflow.structures.files import read_structure, write_structure


@dataclass(frozen=True)
class Points:
    """How the points of a job are relaxed, at fixed cell, and where they are kept.

    points_dir: folder of the finished points and of every relaxation's checkpoint; fmax: largest
    force left on the free components, eV/Å; fingerprint_extra: identity of the calculator (hash of
    its weights, dispersion), so that points of another model are not taken; log: receives the
    optimiser's lines.
    """

    points_dir: Path
    optimiser: str
    fmax: float
    max_steps: int
    fingerprint_extra: str
    log: TextIO

    def series(self, start: Atoms, settings: Mapping) -> str:
        """Return the fingerprint of what a series of points depends on.

        It stands in the names of their files, so points of other settings are never taken for them.
        """
        own = {"optimiser": self.optimiser, "fmax": self.fmax}
        return fingerprint(start, own | dict(settings), self.fingerprint_extra)[:16]

    def relax(
        self,
        label: str,
        start: Atoms,
        calc: Calculator,
        *,
        series: str,
        title: str,
        describe: Callable[[Atoms], Mapping],
        hessian: np.ndarray | None = None,
    ) -> Atoms:
        """Return a point from its file, after relaxing it from `start` if there is none.

        label: its name in the series; title: a line for the log; describe: gives what is added to
        the info of the relaxed atoms; hessian: as for `relax`. A fresh point is read back from its
        file as well, so a restarted job ends with the same numbers as one that ran through.

        Raises NotConvergedError for a relaxation that used up `max_steps`.
        """
        path = self.points_dir / f"{label}-{series}.extxyz"
        if not path.exists():
            self.log.write(f"{title}\n")
            relaxed = relax(
                start,
                calc,
                optimiser=self.optimiser,
                fmax=self.fmax,
                max_steps=self.max_steps,
                cell="fixed",
                fingerprint_extra=self.fingerprint_extra,
                checkpoint=path.with_suffix(".npz"),
                unfinished=self.points_dir / f"{label}-unfinished.extxyz",
                log=self.log,
                hessian=hessian,
            )
            relaxed.set_constraint()
            relaxed.info |= describe(relaxed)
            write_structure(path, relaxed)
        return read_structure(path)

    def hessian(self, label: str, series: str) -> np.ndarray | None:
        """Return the Hessian (eV/Å²) of BFGS at a point, None where there is none."""
        return kept_hessian(self.points_dir / f"{label}-{series}.npz")
