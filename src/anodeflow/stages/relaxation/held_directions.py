"""Linear conditions that hold while a structure relaxes."""

from typing import Any

import numpy as np
from ase import Atoms


class HeldDirections:
    """Holds c·r of some directions c, and nothing else; a constraint of ASE.

    Forces and moves both lose their part along c, v ← v − (v·c) c of unit vectors c, so that forces
    stay the gradient of the energy on what is left, and the same points are at rest.

    Source: Lagrange's multipliers of linear conditions.
    """

    def __init__(self, directions: np.ndarray):
        """Take directions (K, N, 3) at right angles to each other, of any lengths."""
        lengths = np.linalg.norm(directions, axis=(1, 2), keepdims=True)
        self.directions: np.ndarray = directions / lengths

    def adjust_positions(self, atoms: Atoms, newpositions: np.ndarray) -> None:
        """Take back, in place, what moves (N, 3), Å, would do along the directions."""
        newpositions -= self._part(newpositions - atoms.positions)

    def adjust_forces(self, atoms: Atoms, forces: np.ndarray) -> None:
        """Take, in place, what acts along the directions out of forces (N, 3), eV/Å."""
        forces -= self._part(forces)

    def get_removed_dof(self, atoms: Atoms) -> int:
        """Return how many degrees of freedom are held."""
        return len(self.directions)

    def todict(self) -> dict[str, Any]:
        """Return what tells this constraint from others."""
        return {"name": "HeldDirections", "kwargs": {"directions": self.directions.tolist()}}

    def _part(self, vectors: np.ndarray) -> np.ndarray:
        along = np.tensordot(self.directions, vectors, axes=2)
        found: np.ndarray = np.tensordot(along, self.directions, axes=1)
        return found
