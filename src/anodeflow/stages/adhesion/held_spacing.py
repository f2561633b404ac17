"""The spacing of a stack as one linear constraint, or with all heights that make it."""

from typing import Any

import numpy as np
from ase import Atoms
from ase.constraints import FixCartesian

from anodeflow.stages.adhesion.settings import Held
from anodeflow.structures import roles


class HeldSpacing:
    """Holds d = ⟨z⟩(sheet) − ⟨z⟩(facing termination), and nothing else; a constraint of ASE.

    d = c·r with c_i,z = 1/N_sheet on the sheet's atoms, −1/N_facing on those of the facing
    termination, else 0. Forces lose their part along c, F ← F − (F·c / c·c) c, so that ripples,
    groups and the heights of both layers relax. What was lost is the force on the spacing,
    `force_on_spacing`.

    Source: Lagrange's multiplier of one linear condition; adhesion in the study's sense, whose own
    scans held every height instead.
    """

    def __init__(self, stack: Atoms):
        self.direction = spacing_direction(stack)

    def adjust_positions(self, atoms: Atoms, newpositions: np.ndarray) -> None:
        """Take back, in place, what moves (N, 3), Å, would do to the spacing."""
        newpositions -= _part_along(self.direction, newpositions - atoms.positions)

    def adjust_forces(self, atoms: Atoms, forces: np.ndarray) -> None:
        """Take, in place, what acts on the spacing out of forces (N, 3), eV/Å."""
        forces -= _part_along(self.direction, forces)

    def get_removed_dof(self, atoms: Atoms) -> int:
        """Return that one degree of freedom is held."""
        return 1

    def todict(self) -> dict[str, Any]:
        """Return what tells this constraint from others: the atoms and their shares of d."""
        return {"name": "HeldSpacing", "kwargs": {"direction": self.direction[:, 2].tolist()}}


def held(stack: Atoms, what: Held) -> Atoms:
    """Return a copy that keeps its spacing when it relaxes.

    `spacing`: nothing else (`HeldSpacing`). `heights`: with it the z of every atom of the sheet and
    of the facing termination, as the study's scans had it, so that both keep the ripples that they
    start with; groups, and all lateral coordinates, are free.
    """
    kept: Atoms = stack.copy()
    if what == "spacing":
        kept.set_constraint(HeldSpacing(stack))
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


def _part_along(direction: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    part: np.ndarray = (vectors * direction).sum() / (direction**2).sum() * direction
    return part
