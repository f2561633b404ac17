"""The spacing of a stack as one linear constraint, or with all heights that make it."""

import numpy as np
from ase import Atoms
from ase.constraints import FixCartesian

from anodeflow.stages.adhesion.settings import Held
from anodeflow.stages.relaxation.held_directions import HeldDirections
from anodeflow.structures import roles


def held(stack: Atoms, what: Held) -> Atoms:
    """Return a copy that keeps its spacing when it relaxes.

    `spacing`: d = ⟨z⟩(sheet) − ⟨z⟩(facing termination) and nothing else, so that ripples, groups
    and the heights of both layers relax; what forces lose is the force on it. `heights`: with it
    the z of every atom of the sheet and of the facing termination, as the study's scans had it,
    so that both keep the ripples that they start with; groups, and all lateral coordinates, are
    free.
    """
    kept: Atoms = stack.copy()
    if what == "spacing":
        kept.set_constraint(HeldDirections(spacing_direction(stack)[None]))
    else:
        atoms = np.flatnonzero(roles.sheet(stack) | roles.facing(stack))
        kept.set_constraint(FixCartesian(atoms, mask=(False, False, True)))
    return kept


def spacing_direction(stack: Atoms) -> np.ndarray:
    """Return the gradient c (N, 3) of the spacing of a stack of N atoms, without unit."""
    direction = np.zeros((len(stack), 3))
    sheet, facing = roles.sheet(stack), roles.facing(stack)
    direction[sheet, 2] = 1.0 / sheet.sum()
    direction[facing, 2] = -1.0 / facing.sum()
    return direction


def force_on_spacing(stack: Atoms) -> float:
    """Return λ = Σ F_z over the top layer = −dE/dd, eV/Å, of a stack relaxed at its spacing.

    F (N, 3) are the forces that it carries, eV/Å, with nothing held; positive where the layers push
    each other apart. At the minimum F = λ c, whose sum over the top layer is λ, as is F·c / c·c.
    Where all heights were held, F differs from atom to atom and both sums are the same: λ is −dE/dd
    along points whose held heights are one pattern, shifted, which those of a scan are whose points
    start from one structure.
    What relaxing left inside a layer cancels in the sum (Newton's third law) and does not in F·c,
    of which forces of 0.01 eV/Å can make a fifth.
    """
    forces = stack.get_forces(apply_constraint=False)
    return float(forces[roles.top(stack), 2].sum())


def force_on_spacing_error(stack: Atoms) -> float:
    """Return how well λ is known, eV/Å: how far its two readings, Σ F_z and F·c / c·c, differ.

    Of a stack of N atoms that carries its forces; both are λ at the minimum, so what lies between
    them is what relaxing left.
    """
    forces = stack.get_forces(apply_constraint=False)
    direction = spacing_direction(stack)
    along = (forces * direction).sum() / (direction**2).sum()
    return abs(float(along) - force_on_spacing(stack))
