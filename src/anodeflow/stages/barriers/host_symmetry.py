"""The symmetry of a relaxed host, and what it makes of sites and of paths between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import spglib
import spglib.error
from ase import Atoms

from anodeflow.errors import known

spglib.error.OLD_ERROR_HANDLING = False  # it raises, as it will; phonopy sets the same

Shift = tuple[int, int]
"""Lattice translation in the plane, in cells."""

Edge = tuple[int, int, Shift]
"""A path between two sites: its start, its end, and the cell in which the end lies."""


@dataclass(frozen=True)
class Operation:
    """A symmetry operation of the host that leaves z as it is: s ↦ W s + w of points in the plane.

    matrix: W (2, 2), whole numbers; translation: w (2,), both in the lateral cell vectors;
    sites: which site (S,) each becomes; shifts: in which cell (S, 2) that one then lies.
    """

    matrix: np.ndarray
    translation: np.ndarray
    sites: np.ndarray
    shifts: np.ndarray

    def apply(self, path: Edge) -> Edge:
        """Return what becomes of a path."""
        start, end, shift = path
        moved = self.matrix @ shift + self.shifts[end] - self.shifts[start]
        return int(self.sites[start]), int(self.sites[end]), (int(moved[0]), int(moved[1]))


def host_operations(
    host: Atoms,
    sites: np.ndarray,
    energies: np.ndarray,
    *,
    tolerance: float,
    near: tuple[float, float],
) -> list[Operation]:
    """Find the operations of a host's space group that map its ion's sites on each other.

    Args:
        host: relaxed stack without ions.
        sites: lateral positions (S, 2) of the ion at its sites, Å.
        energies: of the sites (S,), eV.
        tolerance: spglib's, Å.
        near: Å and eV within which a site is taken for the image of another.

    Returns:
        the operations, the identity first. One that leads a site to where none is, as of sites that
        are missing, or to one of another energy, is none.
    """
    operations: list[Operation] = []
    for matrix, translation in [
        (np.eye(3, dtype=int), np.zeros(3)),
        *_space_group(host, tolerance),
    ]:
        # ASSUME: a stack has a lower and an upper layer, so that no operation turns z round.
        if matrix[2, 2] != 1 or matrix[2, :2].any() or matrix[:2, 2].any():
            continue
        lateral = (matrix[:2, :2], translation[:2], host.cell.array[:2, :2])
        operation = _mapped(sites, energies, *lateral, near)
        if operation is not None:
            operations.append(operation)
    return operations


def _space_group(host: Atoms, tolerance: float) -> list[tuple[np.ndarray, np.ndarray]]:
    cell = (host.cell.array, host.get_scaled_positions(), host.numbers)
    try:
        found = known(spglib.get_symmetry(cell, symprec=tolerance))
    except spglib.error.SpglibError:
        return []  # what is left is the identity
    return list(zip(found["rotations"], found["translations"], strict=True))


def _mapped(
    sites: np.ndarray,
    energies: np.ndarray,
    matrix: np.ndarray,
    translation: np.ndarray,
    cell: np.ndarray,
    near: tuple[float, float],
) -> Operation | None:
    """Return an operation with what it makes of the sites, None where one has no image."""
    fractions = sites @ np.linalg.inv(cell)
    images = fractions @ matrix.T + translation
    away = images[:, None] - fractions[None]
    cells = np.round(away)
    distances = np.linalg.norm((away - cells) @ cell, axis=2)
    nearest = distances.argmin(axis=1)
    rows = np.arange(len(sites))
    same = np.abs(energies[nearest] - energies) <= near[1]
    if (distances[rows, nearest] > near[0]).any() or not same.all():
        return None
    if len(set(nearest.tolist())) < len(sites):
        return None
    return Operation(matrix, translation, nearest, cells[rows, nearest].astype(int))


def orbit(path: Edge, operations: Sequence[Operation]) -> set[Edge]:
    """Return all paths that are equivalent to one, each as `either_way` writes it."""
    return {either_way(operation.apply(path)) for operation in operations}


def either_way(path: Edge) -> Edge:
    """Return a path in the one of its two directions that stands for both."""
    start, end, shift = path
    return min(path, (end, start, (-shift[0], -shift[1])))


def site_classes(operations: Sequence[Operation], count: int) -> list[int]:
    """Return, for each of so many sites, the first of the sites that are equivalent to it."""
    return [min(int(operation.sites[site]) for operation in operations) for site in range(count)]


def symmetric_copy(atoms: Atoms, host: Atoms, operation: Operation) -> Atoms:
    """Return a stack with its ion, moved by an operation of the host, its atoms in their order.

    Args:
        atoms: stack with its ion last, held without constraints.
        host: the relaxed stack without it.
        operation: of the host.
    """
    cell = host.cell.array[:2, :2]

    def moved(positions: np.ndarray) -> np.ndarray:
        fractions = positions[:, :2] @ np.linalg.inv(cell)
        lateral = (fractions @ operation.matrix.T + operation.translation) @ cell
        return np.column_stack([lateral, positions[:, 2]])

    images = moved(host.positions)
    away = (images[:, None, :2] - host.positions[None, :, :2]) @ np.linalg.inv(cell)
    cells = np.round(away)
    residual = (away - cells) @ cell
    heights = images[:, None, 2] - host.positions[None, :, 2]
    distance = np.hypot(np.linalg.norm(residual, axis=2), heights)
    distance[host.numbers[:, None] != host.numbers[None, :]] = np.inf
    places = distance.argmin(axis=1)
    copy: Atoms = atoms.copy()
    new = moved(atoms.positions)
    new[: len(host), :2] -= cells[np.arange(len(host)), places] @ cell
    copy.positions[places] = new[: len(host)]
    copy.positions[len(host) :] = new[len(host) :]
    return copy
