"""The role of every atom, written as an ASE tag, and the selections made from it.

The bottom layer (an MXene) lies at low z, its partner on top; z is the stacking axis.
"""

import numpy as np
from ase import Atoms

from anodeflow.errors import AnodeflowError, StructureError

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
    found: np.ndarray = atoms.get_tags() == SHEET
    return found


def facing(atoms: Atoms) -> np.ndarray:
    """Select the termination that faces the partner layer; mask (N,) of bool."""
    found: np.ndarray = atoms.get_tags() == UPPER_TERMINATION
    return found


def ions(atoms: Atoms) -> np.ndarray:
    """Select the ions; mask (N,) of bool."""
    found: np.ndarray = atoms.get_tags() == ION
    return found


def is_stack(atoms: Atoms) -> bool:
    """Say whether there are two layers: a facing termination and a sheet, with or without ions."""
    return bool(facing(atoms).any() and sheet(atoms).any())


def require_stack(atoms: Atoms, what: str, *, error: type[AnodeflowError] = StructureError) -> None:
    """Raise `error` unless `atoms` is a stack; `what` is what one is needed for, say adhesion."""
    if is_stack(atoms):
        return
    planes = {"facing termination (tag 3)": facing(atoms), "sheet (tag 10)": sheet(atoms)}
    missing = " and no ".join(name for name, mask in planes.items() if not mask.any())
    raise error(
        f"{atoms.get_chemical_formula()} has no {missing}: a stack of two layers is needed for "
        f"{what}, so give one with tags (0-3 bottom layer, 10-12 top layer, 20 ions)."
    )


def require_empty_stack(atoms: Atoms, what: str) -> None:
    """Raise StructureError unless `atoms` is a stack without ions; `what` as in `require_stack`."""
    require_stack(atoms, what)
    if ions(atoms).any():
        raise StructureError(
            f"{atoms.get_chemical_formula()} holds ions ({int(ions(atoms).sum())} with tag 20): an "
            f"empty stack is needed for {what}, so give the one without ions."
        )
