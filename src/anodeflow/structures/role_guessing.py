"""The role of every atom of a structure that comes without tags."""

from pathlib import Path

import numpy as np
from ase import Atoms
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from anodeflow.errors import StructureError, TrajectoryError
from anodeflow.structures import roles
from anodeflow.structures.bonds import find_bonds
from anodeflow.structures.geometry import heights

NOT_METALS = ("H", "B", "C", "N", "O", "F", "S", "Cl", "Se", "Br", "Te", "I")


X_ELEMENTS = ("B", "C", "N")


def infer_tags(atoms: Atoms, *, ion: str) -> np.ndarray:
    """Give every atom of an untagged stack its role; tags (N,).

    Layers are groups of bonded atoms: the one with a metal is the bottom layer, in which B, C and
    N are X and the other atoms terminations, upper above the mean height of the metals. In the
    partner layer O and H are groups on the sheet, unless it consists of nothing else.

    Raises:
        TrajectoryError: not every atom is an ion, of one layer with a metal, or of one without.
    """
    symbols = np.array(atoms.get_chemical_symbols())
    own_tags = np.full(len(atoms), roles.ION)
    host = np.flatnonzero(symbols != ion)
    stack = atoms[host]
    i, j = find_bonds("ij", stack)
    graph = coo_matrix((np.ones(len(i)), (i, j)), shape=(len(stack),) * 2)
    count, group = connected_components(graph, directed=False)
    metal = ~np.isin(symbols[host], NOT_METALS)
    with_metal = np.unique(group[metal])
    if count != 2 or len(with_metal) != 1:
        raise TrajectoryError(
            f"{atoms.get_chemical_formula()} without {ion} falls into {count} bonded parts, "
            f"{len(with_metal)} of them with a metal, where two layers, one with a metal, are "
            "needed: give frames with tags (0-3 bottom layer, 10-12 top layer, 20 ions)."
        )
    bottom, z = group == with_metal[0], heights(stack)
    upper = z > z[metal].mean()
    own = np.where(upper, roles.UPPER_TERMINATION, roles.LOWER_TERMINATION)
    own[np.isin(symbols[host], X_ELEMENTS)] = roles.X
    own[metal] = roles.METAL
    own[~bottom] = roles.SHEET
    own[~bottom & (symbols[host] == "O")] = roles.SHEET_OXYGEN
    own[~bottom & (symbols[host] == "H")] = roles.SHEET_HYDROGEN
    own_tags[host] = own
    return own_tags


PLANE_TOLERANCE = 0.3
"""Atoms of a file whose heights differ by less (Å) are one atomic plane."""


def file_tags(found: Atoms, z: np.ndarray, role: str, path: Path) -> list[int]:
    """Return the tags (N,) of a layer from a file: its own, else by role and height.

    ASSUME: in an untagged bottom layer the outermost planes are terminations and inner C, N and B
    atoms are X; all other inner atoms are metal.
    """
    own = found.get_tags()
    allowed, needed = {
        "bottom": (roles.BOTTOM_TAGS, (roles.LOWER_TERMINATION, roles.UPPER_TERMINATION)),
        "top": (roles.TOP_TAGS, (roles.SHEET,)),
    }[role]
    if own.any():
        if not (set(own) <= set(allowed) and set(needed) <= set(own)):
            raise StructureError(
                f"{path} has the tags {sorted(set(own.tolist()))}, but a {role} layer has tags of "
                f"{list(allowed)} and needs {list(needed)}: correct or remove the tags."
            )
        return own.tolist()
    if role == "top":
        return [roles.SHEET] * len(found)
    if np.ptp(z) < PLANE_TOLERANCE:
        raise StructureError(
            f"{path} is one flat plane of atoms and cannot be a bottom layer, which has two "
            "faces: use it with role top."
        )
    own_tags = np.where(
        np.isin(found.get_chemical_symbols(), ["C", "N", "B"]), roles.X, roles.METAL
    )
    own_tags[z < z.min() + PLANE_TOLERANCE] = roles.LOWER_TERMINATION
    own_tags[z > z.max() - PLANE_TOLERANCE] = roles.UPPER_TERMINATION
    return own_tags.tolist()
