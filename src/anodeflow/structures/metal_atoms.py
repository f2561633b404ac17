"""Metals and terminations of a bottom layer, told apart by tag and element."""

import numpy as np
from ase import Atoms

from anodeflow.structures.elements import metallic
from anodeflow.structures.roles import FACES, METAL


def metal_atoms(atoms: Atoms) -> np.ndarray:
    """Select the metal of the bottom layer, that of a bare face included; mask (N,) of bool."""
    tags = atoms.get_tags()
    found: np.ndarray = (tags == METAL) | (np.isin(tags, FACES) & metallic(atoms.symbols))
    return found


def termination_atoms(atoms: Atoms) -> np.ndarray:
    """Select the faces of the bottom layer that are no metal; mask (N,) of bool."""
    found: np.ndarray = np.isin(atoms.get_tags(), FACES) & ~metallic(atoms.symbols)
    return found
