"""The symmetry of a relaxed host, and what it makes of sites and of paths between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import spglib
import spglib.error
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from anodeflow.errors import known
from anodeflow.stages.barriers.network import Shift

spglib.error.OLD_ERROR_HANDLING = False  # it raises, as it will; phonopy sets the same

Edge = tuple[int, int, Shift]
"""A path between two sites: its start, its end, and the cell in which the end lies."""


@dataclass(frozen=True)
class HostOperation:
    """A symmetry operation of a host that leaves z as it is: s ↦ W s + w of points in the plane.

    matrix: W (2, 2), whole numbers; translation: w (2,), both in the lateral cell vectors.
    """

    matrix: np.ndarray
    translation: np.ndarray


@dataclass(frozen=True)
class Operation(HostOperation):
    """What an operation of the host makes of an ion's sites.

    sites: which site (S,) each becomes; shifts: in which cell (S, 2) that one then lies.
    """

    sites: np.ndarray
    shifts: np.ndarray

    def apply(self, path: Edge) -> Edge:
        """Return what becomes of a path."""
        start, end, shift = path
        moved = self.matrix @ shift + self.shifts[end] - self.shifts[start]
        return int(self.sites[start]), int(self.sites[end]), (int(moved[0]), int(moved[1]))


def host_operations(host: Atoms, tolerance: float) -> list[HostOperation]:
    """Find the operations of the space group of a relaxed stack, by spglib; the identity first.

    tolerance: spglib's, Å.
    """
    found = [(np.eye(3, dtype=int), np.zeros(3)), *_space_group(host, tolerance)]
    # ASSUME: a stack has a lower and an upper layer, so that no operation turns z round.
    return [
        HostOperation(matrix[:2, :2], translation[:2])
        for number, (matrix, translation) in enumerate(found)
        if number == 0 or not _is_identity(matrix, translation)
        if matrix[2, 2] == 1 and not matrix[2, :2].any() and not matrix[:2, 2].any()
    ]


def _is_identity(matrix: np.ndarray, translation: np.ndarray) -> bool:
    whole = np.abs(translation - np.round(translation)).max() < 1e-6
    return bool((matrix == np.eye(3)).all() and whole)


def _space_group(host: Atoms, tolerance: float) -> list[tuple[np.ndarray, np.ndarray]]:
    cell = (host.cell.array, host.get_scaled_positions(), host.numbers)
    try:
        found = known(spglib.get_symmetry(cell, symprec=tolerance))
    except spglib.error.SpglibError:
        return []  # what is left is the identity
    return list(zip(found["rotations"], found["translations"], strict=True))


def site_operation(
    operation: HostOperation,
    sites: np.ndarray,
    energies: np.ndarray,
    cell: np.ndarray,
    *,
    within: float,
    energy: float,
) -> Operation | None:
    """Return what an operation of the host makes of sites, None where it leads to no site.

    Args:
        operation: of the host.
        sites: lateral positions (S, 2) of the ion, Å.
        energies: of the sites (S,), eV.
        cell: lateral vectors in rows (2, 2), Å.
        within: Å within which a site is taken for the image of another.
        energy: likewise, eV.
    """
    fractions = sites @ np.linalg.inv(cell)
    images = fractions @ operation.matrix.T + operation.translation
    away = images[:, None] - fractions[None]
    cells = np.round(away)
    distances = np.linalg.norm((away - cells) @ cell, axis=2)
    # Of sites that lie close together the one of the same energy is the image.
    distances[np.abs(energies[:, None] - energies[None]) > energy] = np.inf
    nearest = distances.argmin(axis=1)
    rows = np.arange(len(sites))
    reached = (distances[rows, nearest] <= within).all()
    if not reached or len(set(nearest.tolist())) < len(sites):
        return None
    shifts = cells[rows, nearest].astype(int)
    return Operation(operation.matrix, operation.translation, nearest, shifts)


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


def symmetric_copy(atoms: Atoms, host: Atoms, operation: HostOperation) -> Atoms:
    """Return a stack with its ion, moved by an operation of the host, its atoms in their order.

    Args:
        atoms: stack with its ion last, which holds energy (eV) and forces (eV/Å).
        host: the relaxed stack without it.
        operation: of the host.
    """
    cell = host.cell.array[:2, :2]
    turn = np.eye(3)
    turn[:2, :2] = np.linalg.inv(cell) @ operation.matrix.T @ cell

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
    places = np.append(places, len(host))
    new = moved(atoms.positions)
    new[:-1, :2] -= cells[np.arange(len(host)), places[:-1]] @ cell
    copy: Atoms = atoms.copy()
    copy.positions[places] = new
    forces = np.empty_like(new)
    forces[places] = atoms.get_forces(apply_constraint=False) @ turn
    energy = atoms.get_potential_energy(apply_constraint=False)
    copy.calc = SinglePointCalculator(copy, energy=energy, forces=forces)
    return copy
