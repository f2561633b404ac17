"""Which atoms are bonded: one rule for all that builds, checks or watches a structure."""

import numpy as np
from ase import Atoms
from ase.neighborlist import natural_cutoffs, neighbor_list

BOND_SCALE = 1.15
"""ASSUME: atoms closer than the sum of their covalent radii times this are bonded."""

CONTACT_SCALE = 1.3
"""ASSUME: bonds hold up to this, and new ones form from beyond: C–O 1.63 to 1.85 Å, for one."""


def find_bonds(
    quantities: str, atoms: Atoms, *, scale: float | None = None
) -> tuple[np.ndarray, ...]:
    """List all bonds, periodic images included, each in both directions.

    Args:
        quantities: letters of what is returned.
        atoms: of any kind.
        scale: of the sums of covalent radii, up to which atoms are bonded; None for BOND_SCALE.

    Returns one array for each letter of `quantities`, as `ase.neighborlist.neighbor_list` does: i
    and j (B,) atoms, D (B, 3) vector in Å, S (B, 3) cell offset.
    """
    cutoffs = natural_cutoffs(atoms, mult=BOND_SCALE if scale is None else scale)
    found: tuple[np.ndarray, ...] = neighbor_list(quantities, atoms, cutoffs)
    return found
