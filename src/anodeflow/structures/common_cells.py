"""Hexagonal cells that two hexagonal layers have in common, each strained a little."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from ase import Atoms

from anodeflow.structures.supercells import Matrix, cells_in
from anodeflow.units import EV_NM2_TO_J_M2


@dataclass(frozen=True)
class CommonCell:
    """A cell of two layers.

    sizes: of the bottom and the top layer; length: of the cell, Å; atoms: in it; rotation: of the
    top unit cell against the bottom one, degrees, 0 to 30; strains: of both, alike in all
    directions; energy: of straining both, eV/nm², where their stiffness is known.
    """

    sizes: tuple[Matrix, Matrix]
    length: float
    atoms: int
    rotation: float
    strains: tuple[float, float]
    energy: float | None


def common_cells(
    bottom: Atoms,
    top: Atoms,
    *,
    strain_limit: float,
    atom_limit: int,
    stiffnesses: Sequence[float] | None = None,
) -> list[CommonCell]:
    """Find the common hexagonal cells of two layers, the smallest first, then the least strained.

    A supercell n a + m b of a hexagonal lattice a, with b at 120° to a, holds
    N = n² − n m + m² unit cells and has the length L = a √N. Two layers with L₁ and L₂ take
    L = Σ K_i L_i / Σ K_i, as `strained: stiffness` builds them, with K = C11 + C12, or their mean
    (`share`) where K is not known. ε_i = L / L_i − 1, energy = Σ K_i ε_i² per area.

    Turning a lattice by 60° leaves it as it is, and mirroring both layers gives the same strain, so
    rotations are those of 0 to 30° between two lattices. A cell that repeats a smaller one is left
    out. ASSUME: cells of other shapes, whose strain depends on the direction, are not looked for.

    Args:
        bottom: unit cell of the lower layer, hexagonal.
        top: of the upper one.
        strain_limit: largest |ε| of a layer.
        atom_limit: most atoms in the cell.
        stiffnesses: K of both, N/m.
    """
    layers = bottom, top
    lattices = [float(np.linalg.norm(layer.cell.array[0])) for layer in layers]
    lower, upper = (
        _supercells((atom_limit - len(other)) // len(layer), half=layer is bottom)
        for layer, other in ((bottom, top), (top, bottom))
    )
    smallest: dict[tuple[Fraction, float], CommonCell] = {}
    for sizes in ((one, other) for one in lower for other in upper):
        cells = [cells_in(size) for size in sizes]
        lengths = np.multiply(lattices, np.sqrt(cells))
        length = float(np.average(lengths, weights=stiffnesses))
        strains = length / lengths - 1
        atoms = sum(count * len(layer) for count, layer in zip(cells, layers, strict=True))
        if atoms > atom_limit or np.abs(strains).max() > strain_limit:
            continue
        rotation = _between(*sizes)
        energy = None if stiffnesses is None else float(stiffnesses @ strains**2) / EV_NM2_TO_J_M2
        found = CommonCell(
            sizes, length, atoms, rotation, (float(strains[0]), float(strains[1])), energy
        )
        # Cells of one rotation and one ratio of areas are multiples of the smallest of them.
        kind = Fraction(*cells), round(rotation, 6)
        if kind not in smallest or atoms < smallest[kind].atoms:
            smallest[kind] = found
    return sorted(smallest.values(), key=lambda cell: (cell.atoms, np.ptp(cell.strains)))


def _supercells(most: int, *, half: bool) -> list[Matrix]:
    """Return the hexagonal supercells of at most so many unit cells, n a + m b turned by 120° too.

    Each is turned by 0 to 60° against the unit cell, without 60°; with `half` by 0 to 30°.
    """
    reach = int(np.sqrt(4 * max(most, 0) / 3)) + 1  # N ≥ 3 n² / 4
    found = [
        [[n, m], [-m, n - m]] for n in range(1, reach + 1) for m in range(n // 2 + 1 if half else n)
    ]
    return [matrix for matrix in found if cells_in(matrix) <= most]


def _between(lower: Matrix, upper: Matrix) -> float:
    """Return the angle between the unit cells of two supercells that lie on each other, degrees."""
    angles = [np.degrees(np.arctan2(np.sqrt(3) / 2 * m, n - m / 2)) for (n, m), _ in (lower, upper)]
    turned = (angles[0] - angles[1]) % 60
    return round(float(min(turned, 60 - turned)), 9) + 0.0
