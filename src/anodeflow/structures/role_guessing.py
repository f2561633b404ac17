"""The role of every atom of a structure without tags, guessed from elements, bonds and planes."""

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

PLANE_TOLERANCE = 0.3
"""Atoms whose heights differ by less (Å) are of one plane."""


def guess_stack_tags(atoms: Atoms, *, ion: str) -> np.ndarray:
    """Give every atom of a stack its role; tags (N,).

    All atoms of the element `ion` are ions. Layers are groups of bonded atoms, the one with a metal
    is the bottom layer; inside each, roles are those of `guess_layer_tags`.

    Raises:
        TrajectoryError: not every atom is an ion, of one layer with a metal, or of one without.
        StructureError: as `guess_layer_tags`.
    """
    tags = np.full(len(atoms), roles.ION)
    host = np.flatnonzero(np.array(atoms.get_chemical_symbols()) != ion)
    stack = atoms[host]
    i, j = find_bonds("ij", stack)
    graph = coo_matrix((np.ones(len(i)), (i, j)), shape=(len(stack),) * 2)
    count, group = connected_components(graph, directed=False)
    with_metal = np.unique(group[_metals(stack)])
    if count != 2 or len(with_metal) != 1:
        raise TrajectoryError(
            f"{atoms.get_chemical_formula()} without {ion} falls into {count} bonded parts, "
            f"{len(with_metal)} of them with a metal, where two layers, one with a metal, are "
            "needed: give frames with tags (0-3 bottom layer, 10-12 top layer, 20 ions)."
        )
    below = group == with_metal[0]
    for role, layer in (("bottom", host[below]), ("top", host[~below])):
        tags[layer] = guess_layer_tags(atoms[layer], role)
    return tags


def guess_layer_tags(layer: Atoms, role: str) -> np.ndarray:
    """Give every atom of one layer its role; tags (N,).

    ASSUME: in a bottom layer B, C, N and what has a bonded metal above and below are X, other
    nonmetals are terminations, upper above the mean height of the metals; the outermost plane is
    the termination of a face that has none by this. In a top layer without metal O and H are groups
    on the sheet, unless it consists of nothing else.

    Args:
        layer: atoms of one layer, z along the third vector.
        role: "bottom" or "top".

    Raises:
        StructureError: a bottom layer that is one plane of atoms.
    """
    return _bottom_tags(layer) if role == "bottom" else _top_tags(layer)


def _bottom_tags(layer: Atoms) -> np.ndarray:
    metal, z = _metals(layer), heights(layer)
    x = np.isin(layer.get_chemical_symbols(), X_ELEMENTS) | _between_metals(layer)
    tags = np.where(x, roles.X, roles.METAL)
    if metal.any():
        outer, upper = ~metal & ~x, z > z[metal].mean()
        tags[outer & upper] = roles.UPPER_TERMINATION
        tags[outer & ~upper] = roles.LOWER_TERMINATION
    planes = _planes(z)
    faces = {roles.LOWER_TERMINATION: 0, roles.UPPER_TERMINATION: planes.max()}
    for face, plane in faces.items():
        if face in tags:
            continue
        if planes.max() == 0:
            raise StructureError(
                f"{layer.get_chemical_formula()} is one flat plane of atoms and cannot be a bottom "
                "layer, which has two faces: use it as a top layer (role top)."
            )
        tags[planes == plane] = face
    return tags


def _top_tags(layer: Atoms) -> np.ndarray:
    symbols = np.array(layer.get_chemical_symbols())
    tags = np.full(len(layer), roles.SHEET)
    if not _metals(layer).any() and not np.isin(symbols, ("O", "H")).all():
        tags[symbols == "O"] = roles.SHEET_OXYGEN
        tags[symbols == "H"] = roles.SHEET_HYDROGEN
    return tags


def _metals(atoms: Atoms) -> np.ndarray:
    return ~np.isin(atoms.get_chemical_symbols(), NOT_METALS)


def _between_metals(layer: Atoms) -> np.ndarray:
    """Select the nonmetals with a bonded metal above and another below; mask (N,) of bool."""
    metal = _metals(layer)
    first, second, vectors = find_bonds("ijD", layer)
    above, below = (
        np.isin(np.arange(len(layer)), first[metal[second] & (side * vectors[:, 2] > 0)])
        for side in (1, -1)
    )
    return ~metal & above & below


def _planes(z: np.ndarray) -> np.ndarray:
    """Number the planes of heights (N,) from below, 0 first; (N,)."""
    order = np.argsort(z)
    planes = np.empty(len(z), dtype=int)
    planes[order] = np.cumsum(np.diff(z[order], prepend=z.min()) >= PLANE_TOLERANCE)
    return planes
