"""Checkpoints of a relaxation: all that an optimiser's next step depends on, the last two kept."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.optimize import BFGS, FIRE, LBFGS
from ase.optimize.optimize import Optimizer

from anodeflow.errors import TrajectoryError
from anodeflow.files.archives import DamagedArchiveError, read_archive, write_archive


@dataclass(frozen=True)
class RelaxationCheckpoint:
    """Where the state of one relaxation is kept: `path` (.npz), and the one before beside it.

    `mark` is the fingerprint of the relaxation.
    """

    path: Path
    mark: str

    @property
    def before(self) -> Path:
        """Return the path of the checkpoint before the last."""
        return self.path.with_name(f"{self.path.stem}-before.npz")

    def write(self, run: Optimizer, moving: Atoms) -> None:
        """Keep the state of `run` after a step, and the atoms and cell that it moved."""
        arrays = {"positions": moving.positions, "cell": moving.cell.array}
        values = {"fingerprint": self.mark, "steps": run.nsteps}
        if self.path.exists():
            os.replace(self.path, self.before)
        write_archive(self.path, arrays | internals(run), values)

    def resume(self, run: Optimizer, moving: Atoms) -> bool:
        """Put `run` and its atoms into the last state that can be read; return whether one was.

        Damaged checkpoints are named on stderr and deleted.
        Raises TrajectoryError when the checkpoint belongs to another relaxation.
        """
        for path in (self.path, self.before):
            if not path.exists():
                continue
            try:
                arrays, values = read_archive(path)
            except DamagedArchiveError as error:
                path.unlink()
                back = "going back to the one before" if self.before.exists() else "beginning anew"
                print(f"{path} is damaged ({error}); {back}.", file=sys.stderr)
                continue
            self._refuse_others(values["fingerprint"])
            moving.set_cell(arrays.pop("cell"))
            moving.set_positions(arrays.pop("positions"), apply_constraint=False)
            run.nsteps = values["steps"]
            set_internals(run, arrays)
            print(f"continuing after step {run.nsteps} from {path}", file=sys.stderr)
            return True
        return False

    def _refuse_others(self, found: str) -> None:
        if found != self.mark:
            raise TrajectoryError(
                f"{self.path.parent} holds a checkpoint of a relaxation with another start, model "
                "or settings: delete this folder to begin anew, or restore what was changed to "
                "continue it."
            )


def internals(run: Optimizer) -> dict[str, Any]:
    """Return what the next step of an optimiser depends on beside positions and cell.

    ASE's own restart files are not enough: FIRE's lack its mixing and its count of good steps.
    """
    if isinstance(run, BFGS):
        return {"hessian": run.H, "positions_before": run.pos0, "forces_before": run.forces0}
    if isinstance(run, LBFGS):
        history = {"s": run.state.s, "y": run.state.y, "rho": run.state.rho}
        counts = {"iteration": run.state.iteration}
        return history | counts | {"positions_before": run.r0, "forces_before": run.f0}
    fire: Any = run
    return {"velocity": fire.vel, "dt": fire.dt, "a": fire.a, "good_steps": fire.Nsteps}


def set_internals(run: Optimizer, state: dict[str, np.ndarray]) -> None:
    """Put back into a new optimiser what `internals` returned, in the shapes that it has there."""
    if isinstance(run, BFGS):
        run.H0 = state["hessian"]
        run.update(None, None, None, None)  # the first update makes the method of H0
        run.pos0, run.forces0 = state["positions_before"], state["forces_before"]
    elif isinstance(run, LBFGS):
        for name in ("s", "y", "rho"):
            # each row in memory of its own, as the optimiser makes them
            setattr(run.state, name, [np.array(row) for row in state[name]])
        run.state.iteration = int(state["iteration"])
        run.r0, run.f0 = state["positions_before"], state["forces_before"]
    elif isinstance(run, FIRE):
        run.vel, run.Nsteps = state["velocity"], int(state["good_steps"])
        run.dt, run.a = float(state["dt"]), float(state["a"])


def kept_hessian(checkpoint: Path) -> np.ndarray | None:
    """Return the Hessian (3N, 3N), eV/Å², at the last step that BFGS kept; None without one."""
    if not checkpoint.exists():
        return None
    try:
        return read_archive(checkpoint)[0].get("hessian")
    except DamagedArchiveError:
        return None
