"""Heights of the atoms of a layer or stack that the boundary of its cell may cut in two."""

import numpy as np
from ase import Atoms

from anodeflow import tags

BELOW = 1e-6
"""Å below the lowest atom at which its period begins, so that rounding cannot lift that atom."""


def heights(atoms: Atoms) -> np.ndarray:
    """Return z (N,) in Å with the atoms in one piece: whole cell heights are taken off or added.

    The vacuum is the widest slab without atoms that has the bottom layer above it and the partner
    layer below it; of a single layer, or where ions lie in every such slab, simply the widest.
    Atoms that are in one piece already keep their z to the last bit.
    """
    z, period = atoms.positions[:, 2].copy(), float(atoms.cell.array[2, 2])
    if not len(atoms) or not atoms.pbc[2] or period <= 0:
        return z
    order = np.argsort(z % period, kind="stable")
    folded = (z % period)[order]
    empty = np.diff(folded, prepend=folded[-1] - period)
    allowed = tags.bottom(atoms)[order] & np.roll(tags.top(atoms)[order], 1)
    if allowed.any():
        empty[~allowed] = -np.inf
    lowest = folded[np.argmax(empty)]
    turns = np.floor((z - lowest + BELOW) / period)
    # Whole turns that all atoms share say nothing, and would round their heights.
    return z - (turns - turns.min()) * period
