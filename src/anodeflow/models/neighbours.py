"""Neighbour lists that are kept while no atom has moved far, on the device that uses them."""

from collections.abc import Sequence
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

    cell = atoms.cell.complete().array  # a vector of 1 Å where there is none, which nothing repeats
    return neighbour_list("ijS", positions=atoms.positions, cell=cell, pbc=atoms.pbc, cutoff=cutoff)


class NeighbourLists:
    """The pairs of structures, call after call, searched anew where need be.

    A list is kept for the structure that stands in the same place in the next call. Pairs are
    ordered by structure, sender, receiver and image, so that what a call returns does not depend,
    to the last bit, on when the lists were made.

    edges (2, E), shifts (E, 3) Å = images @ cell, and images (E, 3), in float64, hold all that is
    nearer than cutoff and skin, after `update`.
    """

    def __init__(
        self,
        cutoff: float,
        device: "torch.device | str",
        *,
        skin: float = SKIN,
        half: bool = False,
    ):
        """Set cutoff and skin (Å), where the tensors are, and whether a pair stands there once."""
        self.cutoff = cutoff
        self.device = device
        self._skin, self._half = skin, half
        self._kept: list[_Kept] = []
        self._sizes: list[int] = []

    @property
    def searches(self) -> int:
        """Return how many searches there have been."""
        return sum(kept.searches for kept in self._kept)

    def pairs(
        self, structures: Sequence[Atoms], positions: "torch.Tensor"
    ) -> tuple["torch.Tensor", "torch.Tensor", "torch.Tensor"]:
        """Return edges, shifts and images of the pairs nearer than the cutoff.

        positions: of all structures' atoms one after the other, (N, 3) Å, float64, on the device.
        """
        self.update(structures)
        vectors = positions[self.edges[1]] - positions[self.edges[0]] + self.shifts
        near = (vectors * vectors).sum(dim=1) < self.cutoff**2
        return self.edges[:, near], self.shifts[near], self.images[near]

    def update(self, structures: Sequence[Atoms]) -> bool:
        """Search anew where an atom has moved by half the skin; return whether any list changed."""
        while len(self._kept) < len(structures):
            self._kept.append(_Kept(self.cutoff, self._skin, self._half))
        sizes = [len(atoms) for atoms in structures]
        joined, self._sizes = self._sizes, []  # a search that fails leaves nothing joined
        searched = [kept.update(atoms) for kept, atoms in zip(self._kept, structures, strict=False)]
        changed = any(searched) or sizes != joined
        if changed:
            self._join(sizes)
        self._sizes = sizes
        return changed

    def _join(self, sizes: list[int]) -> None:
        import torch

        starts = np.cumsum([0, *sizes[:-1]])
        kept = self._kept[: len(sizes)]
        joined = (
            np.concatenate([one.edges + start for one, start in zip(kept, starts, strict=True)], 1),
            np.concatenate([one.shifts for one in kept]),
            np.concatenate([one.images for one in kept]),
        )
        self.edges, self.shifts, self.images = (
            torch.as_tensor(values, device=self.device) for values in joined
        )


class _Kept:
    """The pairs of one structure within a cutoff, good until an atom has moved by half the skin."""

    def __init__(self, cutoff: float, skin: float, half: bool):
        self.cutoff, self.skin, self.half = cutoff, skin, half
        self.searches = 0
        self._key: tuple | None = None

    def update(self, atoms: Atoms) -> bool:
        """Search anew if need be; return whether it was."""
        if self._holds_for(atoms):
            return False
        found = search_pairs(atoms, self.cutoff + self.skin)
        senders, receivers, images = _each_once(*found) if self.half else found
        order = np.lexsort((*images.T[::-1], receivers, senders))
        self.images = images[order].astype(float)
        self.shifts = self.images @ atoms.cell.array
        self.edges = np.stack((senders[order], receivers[order])).astype(np.int64)
        self._key, self._positions = _key(atoms), atoms.positions.copy()
        self.searches += 1
        return True

    def _holds_for(self, atoms: Atoms) -> bool:
        if self._key != _key(atoms):
            return False
        moved = ((atoms.positions - self._positions) ** 2).sum(axis=1)
        return bool(moved.max() < (self.skin / 2) ** 2)


def _each_once(senders, receivers, images) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leave out of each pair and its reverse the one that goes to the earlier atom or image."""
    x, y, z = images.T
    forward = (x > 0) | ((x == 0) & ((y > 0) | ((y == 0) & (z > 0))))
    once = (senders < receivers) | ((senders == receivers) & forward)
    return senders[once], receivers[once], images[once]


def _key(atoms: Atoms) -> tuple:
    return (len(atoms), atoms.cell.array.tobytes(), atoms.pbc.tobytes())
