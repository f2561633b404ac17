"""Hollows of the facing lattice, where ions sit."""

import numpy as np
from ase import Atoms
from scipy.spatial import Delaunay

from anodeflow.errors import StructureError
from anodeflow.structures import roles

IMAGES = np.array([[i, j] for i in range(-2, 3) for j in range(-2, 3)])
"""Periodic images that surround the home cell widely enough for its triangulation."""


def hollow_sites(atoms: Atoms) -> np.ndarray:
    """Find all hollows of the facing lattice: the centres of its triangles of neighbours.

    The periodic Delaunay triangulation of P facing atoms has exactly 2 P triangles; its centroids
    are returned, both kinds (over X and over metal on an fcc-terminated MXene) alike.

    Returns:
        Lateral positions (2 P, 2) in Å inside the cell, ordered by b, then a.

    Raises:
        StructureError: no facing atoms, or they do not form a layer.

    Source:
        Euler's formula on a torus, V − E + F = 0 with 3 F = 2 E.
    """
    found: np.ndarray = _corners(atoms).mean(axis=1)
    return found


def hollow_kinds(atoms: Atoms) -> np.ndarray:
    """Tell the two kinds of hollows apart, by which way their triangles point.

    Corners at angles φ about their centroid have one exp(3iφ) in triangles that point one way,
    and its negative in those that point the other way.

    Returns:
        0 or 1 for each of `hollow_sites` (2 P,), 0 for the first.

    Raises:
        StructureError: as `hollow_sites` does.
    """
    corners = _corners(atoms)
    from_centre = (corners - corners.mean(axis=1, keepdims=True)) @ np.array([1.0, 1.0j])
    pointing = ((from_centre / np.abs(from_centre)) ** 3).sum(axis=1)
    return np.where((pointing * pointing[0].conj()).real > 0, 0, 1)


def like_hollow_distance(sites: np.ndarray, cell: np.ndarray) -> float:
    """Return the distance (Å) of neighbouring hollows of one kind, which is that of facing atoms.

    Half of the sites (M, 2) are of a kind and make a triangular lattice, with a cell of a² √3/2;
    `cell` has the lateral vectors in rows (2, 2), Å.
    """
    area = abs(float(np.linalg.det(cell)))
    return float(np.sqrt(2 / np.sqrt(3) * area / (len(sites) / 2)))


def triangles(atoms: Atoms) -> tuple[np.ndarray, float]:
    """Return the centroids (2 P, 2) of the facing triangles and their mean circumradius (Å)."""
    corners = _corners(atoms)
    centroids = corners.mean(axis=1)
    radii = np.linalg.norm(corners - centroids[:, None, :], axis=2)
    return centroids, float(radii.mean())


def _corners(atoms: Atoms) -> np.ndarray:
    """Return the corners (2 P, 3, 2) of the facing triangles (Å), in the order of their hollows."""
    cell = atoms.cell.array[:2, :2]
    facing = atoms.positions[roles.facing(atoms), :2]
    if not len(facing):
        raise StructureError(
            "there are no facing atoms (tag 3), so no hollows: give a stack or a bottom layer."
        )
    points = (facing[None, :, :] + (IMAGES @ cell)[:, None, :]).reshape(-1, 2)
    corners = points[Delaunay(points).simplices]
    centroids = corners.mean(axis=1)
    fractions = np.linalg.solve(cell.T, centroids.T).T
    # The window is moved by a hair, so that a hollow on the boundary of the cell is counted once.
    inside = np.all((fractions >= -1e-6) & (fractions < 1 - 1e-6), axis=1)
    if inside.sum() != 2 * len(facing):
        raise StructureError(
            f"the {len(facing)} facing atoms (tag 3) have {int(inside.sum())} triangles of "
            f"neighbours where {2 * len(facing)} are needed: their tags do not mark one layer."
        )
    order = np.lexsort(fractions[inside].round(4).T)
    found: np.ndarray = corners[inside][order]
    return found
