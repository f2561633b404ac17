"""Heights, lateral distances and areas of structures that the cell's boundary may cut in two."""

import numpy as np
from ase import Atoms
from ase.geometry import get_distances

from anodeflow.structures import roles

BELOW = 1e-6
"""Å below the lowest atom at which its period begins, so that rounding cannot lift that atom."""


def heights(atoms: Atoms) -> np.ndarray:
    """Return z (N,) in Å with the atoms in one piece: whole cell heights are taken off or added.

    Where the period is cut says `turns`. Atoms that are in one piece already keep their z to the
    last bit.
    """
    found: np.ndarray = atoms.positions[:, 2] - turns(atoms) * float(atoms.cell.array[2, 2])
    return found


def turns(atoms: Atoms) -> np.ndarray:
    """Count the cell heights (N,) to take off each atom's z for the atoms to be in one piece.

    The period is cut in the vacuum: the widest slab without atoms of the layers that has the bottom
    layer above it and the partner layer below it; of a single layer simply the widest. An ion in
    that slab, on the outside of a layer, goes with the nearer one.
    """
    z, period = atoms.positions[:, 2], float(atoms.cell.array[2, 2])
    if not len(atoms) or not atoms.pbc[2] or period <= 0:
        return np.zeros(len(atoms))
    layers = roles.bottom(atoms) | roles.top(atoms)
    layers = layers if layers.any() else np.ones(len(atoms), dtype=bool)
    order = np.flatnonzero(layers)[np.argsort(z[layers] % period, kind="stable")]
    folded = z[order] % period
    empty = np.diff(folded, prepend=folded[-1] - period)
    allowed = roles.bottom(atoms)[order] & np.roll(roles.top(atoms)[order], 1)
    if allowed.any():
        empty[~allowed] = -np.inf
    upper_end = folded[np.argmax(empty)]
    lower_end = upper_end - empty.max()
    # Ions in the vacuum cut it into slabs once more: by height above its lower end.
    inside = np.sort((z[~layers] - lower_end) % period)
    edges = np.concatenate([[0.0], inside[inside < empty.max()], [empty.max()]])
    lowest = lower_end + edges[1:][np.argmax(np.diff(edges))]
    counted = np.floor((z - lowest + BELOW) / period)
    # Whole turns that all atoms share say nothing, and would round their heights.
    found: np.ndarray = counted - counted.min()
    return found


ANGSTROM2_TO_NM2 = 0.01


def area_nm2(atoms: Atoms) -> float:
    """Compute the in-plane area of the cell, |a x b| in nm²."""
    a, b = atoms.cell.array[:2]
    return float(np.linalg.norm(np.cross(a, b))) * ANGSTROM2_TO_NM2


def lateral_distances(first: np.ndarray, second: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Give the minimum-image distances (F, S) in Å of points (F, 2) and (S, 2).

    `cell` holds the lateral vectors in rows (2, 2), Å; it may be as skew or elongated as it likes.
    """
    first, second = (np.pad(points, ((0, 0), (0, 1))) for points in (first, second))
    found: np.ndarray = get_distances(
        first, second, cell=np.pad(cell, (0, 1)), pbc=(True, True, False)
    )[1]
    return found
