"""The centres of both layers held in the plane while a stack relaxes."""

from typing import Any

import numpy as np
from ase import Atoms

from anodeflow.structures import roles


class HeldCentres:
    """Holds Σ m_i (x_i, y_i) of each layer, and nothing else; a constraint of ASE.

    It is the condition of the runs (`dynamics.constraints.FixLayerInPlane`), as an optimiser needs
    it: forces and moves both lose their part along c, v ← v − (v·c) c with c_i ∝ m_i, so that the
    same points are at rest and forces stay the gradient of the energy on what is left.

    Source: Lagrange's multipliers of linear conditions.
    """

    def __init__(self, stack: Atoms):
        self.directions = centre_directions(stack, stack.get_masses())

    def adjust_positions(self, atoms: Atoms, newpositions: np.ndarray) -> None:
        """Take back, in place, what moves (N, 3), Å, would do to the centres."""
        newpositions -= self._part(newpositions - atoms.positions)

    def adjust_forces(self, atoms: Atoms, forces: np.ndarray) -> None:
        """Take, in place, what acts on the centres out of forces (N, 3), eV/Å."""
        forces -= self._part(forces)

    def get_removed_dof(self, atoms: Atoms) -> int:
        """Return how many degrees of freedom are held."""
        return len(self.directions)

    def todict(self) -> dict[str, Any]:
        """Return what tells this constraint from others."""
        return {"name": "HeldCentres", "kwargs": {"directions": self.directions.tolist()}}

    def _part(self, vectors: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.tensordot(
            np.tensordot(self.directions, vectors, axes=2), self.directions, axes=1
        )
        return found


def centre_directions(stack: Atoms, weights: np.ndarray) -> np.ndarray:
    """Return unit vectors (4, N, 3) along which weights (N,) move each layer in x and in y."""
    directions = np.zeros((4, len(stack), 3))
    for number, layer in enumerate((roles.bottom(stack), roles.top(stack))):
        for axis in (0, 1):
            directions[2 * number + axis, layer, axis] = weights[layer]
    found: np.ndarray = directions / np.linalg.norm(directions, axis=(1, 2), keepdims=True)
    return found
