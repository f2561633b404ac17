"""The hexagonal cell of a layer, and atoms put into the middle of it."""

import numpy as np
from ase import Atoms

SEED = "none (deterministic)"
"""What `info["seed"]` says of a structure built without random numbers."""

CORNERS = np.array([[0.0, 0.0], [1 / 3, 2 / 3], [2 / 3, 1 / 3]])
"""The three lateral positions A, B, C of close packing, in fractions of the cell."""


def hexagonal_cell(lattice: float, height: float) -> np.ndarray:
    """Return the cell a (1, 0, 0), a (-1/2, √3/2, 0), c (0, 0, 1); lengths in Å, shape (3, 3)."""
    return np.array([[lattice, 0, 0], [-lattice / 2, lattice * np.sqrt(3) / 2, 0], [0, 0, height]])


def assemble_layer(
    symbols: list[str],
    lateral: np.ndarray,
    z: np.ndarray,
    tags: list[int],
    lattice: float,
    cell_height: float,
) -> Atoms:
    """Put atoms at lateral fractions (N, 2) and heights (N,) into the middle of a cell (Å)."""
    cell = hexagonal_cell(lattice, cell_height)
    middle = (z.max() + z.min()) / 2
    positions = lateral @ cell[:2]
    positions[:, 2] = z - middle + cell_height / 2
    return Atoms(symbols, positions=positions, cell=cell, pbc=True, tags=tags)
