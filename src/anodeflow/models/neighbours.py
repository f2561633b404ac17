"""Neighbour lists that are kept while no atom has moved far, on the device that uses them."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from anodeflow.models.pair_search import list_pairs_on_cpu, list_pairs_on_gpu

if TYPE_CHECKING:
    import torch

SKIN = 0.5
"""Width (Å) of the shell that a list holds beyond the cutoff."""

WORN = 0.5
"""Share of what its atoms may move, from which on a list is made anew together with another."""


def sent(values: "np.ndarray | torch.Tensor", device: "torch.device | str") -> "torch.Tensor":
    """Return values, of any shape and unit, on a device, without waiting for what it is at.

    From memory that is not pinned, CUDA takes its own copy before this returns.
    """
    import torch

    return torch.as_tensor(values).to(device, non_blocking=True)


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
        # One search: each index by a mask would search it, and wait for the device, anew.
        near = ((vectors * vectors).sum(dim=1) < self.cutoff**2).nonzero().squeeze(1)
        return self.edges[:, near], self.shifts[near], self.images[near]

    def update(self, structures: Sequence[Atoms]) -> bool:
        """Search anew where an atom has moved by half the skin; return whether any list changed.

        Joining the lists of many structures takes longer than a search, so a list that is due
        takes those with it that soon will be.
        """
        while len(self._kept) < len(structures):
            self._kept.append(_Kept(self.cutoff, self._skin, self._half, self.device))
        sizes = [len(atoms) for atoms in structures]
        joined, self._sizes = self._sizes, []  # a search that fails leaves nothing joined
        members = list(zip(self._kept, structures, strict=False))
        wear = [kept.wear(atoms) for kept, atoms in members]
        due = max(wear) >= 1
        if due:
            for (kept, atoms), worn in zip(members, wear, strict=True):
                if worn >= WORN:
                    kept.search(atoms)
        changed = due or sizes != joined
        if changed:
            self._join(sizes)
        self._sizes = sizes
        return changed

    def _join(self, sizes: list[int]) -> None:
        import torch

        starts = np.cumsum([0, *sizes[:-1]]).tolist()
        kept = self._kept[: len(sizes)]
        self.edges = torch.cat(
            [one.edges + start for one, start in zip(kept, starts, strict=True)], dim=1
        )
        self.shifts = torch.cat([one.shifts for one in kept])
        self.images = torch.cat([one.images for one in kept])


class _Kept:
    """The pairs of one structure within a cutoff, good until an atom has moved by half the skin."""

    def __init__(self, cutoff: float, skin: float, half: bool, device: "torch.device | str"):
        self.cutoff, self.skin, self.half, self.device = cutoff, skin, half, device
        self.searches = 0
        self._key: tuple[Any, ...] | None = None

    def wear(self, atoms: Atoms) -> float:
        """Return the largest move of an atom in units of half the skin, infinite for other cells.

        The list holds for these atoms below 1.
        """
        if self._key != _key(atoms):
            return math.inf
        moved = ((atoms.positions - self._positions) ** 2).sum(axis=1)
        return math.sqrt(moved.max()) / (self.skin / 2)

    def search(self, atoms: Atoms) -> None:
        """Make the list of these atoms."""
        import torch

        reach = self.cutoff + self.skin
        if torch.device(self.device).type == "cuda":
            found = list_pairs_on_gpu(atoms, reach, self.device, half=self.half)
        else:
            found = list_pairs_on_cpu(atoms, reach, half=self.half)
        self.edges, self.shifts, self.images = found
        self._key, self._positions = _key(atoms), atoms.positions.copy()
        self.searches += 1


def _key(atoms: Atoms) -> tuple[Any, ...]:
    return (len(atoms), atoms.cell.array.tobytes(), atoms.pbc.tobytes())
