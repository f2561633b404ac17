"""Which atoms are bonded: one rule for all that builds, checks or watches a structure."""

import numpy as np
from ase import Atoms
from ase.neighborlist import natural_cutoffs, neighbor_list

BOND_SCALE = 1.15
"""ASSUME: atoms closer than the sum of their covalent radii times this are bonded."""


def find_bonds(quantities: str, atoms: Atoms) -> tuple[np.ndarray, ...]:
    """List all bonds, periodic images included, each in both directions.

    Returns one array for each letter of `quantities`, as `ase.neighborlist.neighbor_list` does: i
    and j (B,) atoms, D (B, 3) vector in Å, S (B, 3) cell offset.
    """
    found: tuple[np.ndarray, ...] = neighbor_list(
        quantities, atoms, natural_cutoffs(atoms, mult=BOND_SCALE)
    )
    return found
