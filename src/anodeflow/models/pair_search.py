"""All pairs of atoms within a cutoff: searched on a CPU, every one tried on a GPU."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms

if TYPE_CHECKING:
    import torch
    from torch import Tensor

TRIED_AT_ONCE = 2**24
"""Distances in the memory of a GPU at once."""


def search_pairs(atoms: Atoms, cutoff: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return senders (E,), receivers (E,) and images (E, 3) of all pairs nearer than `cutoff` (Å).

    D = x[receiver] - x[sender] + image @ cell; an atom is a neighbour of its own images.
    """
    from matscipy.neighbours import neighbour_list

    cell = atoms.cell.complete().array  # a vector of 1 Å where there is none, which nothing repeats
    found: tuple[np.ndarray, np.ndarray, np.ndarray] = neighbour_list(
        "ijS", positions=atoms.positions, cell=cell, pbc=atoms.pbc, cutoff=cutoff
    )
    return found


def list_pairs_on_cpu(
    atoms: Atoms, cutoff: float, *, half: bool
) -> tuple["Tensor", "Tensor", "Tensor"]:
    """Return edges (2, E), shifts (E, 3) Å and images (E, 3) of pairs nearer than `cutoff` (Å).

    All in the order of sender, receiver and image; shifts are images @ cell, both float64.
    half: each pair once, and not its reverse.
    """
    import torch

    found = search_pairs(atoms, cutoff)
    senders, receivers, images = _each_once(*found) if half else found
    order = np.lexsort((*images.T[::-1], receivers, senders))
    edges = np.stack((senders[order], receivers[order])).astype(np.int64)
    images = images[order].astype(float)
    shifts = images @ atoms.cell.array
    return torch.as_tensor(edges), torch.as_tensor(shifts), torch.as_tensor(images)


def list_pairs_on_gpu(
    atoms: Atoms, cutoff: float, device: "torch.device | str", *, half: bool
) -> tuple["Tensor", "Tensor", "Tensor"]:
    """Return what `list_pairs_on_cpu` does, by trying every pair with every image in reach.

    Three tensors on `device`, shapes and units as there; `cutoff` in Å.
    """
    import torch

    cell = atoms.cell.complete().array
    # The cell that each atom has left, so that few images have to be tried.
    reciprocal = np.linalg.inv(cell)  # columns, 1/Å, as long as planes of the cell are close
    home = np.floor(atoms.positions @ reciprocal) * atoms.pbc
    repeats = np.floor(cutoff * np.linalg.norm(reciprocal, axis=0)) + 1
    ranges = [np.arange(-n, n + 1) for n in np.where(atoms.pbc, repeats, 0)]
    images = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    inside, images_of_all, moves = (
        torch.as_tensor(values, device=device)
        for values in (atoms.positions - home @ cell, images, images @ cell)
    )
    near = [
        torch.stack(chunk)
        for chunk in _near(inside, moves, cutoff, half=half, own=len(images) // 2)
    ]
    sender, receiver, image = torch.cat(near, dim=1)
    homes, vectors = (torch.as_tensor(values, device=device) for values in (home, atoms.cell.array))
    images_found = images_of_all[image] - homes[receiver] + homes[sender]
    return torch.stack((sender, receiver)), images_found @ vectors, images_found


def _near(
    inside: "Tensor", moves: "Tensor", cutoff: float, *, half: bool, own: int
) -> "Iterator[tuple[Tensor, Tensor, Tensor]]":
    """Yield sender, receiver and place in `moves` of near pairs, for some senders after others.

    own: the place of no move; those behind it lead forward.
    """
    import torch

    count = len(inside)
    rows = max(1, TRIED_AT_ONCE // (count * len(moves)))
    every = torch.arange(count, device=inside.device)
    for start in range(0, count, rows):
        senders = every[start : start + rows]
        squares = [
            (inside[:, k][:, None] - inside[senders, k][:, None, None] + moves[:, k]).square_()
            for k in range(3)
        ]
        near = squares[0].add_(squares[1]).add_(squares[2]) < cutoff**2
        near[senders - start, senders, own] = False
        if half:
            near[senders - start, senders, :own] = False
            near &= (every >= senders[:, None])[:, :, None]
        sender, receiver, move = near.nonzero(as_tuple=True)
        yield sender + start, receiver, move


def _each_once(
    senders: np.ndarray, receivers: np.ndarray, images: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Leave out of each pair and its reverse the one that goes to the earlier atom or image."""
    x, y, z = images.T
    forward = (x > 0) | ((x == 0) & ((y > 0) | ((y == 0) & (z > 0))))
    once = (senders < receivers) | ((senders == receivers) & forward)
    return senders[once], receivers[once], images[once]
