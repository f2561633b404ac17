"""Relaxation of atoms, and of the cell where asked, to a force limit that is really reached."""

import time
from pathlib import Path
from typing import TextIO

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.singlepoint import SinglePointCalculator
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS, FIRE, LBFGS
from ase.optimize.optimize import Optimizer

from anodeflow.config.allowed_values import require_allowed
from anodeflow.errors import NotConvergedError
from anodeflow.evaluation.first_calls import warm_up
from anodeflow.evaluation.identity import fingerprint
from anodeflow.files.kept_state import KeptState
from anodeflow.models.interface import energy_terms
from anodeflow.process.signals import deferred_signals, leave
from anodeflow.stages.relaxation.checkpoint import keep, resume
from anodeflow.stages.relaxation.optimisers import PreconBFGS, neighbour_hessian
from anodeflow.stages.relaxation.settings import Minimum, Relaxation
from anodeflow.structures.files import write_structure

CHECKPOINT_INTERVAL_S = 10.0
OPTIMISERS = {"PreconBFGS": PreconBFGS, "BFGS": BFGS, "LBFGS": LBFGS, "FIRE": FIRE}


# Strain components left free, in ASE's order xx, yy, zz, yz, xz, xy.
CELLS = {"fixed": None, "in-plane": [1, 1, 0, 0, 0, 1], "full": [1, 1, 1, 1, 1, 1]}


def relax(
    atoms: Atoms,
    calc: Calculator,
    *,
    optimiser: str,
    fmax: float,
    max_steps: int,
    cell: str,
    fingerprint_extra: str,
    checkpoint: Path | None,
    unfinished: Path | None,
    log: TextIO,
    hessian: np.ndarray | None = None,
) -> Atoms:
    """Return a copy of `atoms`, relaxed until max_i |F_i| <= fmax (eV/Å), with its energy.

    optimiser: "PreconBFGS" (BFGS from `neighbour_hessian`), "BFGS", "LBFGS" or "FIRE"; cell:
    "fixed", "in-plane" (xx, yy and xy of a Frechet filter, whose scaled stress then counts among
    the forces) or "full". The copy keeps the constraints and holds energy (eV), forces (N, 3)
    (eV/Å, constraints not applied) and, where the calculator gives it, stress (6,) (eV/Å³); its
    info gains energy_model, energy_dispersion (eV), fmax (eV/Å, reached) and steps. A line per step
    goes to `log`. PreconBFGS starts from `hessian` (eV/Å²) where given (`kept_hessian`).

    The state is kept in `checkpoint` (.npz), which stays; from there a relaxation that was killed,
    or ran out of steps, continues as if it never stopped. `fingerprint_extra` is the identity of
    the calculator: a checkpoint of another one, or of other settings than max_steps, is refused.

    Raises NotConvergedError after `max_steps` or at a force that is not finite, the last geometry
    being kept in `unfinished`; ConfigError for an unknown optimiser or cell; TrajectoryError for
    the checkpoint of another relaxation; SystemExit(128 + signal), after a checkpoint, on SIGTERM,
    SIGUSR1 or SIGINT.
    """
    require_allowed(Relaxation, "optimiser", optimiser, name="relaxation.optimiser")
    require_allowed(Minimum, "cell", cell, name="relaxation.cell")
    moving = atoms.copy()
    moving.calc = calc
    target = moving if CELLS[cell] is None else FrechetCellFilter(moving, mask=CELLS[cell])
    run = OPTIMISERS[optimiser](target, logfile=log)
    kept, resumed = None, False
    if checkpoint is not None:
        settings = {"optimiser": optimiser, "fmax": fmax, "cell": cell}
        mark = fingerprint(atoms, settings, fingerprint_extra)
        kept = KeptState(checkpoint, mark, "a relaxation")
        resumed = resume(kept, run, moving)
    warm_up(moving)
    if optimiser == "PreconBFGS" and not resumed:
        _set_hessian(run, moving, hessian)
    reached = _optimise(run, moving, fmax, max_steps, kept)
    if not reached <= fmax:
        complaint = _complaint(moving, reached, fmax, run.nsteps, max_steps)
        raise NotConvergedError(f"{complaint}{_keep_unfinished(moving, unfinished)}.")
    return _with_results(moving, steps=run.nsteps, fmax=reached)


def _set_hessian(run: BFGS, moving: Atoms, hessian: np.ndarray | None) -> None:
    if len(moving) == 1:
        return
    hessian = neighbour_hessian(moving) if hessian is None else hessian
    # Forces that are not finite make it useless; the relaxation then says what is wrong.
    if np.isfinite(hessian).all():
        run.H0[: len(hessian), : len(hessian)] = hessian  # the rest is of a cell


def _keep_unfinished(moving: Atoms, path: Path | None) -> str:
    if path is None:
        return ""
    write_structure(path, moving.copy())  # without calculator: computes nothing
    return f"; the last geometry is in {path}"


def _optimise(
    run: Optimizer, moving: Atoms, fmax: float, max_steps: int, kept: KeptState | None
) -> float:
    """Run until converged, out of steps or not finite; return the force reached (eV/Å)."""
    written = time.monotonic()
    with deferred_signals() as received:
        # ASE's own test compares with < or <=, by version; the one that counts is made here.
        for _ in run.irun(fmax=0.0, steps=max_steps - run.nsteps):
            reached = float(np.sqrt((run.atoms.get_forces() ** 2).sum(axis=1).max()))
            if not np.isfinite(reached):
                break
            ended = reached <= fmax or run.nsteps >= max_steps
            due = received or ended or time.monotonic() - written >= CHECKPOINT_INTERVAL_S
            if kept is not None and due and run.nsteps > 0:
                keep(kept, run, moving)
                written = time.monotonic()
            if received:
                leave(received, f"stopped after step {run.nsteps}")
            if ended:
                break
    return reached


def _complaint(atoms: Atoms, reached: float, fmax: float, steps: int, max_steps: int) -> str:
    name = atoms.get_chemical_formula()
    if not np.isfinite(reached):
        return (
            f"The relaxation of {name} met a force that is not finite at step {steps}; the start "
            "is too far from what the model knows, so look at the structure"
        )
    return (
        f"The relaxation of {name} reached fmax {reached:.3g} eV/Å in {steps} steps, not the "
        f"{fmax:g} asked for; raise relaxation.max_steps (for a scan, adhesion.max_steps) above "
        f"{max_steps} and it continues from there"
    )


def _with_results(atoms: Atoms, *, steps: int, fmax: float) -> Atoms:
    results = {
        "energy": atoms.get_potential_energy(apply_constraint=False),
        "forces": atoms.get_forces(apply_constraint=False),
    }
    if "stress" in atoms.calc.implemented_properties and atoms.cell.rank == 3:
        results["stress"] = atoms.get_stress(apply_constraint=False)
    terms = energy_terms(atoms)
    relaxed: Atoms = atoms.copy()
    relaxed.calc = SinglePointCalculator(relaxed, **results)
    relaxed.info.update(terms, fmax=fmax, steps=steps)
    return relaxed
