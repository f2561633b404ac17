"""Supercells of a layer as the configuration gives them: two numbers, or a matrix."""

from collections.abc import Sequence
from typing import Any

Matrix = list[list[int]]
"""The lateral vectors of a supercell in those of the unit cell, in rows [[a, b], [c, d]]."""


def supercell_matrix(size: Sequence[Any]) -> Matrix:
    """Return the matrix of a layer's `size`, which is one itself or [n, m] along the vectors."""
    first, second = size
    if isinstance(first, int):
        return [[first, 0], [0, second]]
    return [list(first), list(second)]


def cells_in(size: Sequence[Any]) -> int:
    """Return how many unit cells a layer's `size` holds, the determinant of its matrix."""
    (a, b), (c, d) = supercell_matrix(size)
    return a * d - b * c
