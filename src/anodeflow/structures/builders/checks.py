"""What no built structure may have: unknown elements, atoms on top of each other, thin vacuum."""

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from ase.neighborlist import neighbor_list

from anodeflow.errors import StructureError
from anodeflow.structures.planned_stacks import require_vacuum

SHORTEST_DISTANCE = 0.6
"""Two atoms closer than this (Å) are a mistake in the input, whatever the elements."""


def refuse_unknown_elements(symbols: list[str]) -> None:
    """Raise StructureError unless every symbol is that of a chemical element."""
    for symbol in symbols:
        if atomic_numbers.get(symbol, 0) == 0:
            raise StructureError(
                f"{symbol!r} is not a chemical element: write its symbol, such as Ti, C, O or Na."
            )


def refuse_close_atoms(atoms: Atoms) -> None:
    """Raise StructureError if two atoms, periodic images included, are closer than 0.6 Å."""
    first, second, distance = neighbor_list("ijd", atoms, SHORTEST_DISTANCE)
    if len(distance):
        closest = int(np.argmin(distance))
        i, j = int(first[closest]), int(second[closest])
        raise StructureError(
            f"atoms {i} ({atoms.symbols[i]}) and {j} ({atoms.symbols[j]}) are "
            f"{distance[closest]:.2f} Å apart, at least {SHORTEST_DISTANCE} Å is allowed: "
            "check the lattice constants, heights and spacing they were built from."
        )


def refuse_thin_vacuum(atoms: Atoms, what: str) -> None:
    """Raise StructureError if `what`, for the sentence, leaves less than 20 Å of its cell empty."""
    extent = float(np.ptp(atoms.positions[:, 2]))
    require_vacuum(what, height=float(atoms.cell.array[2, 2]), extent=extent)
