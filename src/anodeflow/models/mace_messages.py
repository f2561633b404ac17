"""MACE's messages summed over each atom's neighbours as products of matrices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from e3nn import o3
from torch.autograd.function import once_differentiable

BLOCK = 16
"""Atoms that are summed at once: what they need stays in a processor's cache."""


@dataclass(frozen=True)
class _Path:
    """A path of a tensor product: features x times harmonics Y, in weights w, added to the output.

    Slices of their components; channels; 2l + 1 of x and of Y; coupling: coefficients times the
    path's own factor, ((2l_x + 1)(2l_Y + 1), 2l + 1).
    """

    weights: slice
    features: slice
    harmonics: slice
    output: slice
    channels: int
    m_features: int
    m_harmonics: int
    coupling: torch.Tensor


@dataclass(frozen=True)
class _Block:
    """Atoms with about as many neighbours, all filled up to as many slots.

    atoms: which they are; width: slots of an atom; edges, senders: of each slot; real: the edges
    themselves; filled: the slot of each of these; empty: which slots have no edge (slots, 1), None
    where all have one.
    """

    atoms: torch.Tensor
    width: int
    edges: torch.Tensor
    senders: torch.Tensor
    real: torch.Tensor
    filled: torch.Tensor
    empty: torch.Tensor | None


class KeptBlocks:
    """The blocks of the last edges, which all layers of a model share."""

    def __init__(self) -> None:
        self._kept: tuple[torch.Tensor, list[_Block]] | None = None

    def of(self, edges: torch.Tensor, atoms: int) -> list[_Block]:
        """Return the blocks of edges (2, E), senders and receivers, of a number of atoms."""
        kept = self._kept
        if kept is None or kept[0] is not edges:
            kept = self._kept = edges, _blocks(edges, atoms)
        return kept[1]


class MessagesByAtom(torch.nn.Module):
    """Computes what the tensor product of an interaction block does, and its sum over neighbours.

    m_i = Σ_j C (w_ij x_j ⊗ Y_ij) = C Σ_j (w_ij x_j) ⊗ Y_ij: the outer product is summed over the
    neighbours as a product of matrices, and coupled once for each atom, where MACE couples it for
    each edge and adds up what are the largest arrays of a call. For first derivatives only.
    Source: I. Batatia et al., Adv. Neural Inf. Process. Syst. 35, 11423 (2022), eq. 8.
    """

    def __init__(self, product: o3.TensorProduct, blocks: KeptBlocks, dtype: torch.dtype):
        """Take over the paths of MACE's module; `blocks` are shared by the layers of a model."""
        super().__init__()
        self.product, self.blocks = product, blocks
        self.paths = _paths(product, dtype)

    @staticmethod
    def takes(product: torch.nn.Module) -> bool:
        """Return whether each path of a module has a weight for each edge and channel of x."""
        return (
            isinstance(product, o3.TensorProduct)
            and not product.shared_weights
            and len(product.instructions) > 0
            and all(path.connection_mode == "uvu" for path in product.instructions)
            and all(path.has_weight for path in product.instructions)
            and all(harmonics.mul == 1 for harmonics in product.irreps_in2)
        )

    def forward(
        self,
        features: torch.Tensor,
        harmonics: torch.Tensor,
        weights: torch.Tensor,
        edges: torch.Tensor,
    ) -> torch.Tensor:
        """Return the messages (N, D') from features (N, D), harmonics (E, L) and weights (E, W).

        edges: (2, E), senders and receivers.
        """
        if not len(weights):  # the sum of nothing, which still has derivatives
            nothing: torch.Tensor = self.product(features[edges[0]], harmonics, weights)
            return nothing.sum(dim=0).expand(len(features), -1)
        found: torch.Tensor = _Messages.apply(  # type: ignore[no-untyped-call]
            self._m_first(features),
            harmonics,
            weights,
            self.blocks.of(edges, len(features)),
            self.paths,
            self.product.irreps_out.dim,
        )
        return found

    def _m_first(self, features: torch.Tensor) -> torch.Tensor:
        """Return the features with channels as the last index of each irrep, as sums run over m."""
        irreps = self.product.irreps_in1
        if irreps.lmax == 0:
            return features
        parts = [
            features[:, part].view(-1, irrep.mul, irrep.ir.dim).transpose(1, 2).flatten(1)
            for part, irrep in zip(irreps.slices(), irreps, strict=True)
        ]
        return torch.cat(parts, dim=1)


@torch.no_grad()
def _paths(product: o3.TensorProduct, dtype: torch.dtype) -> list[_Path]:
    inputs, harmonics, outputs = product.irreps_in1, product.irreps_in2, product.irreps_out
    paths, first = [], 0
    for path in product.instructions:
        channels = inputs[path.i_in1].mul
        x, y = inputs.slices()[path.i_in1], harmonics.slices()[path.i_in2]
        m_x, m_y = (irrep.ir.dim for irrep in (inputs[path.i_in1], harmonics[path.i_in2]))
        output = outputs.slices()[path.i_out]
        # The product's own numbers, as it was saved: of one channel, and each component of x and Y.
        i, j = torch.cartesian_prod(torch.arange(m_x), torch.arange(m_y)).T
        one_x = torch.eye(inputs.dim, dtype=dtype)[x.start + i]
        one_y = torch.eye(harmonics.dim, dtype=dtype)[y.start + j]
        one_w = torch.eye(product.weight_numel, dtype=dtype)[[first] * len(i)]
        found = product(one_x, one_y, one_w)
        coupling = found[:, output.start : output.start + outputs[path.i_out].ir.dim].contiguous()
        weights = slice(first, first + channels)
        paths.append(_Path(weights, x, y, output, channels, m_x, m_y, coupling))
        first += channels
    return paths


def _blocks(edges: torch.Tensor, atoms: int) -> list[_Block]:
    """Sort atoms by their numbers of neighbours, and give each edge a slot of its receiver."""
    senders, receivers = edges
    counts = torch.bincount(receivers, minlength=atoms)
    by_count = counts.argsort(stable=True)
    order = torch.empty_like(by_count)
    order[by_count] = torch.arange(atoms)
    by_atom = order[receivers].argsort(stable=True)
    counts = counts[by_count]
    rank = torch.arange(len(receivers)) - (counts.cumsum(0) - counts).repeat_interleave(counts)
    blocks, done = [], 0
    for start in range(0, atoms, BLOCK):
        own = counts[start : start + BLOCK]
        width, last = max(int(own[-1]), 1), done + int(own.sum())
        real = by_atom[done:last]
        filled = torch.arange(len(own)).repeat_interleave(own) * width + rank[done:last]
        of_slot = torch.zeros(len(own) * width, dtype=torch.long)
        of_slot[filled] = real
        empty = torch.ones(len(own) * width, 1, dtype=torch.bool)
        empty[filled] = False
        blocks.append(
            _Block(
                atoms=by_count[start : start + BLOCK],
                width=width,
                edges=of_slot,
                senders=senders[of_slot],
                real=real,
                filled=filled,
                empty=empty if len(real) < len(of_slot) else None,
            )
        )
        done = last
    return blocks


class _Messages(torch.autograd.Function):
    """The sum and its derivatives, by blocks of atoms."""

    @staticmethod
    def forward(
        ctx: Any,
        features: torch.Tensor,
        harmonics: torch.Tensor,
        weights: torch.Tensor,
        blocks: Sequence[_Block],
        paths: Sequence[_Path],
        width: int,
    ) -> torch.Tensor:
        ctx.save_for_backward(features, harmonics, weights)
        ctx.blocks, ctx.paths = blocks, paths
        found = features.new_empty(len(features), width)
        for block in blocks:
            x, y, w = _gathered(features, harmonics, weights, block)
            messages = x.new_zeros(len(y), width)
            for path in paths:
                weighted = _weighted(path, x, w).view(len(y), block.width, -1)
                outer = torch.bmm(weighted.transpose(1, 2), y[:, :, path.harmonics])
                messages[:, path.output] += _coupled(path, outer)
            found.index_copy_(0, block.atoms, messages)
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *given: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        features, harmonics, weights = ctx.saved_tensors
        dy, dw = torch.empty_like(harmonics), torch.empty_like(weights)
        dx, by_features = torch.zeros_like(features), ctx.needs_input_grad[0]
        for block in ctx.blocks:
            own = _gathered(features, harmonics, weights, block)
            own_dx = torch.zeros_like(own[0]) if by_features else None
            slope = given[0].index_select(0, block.atoms)
            own_dy, own_dw = _slopes(ctx.paths, own, slope, own_dx)
            dy.index_copy_(0, block.real, own_dy.index_select(0, block.filled))
            dw.index_copy_(0, block.real, own_dw.index_select(0, block.filled))
            if own_dx is not None:
                dx.index_add_(0, block.senders, own_dx)
        return dx if by_features else None, dy, dw, None, None, None


Gathered = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def _gathered(
    features: torch.Tensor, harmonics: torch.Tensor, weights: torch.Tensor, block: _Block
) -> Gathered:
    """Return x (slots, D), Y (atoms, width, L) and w (slots, W) of a block; Y of no edge is 0."""
    y = harmonics.index_select(0, block.edges)
    if block.empty is not None:
        y.masked_fill_(block.empty, 0.0)
    x, w = features.index_select(0, block.senders), weights.index_select(0, block.edges)
    return x, y.view(-1, block.width, y.shape[1]), w


def _weighted(path: _Path, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """Return w x (slots, 2l + 1, channels)."""
    return w[:, None, path.weights] * x[:, path.features].view(-1, path.m_features, path.channels)


def _coupled(path: _Path, outer: torch.Tensor) -> torch.Tensor:
    """Return the messages (atoms, channels × m) of Σ w x ⊗ Y (atoms, m_x × channels, m_Y)."""
    pairs = outer.view(-1, path.m_features, path.channels, path.m_harmonics).transpose(1, 2)
    return (pairs.reshape(-1, len(path.coupling)) @ path.coupling).view(len(outer), -1)


def _slopes(
    paths: Sequence[_Path], gathered: Gathered, slope: torch.Tensor, dx: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the derivatives by Y (slots, L) and w (slots, W), and add those by x to dx, if any.

    slope: that by the messages (atoms, D') of the block; dx: (slots, D).
    """
    x, y, w = gathered
    atoms, width = y.shape[:2]
    dy, dw = torch.zeros_like(y), torch.empty_like(w)
    for path in paths:
        pairs = slope[:, path.output].reshape(-1, path.coupling.shape[1]) @ path.coupling.T
        pairs = pairs.view(atoms, path.channels, path.m_features, path.m_harmonics)
        outer = pairs.transpose(1, 2).reshape(atoms, -1, path.m_harmonics)
        shape = (-1, path.m_features, path.channels)
        dy[:, :, path.harmonics] += torch.bmm(_weighted(path, x, w).view(atoms, width, -1), outer)
        weighted = torch.bmm(y[:, :, path.harmonics], outer.transpose(1, 2)).view(shape)
        by_m = x[:, path.features].view(shape)
        torch.mul(weighted[:, 0], by_m[:, 0], out=dw[:, path.weights])
        for m in range(1, path.m_features):
            dw[:, path.weights].addcmul_(weighted[:, m], by_m[:, m])
        if dx is not None:
            dx[:, path.features].view(shape).addcmul_(weighted, w[:, None, path.weights])
    return dy.flatten(0, 1), dw
