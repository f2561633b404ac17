"""MACE called on buffers of fixed sizes, as a CUDA graph needs them."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms

from anodeflow.models.cuda_graphs import CapturedLater, Computing
from anodeflow.models.neighbours import NeighbourLists

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Arrays = tuple[np.ndarray, list[np.ndarray], np.ndarray]
"""Energies (S,) eV, forces (n, 3) eV/Å of each structure, and stresses (S, 3, 3) eV/Å³."""

FinishArrays = Callable[[], Arrays]
"""Waits for a call that a device has begun, and returns what it computed."""

ROOM = 1.05
"""How many times the pairs of its first structures a buffer has room for."""


class BufferedMace:
    """A MACE model for structures of always the same N atoms in S cells.

    Of the pairs that the lists hold, those within the cutoff are moved to the front of a buffer,
    without waiting for their number. What room is left holds pairs of atoms with their own images
    beyond the cutoff, which add zeros; where there is too little, the buffers are made anew.
    """

    def __init__(
        self,
        model: "torch.nn.Module",
        nodes: "Mapping[str, Tensor]",
        lists: NeighbourLists,
        structures: Sequence[Atoms],
        capture: Callable[[Computing], Computing] = CapturedLater,
    ):
        """Take what does not change with positions and cells, and how to capture a function."""
        import torch

        self.nodes = nodes
        self._model, self._lists, self._capture = model, lists, capture
        self._dtype = torch.get_default_dtype()
        sizes = [len(atoms) for atoms in structures]
        self._atoms, self._cells = sum(sizes), len(sizes)
        self._positions = self._place(np.zeros((self._atoms, 3)))
        self._cell = self._place(np.zeros((3 * self._cells, 3)))
        self._call: Computing | None = None

    def begin(self, structures: Sequence[Atoms]) -> FinishArrays:
        """Begin a call, and return what waits for it."""
        import torch

        self._lists.update(structures)
        with torch.no_grad():
            for buffer, name in ((self._positions, "positions"), (self._cell, "cell")):
                joined = np.concatenate([np.asarray(getattr(atoms, name)) for atoms in structures])
                buffer.copy_(torch.as_tensor(joined), non_blocking=True)
        call = self._call
        if call is None or self._lists.edges.shape[1] > self._edges.shape[1]:
            call = self._make_buffers(structures)
        elif self._lists.edges is not self._taken:
            self._fill()
        values = call()

        def finish() -> Arrays:
            found = values.cpu().numpy()
            if found[-1] > self._room:
                found = self._make_buffers(structures)().cpu().numpy()
            return split_values(found[:-1], [len(atoms) for atoms in structures], "float64")

        return finish

    def _make_buffers(self, structures: Sequence[Atoms]) -> Computing:
        """Make buffers with room for the pairs of these structures; return the call on them."""
        import torch

        self._call = None  # and with it the graph's memory
        listed = int(ROOM * self._lists.edges.shape[1])
        self._edges = torch.zeros((2, listed), dtype=torch.long, device=self._lists.device)
        self._shifts, self._images = (self._place(np.zeros((listed, 3))) for _ in range(2))
        self._fill()
        self._room = int(ROOM * int(self._near().sum()))
        # Where nothing is moved to: an atom and an image of its own, along a, out of reach.
        shortest = min(np.linalg.norm(atoms.cell.array[0]) for atoms in structures)
        away = np.zeros((self._room + 1, 3))
        away[:, 0] = int(self._lists.cutoff / shortest) + 2
        self._images_away = self._place(away)
        own = torch.arange(self._room + 1, device=self._lists.device) % self._atoms
        self._edges_away = torch.stack((own, own))
        self._call = self._capture(self._compute)
        return self._call

    def _fill(self) -> None:
        """Take the pairs of the lists; what room is left lies far beyond the cutoff."""
        self._taken = self._lists.edges
        listed = self._taken.shape[1]
        self._edges[:, :listed] = self._taken
        self._images[:listed] = self._lists.images
        self._shifts[:listed] = self._lists.shifts
        self._edges[:, listed:] = 0
        self._shifts[listed:] = 10 * self._lists.cutoff

    def _near(self) -> "Tensor":
        first, second = self._edges
        vectors = self._positions[second] - self._positions[first] + self._shifts
        return (vectors * vectors).sum(dim=1) < self._lists.cutoff**2

    def _compute(self) -> "Tensor":
        """Return energies, forces, stresses and the number of pairs, one after the other."""
        import torch

        near = self._near()
        # The n-th of the near pairs goes to place n, all that finds no room behind the last.
        place = (near.cumsum(0) - 1).where(near, self._room).clamp_(max=self._room)
        edges = self._edges_away.index_copy(1, place, self._edges)[:, :-1]
        images = self._images_away.index_copy(0, place, self._images)[:-1]
        batch = {  # no shifts: for stresses, MACE makes them of images and cell
            "positions": self._positions.to(self._dtype, copy=True),
            "cell": self._cell.to(self._dtype),
            "edge_index": edges,
            "unit_shifts": images.to(self._dtype),
            **self.nodes,
        }
        found = self._model(batch, compute_stress=True)
        values = [found[name].detach() for name in ("energy", "forces", "stress")]
        return torch.cat([part.flatten().double() for part in (*values, near.sum())])

    def _place(self, values: np.ndarray) -> "Tensor":
        import torch

        return torch.as_tensor(values, device=self._lists.device)


def split_values(values: np.ndarray, sizes: Sequence[int], precision: str) -> Arrays:
    """Return the Arrays of S structures of n atoms that stand one after the other in values (V,).

    precision: that of forces and stresses, "float32" or "float64".
    """
    count, atoms = len(sizes), sum(sizes)
    energies, forces, stresses = np.split(values, [count, count + 3 * atoms])
    of_each = np.split(forces.astype(precision).reshape(-1, 3), np.cumsum(sizes)[:-1])
    return energies, of_each, stresses.astype(precision).reshape(count, 3, 3)
