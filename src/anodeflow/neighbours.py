"""Neighbour lists that are kept while no atom has moved far, on the device that uses them."""

from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms

if TYPE_CHECKING:
    import torch

SKIN = 0.5
"""Width (Å) of the shell that a list holds beyond the cutoff."""


def search_pairs(atoms: Atoms, cutoff: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return senders (E,), receivers (E,) and images (E, 3) of all pairs nearer than `cutoff` (Å).

    D = x[receiver] - x[sender] + image @ cell; an atom is a neighbour of its own images.
    """
    from matscipy.neighbours import neighbour_list

    return neighbour_list(
        "ijS", positions=atoms.positions, cell=atoms.cell.array, pbc=atoms.pbc, cutoff=cutoff
    )


class NeighbourList:
    """The pairs of one periodic structure after the other, searched anew where need be.

    Pairs are ordered by sender, receiver and image, so that what a call returns does not depend, to
    the last bit, on when the list was made.
    """

    def __init__(self, cutoff: float, device: "torch.device | str"):
        """Set the cutoff (Å) and where the tensors are."""
        self.cutoff = cutoff
        self.device = device
        self.searches = 0
        self._key: tuple | None = None

    def pairs(self, atoms: Atoms) -> tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]:
        """Return edges (2, E), shifts (E, 3) Å = images @ cell, and images (E, 3), in float64."""
        import torch

        if not self._holds_for(atoms):
            self._search(atoms)
        positions = torch.as_tensor(atoms.positions, device=self.device)
        vectors = positions[self._edges[1]] - positions[self._edges[0]] + self._shifts
        near = (vectors * vectors).sum(dim=1) < self.cutoff**2
        return self._edges[:, near], self._shifts[near], self._images[near]

    def _holds_for(self, atoms: Atoms) -> bool:
        if self._key != _key(atoms):
            return False
        moved = ((atoms.positions - self._positions) ** 2).sum(axis=1)
        return bool(moved.max() < (SKIN / 2) ** 2)

    def _search(self, atoms: Atoms) -> None:
        import torch

        senders, receivers, images = search_pairs(atoms, self.cutoff + SKIN)
        order = np.lexsort((*images.T[::-1], receivers, senders))
        images = images[order].astype(float)
        edges = np.stack((senders[order], receivers[order])).astype(np.int64)
        self._edges, self._shifts, self._images = (
            torch.as_tensor(values, device=self.device)
            for values in (edges, images @ atoms.cell.array, images)
        )
        self._key, self._positions = _key(atoms), atoms.positions.copy()
        self.searches += 1


def _key(atoms: Atoms) -> tuple:
    return (len(atoms), atoms.cell.array.tobytes(), atoms.pbc.tobytes())
