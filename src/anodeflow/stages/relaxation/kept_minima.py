"""The relaxations that make up one job's result, each kept so that a restart does not repeat it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.evaluation.identity import fingerprint
from anodeflow.stages.relaxation.checkpoint import kept_hessian
from anodeflow.stages.relaxation.minimum import relax
from anodeflow.structures.files import read_structure, write_structure


@dataclass(frozen=True)
class KeptMinima:
    """The relaxed structures of a job, at fixed cell: how they are found, and where they are kept.

    folder: holds the finished ones and the checkpoint of every relaxation; fmax: largest force left
    on the free components, eV/Å; fingerprint_extra: identity of the calculator (hash of its
    weights, dispersion), so that those of another model are not taken; log: receives the
    optimiser's lines.
    """

    folder: Path
    optimiser: str
    fmax: float
    max_steps: int
    fingerprint_extra: str
    log: TextIO

    def series(self, start: Atoms, settings: Mapping[str, Any]) -> str:
        """Return the fingerprint of what a series of minima depends on.

        It stands in the names of their files, so those of other settings are never taken for them.
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
        describe: Callable[[Atoms], Mapping[str, Any]],
        hessian: np.ndarray | None = None,
    ) -> Atoms:
        """Return a minimum from its file, after relaxing it from `start` if there is none.

        label: its name in the series; title: a line for the log; describe: gives what is added to
        the info of the relaxed atoms; hessian: (3N, 3N), as for `relax`. A fresh one is read
        back from its file as well, so a restarted job ends with the same numbers as one that ran
        through.

        Raises NotConvergedError for a relaxation that used up `max_steps`.
        """
        path = self.folder / f"{label}-{series}.extxyz"
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
                unfinished=self.folder / f"{label}-unfinished.extxyz",
                log=self.log,
                hessian=hessian,
            )
            relaxed.set_constraint()
            relaxed.info |= describe(relaxed)
            self.keep(label, series, relaxed)
        return read_structure(path)

    def keep(self, label: str, series: str, atoms: Atoms) -> None:
        """Keep a structure as what came of a relaxation, so that a restart does not repeat it."""
        write_structure(self.folder / f"{label}-{series}.extxyz", atoms)

    def hessian(self, label: str, series: str) -> np.ndarray | None:
        """Return the Hessian (3N, 3N), eV/Å², of BFGS at a minimum, None where there is none."""
        return kept_hessian(self.folder / f"{label}-{series}.npz")

    def drop_hessian(self, label: str, series: str) -> None:
        """Delete it: of a long series, those that nothing starts from any more fill the disk."""
        for path in self.folder.glob(f"{label}-{series}*.npz"):  # and the state before it
            path.unlink()
