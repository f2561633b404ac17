"""Functional groups on a sheet: epoxide, oxygen on top, hydroxyl."""

from collections.abc import Callable

import numpy as np
from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.bonds import find_bonds

# Starting geometry of the groups (Å, degrees), near what relaxation makes of them.
CARBON_PULL = 0.3

EPOXIDE_HEIGHT = 1.25

ON_TOP_C_O = 1.5

HYDROXYL_C_O = 1.5

HYDROXYL_O_H = 0.98

HYDROXYL_ANGLE = 107.0


def middle_atom(layer: Atoms) -> int:
    """Return the sheet atom nearest the middle of the cell."""
    middle = layer.cell.array[:2].sum(axis=0) / 2
    distance = np.linalg.norm((layer.positions - middle)[:, :2], axis=1)
    distance[~roles.sheet(layer)] = np.inf
    # Rounding makes ties the same on every machine: the lowest index wins.
    return int(np.argmin(distance.round(6)))


def bond_of(layer: Atoms, carrier: int, name: str) -> tuple[int, int, np.ndarray]:
    """Return the carrier, one neighbour, and the vector (3,) of their bond."""
    first, second, vectors = find_bonds("ijD", layer)
    bonds = np.flatnonzero(first == carrier)
    if not len(bonds):
        raise StructureError(
            f"atom {carrier} of the base {name!r} has no bonded neighbour, so no group can be put "
            "on it: check its lattice constant."
        )
    bond = bonds[np.lexsort(vectors[bonds, :2].round(6).T)[0]]
    return carrier, int(second[bond]), vectors[bond]


def _add_epoxide(layer: Atoms, carrier: int, partner: int, bond: np.ndarray) -> None:
    """Bridge the bond (3,) of two atoms by an O below its middle, both atoms pulled down."""
    layer.positions[[carrier, partner], 2] -= CARBON_PULL
    oxygen = layer.positions[carrier] + bond / 2 - [0, 0, EPOXIDE_HEIGHT]
    layer.extend(Atoms("O", positions=[oxygen], tags=[roles.SHEET_GROUP]))


def _add_oxygen_on_top(layer: Atoms, carrier: int, _partner: int, _bond: np.ndarray) -> None:
    """Put an O straight below the carrier, pulled down itself."""
    layer.positions[carrier, 2] -= CARBON_PULL
    oxygen = layer.positions[carrier] - [0, 0, ON_TOP_C_O]
    layer.extend(Atoms("O", positions=[oxygen], tags=[roles.SHEET_GROUP]))


def _add_hydroxyl(layer: Atoms, carrier: int, _partner: int, bond: np.ndarray) -> None:
    """Hang O-H below the carrier, pulled down itself, with H towards the middle of a ring."""
    layer.positions[carrier, 2] -= CARBON_PULL
    oxygen = layer.positions[carrier] - [0, 0, HYDROXYL_C_O]
    # Opposite to a bond of a honeycomb lies the middle of a ring.
    outwards = -np.array([bond[0], bond[1], 0.0]) / np.hypot(bond[0], bond[1])
    angle = np.radians(HYDROXYL_ANGLE)
    direction = np.sin(angle) * outwards + np.cos(angle) * np.array([0, 0, 1.0])
    hydrogen = oxygen + HYDROXYL_O_H * direction
    layer.extend(
        Atoms("OH", positions=[oxygen, hydrogen], tags=[roles.SHEET_GROUP, roles.SHEET_HYDROGEN])
    )


ADD_GROUP: dict[str, Callable[[Atoms, int, int, np.ndarray], None]] = {
    "epoxide": _add_epoxide,
    "epoxide-top": _add_oxygen_on_top,
    "hydroxyl": _add_hydroxyl,
}
