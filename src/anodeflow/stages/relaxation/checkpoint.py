"""What a relaxation's checkpoint holds: all that an optimiser's next step depends on."""

from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.optimize import BFGS, FIRE, LBFGS
from ase.optimize.optimize import Optimizer

from anodeflow.files.archives import DamagedArchiveError, read_archive
from anodeflow.files.kept_state import KeptState


def keep(state: KeptState, run: Optimizer, moving: Atoms) -> None:
    """Keep the state of `run` after a step, and the atoms and cell that it moved."""
    arrays = {"positions": moving.positions, "cell": moving.cell.array}
    state.write(arrays | internals(run), run.nsteps)


def resume(state: KeptState, run: Optimizer, moving: Atoms) -> bool:
    """Put `run` and its atoms into the last state that can be read; return whether one was.

    Raises:
        TrajectoryError: the state belongs to another relaxation.
    """
    found = state.read()
    if found is None:
        return False
    arrays, run.nsteps = found
    moving.set_cell(arrays.pop("cell"))
    moving.set_positions(arrays.pop("positions"), apply_constraint=False)
    set_internals(run, arrays)
    return True


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
