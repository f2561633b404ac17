"""Relaxation of atoms, and of the cell where asked, to a force limit that is really reached."""

from pathlib import Path
from typing import TextIO

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.singlepoint import SinglePointCalculator
from ase.filters import Filter, FrechetCellFilter
from ase.optimize import BFGS, FIRE, LBFGS

from anodeflow.calculators import energy_terms
from anodeflow.errors import ConfigError, NotConvergedError
from anodeflow.structure_io import write_structure

OPTIMISERS = {"BFGS": BFGS, "LBFGS": LBFGS, "FIRE": FIRE}
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
    log: TextIO,
    unfinished: Path | None,
) -> Atoms:
    """Return a copy of `atoms`, relaxed until max_i |F_i| <= fmax (eV/A), with its energy.

    optimiser: "BFGS", "LBFGS" or "FIRE"; cell: "fixed", "in-plane" (xx, yy and xy of a Frechet
    filter, whose scaled stress then counts among the forces) or "full". The copy keeps the
    constraints and holds energy (eV), forces (N, 3) (eV/A, constraints not applied) and, where the
    calculator gives it, stress (6,) (eV/A^3); its info gains energy_model, energy_dispersion (eV),
    fmax (eV/A, reached) and steps. A line per step goes to `log`.

    Raises NotConvergedError after `max_steps` or at a force that is not finite, the last geometry
    being kept in `unfinished`; ConfigError for an unknown optimiser or cell.
    """
    for key, value, allowed in (("optimiser", optimiser, OPTIMISERS), ("cell", cell, CELLS)):
        if value not in allowed:
            raise ConfigError(f"relaxation.{key} is {value!r}; allowed are {', '.join(allowed)}.")
    moving = atoms.copy()
    moving.calc = calc
    target = moving if CELLS[cell] is None else FrechetCellFilter(moving, mask=CELLS[cell])
    steps, reached = _optimise(target, OPTIMISERS[optimiser], fmax, max_steps, log)
    if not reached <= fmax:
        kept = ""
        if unfinished is not None:
            write_structure(unfinished, moving.copy())  # without calculator: computes nothing
            kept = f"; the last geometry is in {unfinished}"
        raise NotConvergedError(_complaint(moving, reached, fmax, steps, max_steps) + kept + ".")
    return _with_results(moving, steps=steps, fmax=reached)


def _optimise(
    target: Atoms | Filter, optimiser: type, fmax: float, max_steps: int, log: TextIO
) -> tuple[int, float]:
    """Run until converged, out of steps or not finite; return the steps and the force reached."""
    run = optimiser(target, logfile=log)
    reached = np.inf
    # ASE's own test compares with < or <=, by version; the one that counts is made here.
    for _ in run.irun(fmax=0.0, steps=max_steps):
        reached = float(np.sqrt((target.get_forces() ** 2).sum(axis=1).max()))
        if reached <= fmax or not np.isfinite(reached):
            break
    return run.nsteps, reached


def _complaint(atoms: Atoms, reached: float, fmax: float, steps: int, max_steps: int) -> str:
    name = atoms.get_chemical_formula()
    if not np.isfinite(reached):
        return (
            f"The relaxation of {name} met a force that is not finite at step {steps}; the start "
            "is too far from what the model knows, so look at the structure"
        )
    return (
        f"The relaxation of {name} reached fmax {reached:.3g} eV/A in {steps} steps, not the "
        f"{fmax:g} asked for; raise relaxation.max_steps (for a scan, adhesion.max_steps) above "
        f"{max_steps}, or fmax"
    )


def _with_results(atoms: Atoms, *, steps: int, fmax: float) -> Atoms:
    results = {
        "energy": atoms.get_potential_energy(apply_constraint=False),
        "forces": atoms.get_forces(apply_constraint=False),
    }
    if "stress" in atoms.calc.implemented_properties and atoms.cell.rank == 3:
        results["stress"] = atoms.get_stress(apply_constraint=False)
    terms = energy_terms(atoms)
    relaxed = atoms.copy()
    relaxed.calc = SinglePointCalculator(relaxed, **results)
    relaxed.info.update(terms, fmax=fmax, steps=steps)
    return relaxed
