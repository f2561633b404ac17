"""The role of every atom, written as an ASE tag, and the selections made from it.

The bottom layer (an MXene) lies at low z, its partner on top; z is the stacking axis.
"""

import numpy as np
from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.structures import roles

METAL = 0


LOWER_TERMINATION = 1


X = 2


UPPER_TERMINATION = 3


SHEET = 10


SHEET_OXYGEN = 11


SHEET_HYDROGEN = 12


ION = 20

BOTTOM_TAGS = (METAL, LOWER_TERMINATION, X, UPPER_TERMINATION)


TOP_TAGS = (SHEET, SHEET_OXYGEN, SHEET_HYDROGEN)


def bottom(atoms: Atoms) -> np.ndarray:
    """Select the bottom layer: metal, X and both terminations; mask (N,) of bool."""
    return np.isin(atoms.get_tags(), BOTTOM_TAGS)


def top(atoms: Atoms) -> np.ndarray:
    """Select the partner layer with its groups; mask (N,) of bool."""
    return np.isin(atoms.get_tags(), TOP_TAGS)


def sheet(atoms: Atoms) -> np.ndarray:
    """Select the partner layer without its groups; mask (N,) of bool."""
    return atoms.get_tags() == SHEET


def facing(atoms: Atoms) -> np.ndarray:
    """Select the termination that faces the partner layer; mask (N,) of bool."""
    return atoms.get_tags() == UPPER_TERMINATION


def ions(atoms: Atoms) -> np.ndarray:
    """Select the ions; mask (N,) of bool."""
    return atoms.get_tags() == ION


def require_stack(stack: Atoms) -> None:
    """Raise StructureError for what is no stack, or holds ions."""
    missing = [
        name
        for name, mask in {
            "sheet (tag 10)": roles.sheet(stack),
            "facing termination (tag 3)": roles.facing(stack),
        }.items()
        if not mask.any()
    ]
    if missing:
        raise StructureError(
            f"The stack {stack.get_chemical_formula()} has no {' and no '.join(missing)}: adhesion "
            "needs a bottom layer and a sheet, give a stack with tags."
        )
    if roles.ions(stack).any():
        raise StructureError(
            f"The stack {stack.get_chemical_formula()} holds {int(roles.ions(stack).sum())} ions "
            "(tag 20): adhesion is defined between two layers, give the stack without ions."
        )
