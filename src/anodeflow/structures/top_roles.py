"""The roles of the atoms of a top layer: its sheet, and the groups that hang on it."""

import numpy as np
from ase import Atoms
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.bonded_parts import bonded_parts, refuse_other_than_layers
from anodeflow.structures.bonds import find_bonds
from anodeflow.structures.elements import ALKALIS, metallic
from anodeflow.structures.geometry import heights

OFF_THE_SHEET = 0.5
"""ASSUME: what hangs on a sheet is higher or lower than what it hangs on by more than this (Å); a
buckled sheet's own bonds are flatter, or three or more."""

BONDS_OF_A_GROUP = 2
"""A group hangs on a sheet by at most so many bonds of one atom, an epoxide by two."""


def top_tags(layer: Atoms, names: np.ndarray) -> np.ndarray:
    """Give every atom of a top layer its role; tags (N,).

    What one or two bonds hold on the sheet, all to one side and steep (more than 0.5 Å), hangs on
    it, if it holds no metal and the sheet holds together without it: so O of an epoxide, F, Cl, O
    of OH, N of NH2, both O of OOH, CH3 and OCH3 however they lean (tag 11); H on such an atom, or
    off the plane on one of the sheet, has tag 12. All else is sheet, flat, buckled or of several
    planes (MoS2), one or several above another.

    Args:
        layer: its atoms, z along the third vector.
        names: of the atoms (N,), for sentences.

    Raises:
        StructureError: an alkali, parts that are no layer, or an atom on the sheet that is a
            metal or has more than two bonds to it.
    """
    for atom in np.flatnonzero(np.isin(layer.symbols, ALKALIS)):
        raise StructureError(
            f"{names[atom]} is an ion and no atom of a sheet: name it as an ion (--ion of an "
            "import), or take it out of a layer file, since the workflow puts ions in itself."
        )
    refuse_other_than_layers(layer, names)
    hydrogen = layer.symbols == "H"
    hanging = _hanging(layer, ~hydrogen)
    tags = np.where(hanging, roles.SHEET_GROUP, roles.SHEET)
    tags[hydrogen & _on_a_group(layer, hanging)] = roles.SHEET_HYDROGEN
    _refuse_adatoms(layer, tags, names)
    return tags


def _hanging(layer: Atoms, heavy: np.ndarray) -> np.ndarray:
    """Select the atoms but H that hang on the sheet, the outermost first; mask (N,) of bool."""
    sheet, parts = heavy.copy(), len(set(bonded_parts(layer).tolist()))
    while True:
        found = sheet.copy()
        found[sheet] = _fragments(layer[sheet])
        # What holds the sheet together is of the sheet.
        if not found.any() or len(set(bonded_parts(layer[sheet & ~found]))) != parts:
            hanging: np.ndarray = heavy & ~sheet
            return hanging
        sheet &= ~found


def _fragments(layer: Atoms) -> np.ndarray:
    """Select what one or two steep bonds to one side hold on the rest; mask (N,) of bool.

    Fragments are what hangs together by the other bonds, which may be as flat as they like, and
    does not spread over the plane.
    """
    first, second, vectors = find_bonds("ijD", layer)
    steep = np.abs(vectors[:, 2]) > OFF_THE_SHEET
    labels, finite = _flat_parts(layer)
    outer = steep & (labels[first] != labels[second])
    members = labels[first[outer]]
    count = np.bincount(members, minlength=labels.max() + 1)
    rising = np.bincount(members[vectors[outer, 2] > 0], minlength=labels.max() + 1)
    held = (count > 0) & (count <= BONDS_OF_A_GROUP) & ((rising == count) | (rising == 0))
    held[labels[metallic(layer.symbols)]] = False
    found: np.ndarray = held[labels] & finite
    return found


def _flat_parts(layer: Atoms) -> tuple[np.ndarray, np.ndarray]:
    """Number what hangs together by bonds that are not steep, and say what ends somewhere (N,)."""
    four = layer.repeat((2, 2, 1))
    first, second, vectors = find_bonds("ijD", four)
    flat = np.abs(vectors[:, 2]) <= OFF_THE_SHEET
    graph = coo_matrix((np.ones(flat.sum()), (first[flat], second[flat])), shape=(len(four),) * 2)
    copies = connected_components(graph, directed=False)[1].reshape(4, len(layer))
    finite = np.array([len(set(labels)) == len(copies) for labels in copies.T])
    first, second, vectors = find_bonds("ijD", layer)
    flat = np.abs(vectors[:, 2]) <= OFF_THE_SHEET
    graph = coo_matrix((np.ones(flat.sum()), (first[flat], second[flat])), shape=(len(layer),) * 2)
    return connected_components(graph, directed=False)[1], finite


def _one_sided(first: np.ndarray, rise: np.ndarray, count: int) -> np.ndarray:
    """Select the atoms whose bonds all rise, or all fall, by more than 0.5 Å; mask (count,)."""
    bonds = np.bincount(first, minlength=count)
    up, down = (
        np.bincount(first[side * rise > OFF_THE_SHEET], minlength=count) for side in (1, -1)
    )
    found: np.ndarray = (bonds > 0) & ((up == bonds) | (down == bonds))
    return found


def _on_a_group(layer: Atoms, hanging: np.ndarray) -> np.ndarray:
    """Select the atoms bonded to a hanging one, or steeply to the sheet; mask (N,) of bool."""
    first, second, vectors = find_bonds("ijD", layer)
    steep = _one_sided(first, vectors[:, 2], len(layer))
    found: np.ndarray = steep | np.isin(np.arange(len(layer)), first[hanging[second]])
    return found


def _refuse_adatoms(layer: Atoms, tags: np.ndarray, names: np.ndarray) -> None:
    """Raise StructureError for an atom above all that it is bonded to, whose plane is not full.

    A plane of a sheet that all lies on one side of its bonds, such as S of MoS2, has at least half
    as many atoms as the sheet has per plane; one atom in a hollow of graphene has not.
    """
    sheet = np.flatnonzero(tags == roles.SHEET)
    first, second, vectors = find_bonds("ijD", layer[sheet])
    z = heights(layer)[sheet]
    bonds = np.bincount(first, minlength=len(sheet))
    outer = _one_sided(first, vectors[:, 2], len(sheet))
    for atom in np.flatnonzero(outer):
        # What fills a hole of the sheet is of the sheet: its neighbours lack a bond without it.
        if bonds[second[first == atom]].min() - 1 < np.median(bonds):
            continue
        level = np.abs(z - z[atom]) <= OFF_THE_SHEET
        rise = vectors[first == atom, 2]
        beneath = np.abs(z - z[atom] - rise[np.abs(rise).argmin()]) <= OFF_THE_SHEET
        if 2 * level.sum() < beneath.sum():
            raise StructureError(
                f"{names[sheet[atom]]} lies on the sheet, and is neither part of it nor of a group "
                f"(nonmetals, at most {BONDS_OF_A_GROUP} bonds to the sheet): take it out."
            )
