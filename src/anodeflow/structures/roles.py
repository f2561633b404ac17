"""The role of every atom, written as an ASE tag, and the selections made from it.

The bottom layer (an MXene) lies at low z, its partner on top; z is the stacking axis. Tags 1 and 3
are the faces of the bottom layer: its terminations, or its outermost metal where it is bare. The
hydrogen of a termination, as in OH, has a tag of its own, so that faces are planes.
"""

import numpy as np
from ase import Atoms

from anodeflow.errors import AnodeflowError, StructureError

METAL = 0
LOWER_TERMINATION = 1
X = 2
UPPER_TERMINATION = 3
TERMINATION_HYDROGEN = 4
SHEET = 10
SHEET_GROUP = 11
"""An atom of a group on the sheet that is no hydrogen, such as the O of an epoxide."""
SHEET_HYDROGEN = 12
ION = 20

FACES = (LOWER_TERMINATION, UPPER_TERMINATION)
BOTTOM_TAGS = (METAL, LOWER_TERMINATION, X, UPPER_TERMINATION, TERMINATION_HYDROGEN)
TOP_TAGS = (SHEET, SHEET_GROUP, SHEET_HYDROGEN)
NAMES = {
    METAL: "metal",
    LOWER_TERMINATION: "outer termination",
    X: "X",
    UPPER_TERMINATION: "facing termination",
    TERMINATION_HYDROGEN: "hydrogen of a termination",
    SHEET: "sheet",
    SHEET_GROUP: "on the sheet",
    SHEET_HYDROGEN: "on the sheet",
    ION: "ion",
}
"""What each tag means, for readers."""

TAGS = "0-4 bottom layer, 10-12 top layer, 20 ions"
"""Which tags there are, for sentences."""


def bottom(atoms: Atoms) -> np.ndarray:
    """Select the bottom layer: metal, X and both faces with their H; mask (N,) of bool."""
    return np.isin(atoms.get_tags(), BOTTOM_TAGS)


def top(atoms: Atoms) -> np.ndarray:
    """Select the partner layer with its groups; mask (N,) of bool."""
    return np.isin(atoms.get_tags(), TOP_TAGS)


def sheet(atoms: Atoms) -> np.ndarray:
    """Select the partner layer without its groups; mask (N,) of bool."""
    found: np.ndarray = atoms.get_tags() == SHEET
    return found


def facing(atoms: Atoms) -> np.ndarray:
    """Select the plane that faces the partner layer, without its H; mask (N,) of bool."""
    found: np.ndarray = atoms.get_tags() == UPPER_TERMINATION
    return found


def beneath_facing(atoms: Atoms) -> np.ndarray:
    """Select the bottom layer without the facing plane and without H on it; mask (N,) of bool."""
    found: np.ndarray = np.isin(atoms.get_tags(), (METAL, LOWER_TERMINATION, X))
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
        f"{what}, so give one with tags ({TAGS})."
    )


def require_empty_stack(atoms: Atoms, what: str) -> None:
    """Raise StructureError unless `atoms` is a stack without ions; `what` as in `require_stack`."""
    require_stack(atoms, what)
    if ions(atoms).any():
        raise StructureError(
            f"{atoms.get_chemical_formula()} holds ions ({int(ions(atoms).sum())} with tag 20): an "
            f"empty stack is needed for {what}, so give the one without ions."
        )
