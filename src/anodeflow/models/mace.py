"""MACE evaluated with neighbour lists that are kept, and several structures in one call."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.stress import full_3x3_to_voigt_6_stress

from anodeflow.errors import CalculatorError
from anodeflow.models.interface import DeviceCalculator, Finish, Results
from anodeflow.models.mace_buffers import BufferedMace, FinishArrays, split_values
from anodeflow.models.neighbours import NeighbourLists, sent

if TYPE_CHECKING:
    import torch
    from mace.calculators.mace import MACECalculator

NODE_DATA = ("node_attrs", "head")

LARGEST_BATCH = 64


def load_mace(
    weights: Path,
    device: str,
    dtype: str,
    *,
    head: str | None = None,
    cuequivariance: bool = False,
    cuda_graphs: bool = False,
    contraction_by_element: bool = False,
) -> Calculator:
    """Load a MACE file; one whose model reads more than atoms and cell stays MACE's calculator.

    Raises:
        CalculatorError: the file has no such head, or several of which none is named.
    """
    import torch
    from mace.calculators.mace import MACECalculator

    loaded = torch.load(weights, map_location="cpu", weights_only=False)
    heads: Sequence[str] = getattr(loaded, "heads", ["Default"])
    _require_head(heads, head)
    mace: Any = MACECalculator(
        models=loaded,
        device=device,
        default_dtype=dtype,
        enable_cueq=cuequivariance,
        head=head or heads[0],
    )
    model = mace.models[0]
    plain = type(model).__name__ in ("MACE", "ScaleShiftMACE")
    # Charge or spin of the whole system may be embedded, which the batch made here does not hold.
    if not plain or hasattr(model, "joint_embedding"):
        mace.elements = _elements(mace)
        plainly: Calculator = mace
        return plainly
    if device == "cpu":
        _sum_messages_by_atom(model)
    if device == "cpu" or contraction_by_element:
        _contract_by_element(model)
    return MaceModel(mace, cuda_graphs=cuda_graphs)


def _require_head(heads: Sequence[str], head: str | None) -> None:
    """Refuse what MACECalculator takes another head for, with a warning or without."""
    if head in heads or (head is None and len(heads) == 1):
        return
    has = f"The model has the heads {', '.join(heads)}, and"
    asked = "none is named" if head is None else f"{head!r} is none of them"
    raise CalculatorError(f"{has} {asked}: name one (calculator.head).")


def _elements(mace: "MACECalculator") -> frozenset[int]:
    """Return the atomic numbers that a model was made for, which `ModelCalculator` holds to."""
    return frozenset(map(int, mace.z_table.zs))


def _contract_by_element(model: "torch.nn.Module") -> None:
    """Replace MACE's symmetric contractions; see `mace_contraction`."""
    from mace.modules.symmetric_contraction import SymmetricContraction

    from anodeflow.models.mace_contraction import ContractionByElement

    products: Any = model.products
    for product in products:
        if isinstance(product.symmetric_contractions, SymmetricContraction):
            product.symmetric_contractions = ContractionByElement(product.symmetric_contractions)


def _sum_messages_by_atom(model: "torch.nn.Module") -> None:
    """Let MACE's interactions sum messages as products of matrices; see `mace_messages`.

    It is the place that MACE has for modules that take products and their sum together.
    """
    from anodeflow.models.mace_messages import KeptBlocks, MessagesByAtom

    blocks, dtype = KeptBlocks(), next(model.parameters()).dtype
    interactions: Any = model.interactions
    for interaction in interactions:
        if MessagesByAtom.takes(interaction.conv_tp) and not hasattr(interaction, "conv_fusion"):
            interaction.conv_tp = MessagesByAtom(interaction.conv_tp, blocks, dtype)
            interaction.conv_fusion = True


class MaceModel(DeviceCalculator):
    """What MACECalculator computes, without building its graph anew at every call.

    Energy (eV), forces (N, 3) (eV/Å) and stress (6,) (eV/Å³) as it gives them, to rounding.
    """

    def __init__(self, mace: "MACECalculator", *, cuda_graphs: bool = False):
        """Take over the model of a MACECalculator, whose calls may be replayed as CUDA graphs."""
        super().__init__()
        self.mace = mace
        # On a CPU a batch takes as long as its members one by one (docs/benchmarks.md).
        self.batch_size = LARGEST_BATCH if mace.device.type == "cuda" else 1
        self._lists = NeighbourLists(mace.r_max, mace.device)
        self._numbers: list[bytes] = []
        self._cuda_graphs = cuda_graphs
        self._buffered: BufferedMace | None = None

    @property
    def elements(self) -> frozenset[int]:
        """Return the atomic numbers that the model was made for."""
        return _elements(self.mace)

    def begin(self, structures: Sequence[Atoms]) -> Finish:
        """Begin one call of the model for structures of any elements and cells.

        A structure's neighbour list is kept for the structure that stands in the same place in the
        next call.
        """
        if self._cuda_graphs and all(atoms.pbc.all() for atoms in structures):
            finish = self._buffers(structures).begin(structures)
        else:
            finish = self._begin(structures)

        def results() -> list[Results]:
            return [
                {
                    "energy": float(energy),
                    "free_energy": float(energy),
                    "forces": forces,
                    "stress": full_3x3_to_voigt_6_stress(stress),
                }
                for energy, forces, stress in zip(*finish(), strict=True)
            ]

        return results

    def _begin(self, structures: Sequence[Atoms]) -> FinishArrays:
        import torch

        found = self.mace.models[0](self._batch(structures), compute_stress=True)
        parts = [found[name].detach().flatten() for name in ("energy", "forces", "stress")]
        values = torch.cat([part.double() for part in parts])  # one copy from the device
        precision = str(parts[1].dtype).removeprefix("torch.")
        return lambda: split_values(
            values.cpu().numpy(), [len(atoms) for atoms in structures], precision
        )

    def _buffers(self, structures: Sequence[Atoms]) -> BufferedMace:
        """Return buffers for structures of these atoms, those of the last call where they are."""
        nodes, buffered = self._nodes(structures), self._buffered
        if buffered is None or buffered.nodes is not nodes:
            self._buffered = buffered = None  # and with it the memory
            buffered = BufferedMace(self.mace.models[0], nodes, self._lists, structures)
            self._buffered = buffered
        return buffered

    def _batch(self, structures: Sequence[Atoms]) -> dict[str, Any]:
        import torch

        joined = np.concatenate([atoms.positions for atoms in structures])
        positions = sent(joined, self.mace.device)
        pairs: Sequence[torch.Tensor | np.ndarray]
        if all(atoms.pbc.all() for atoms in structures):
            cell = np.concatenate([atoms.cell.array for atoms in structures])
            pairs = (*self._lists.pairs(structures, positions), cell)
        else:
            pairs = self._searched(structures)
        edges, shifts, images, cells = pairs
        floats = {"positions": positions, "shifts": shifts, "unit_shifts": images, "cell": cells}
        return {
            "edge_index": sent(edges, self.mace.device),
            **self._nodes(structures),
            **{
                name: sent(values, self.mace.device).to(torch.get_default_dtype())
                for name, values in floats.items()
            },
        }

    def _searched(self, structures: Sequence[Atoms]) -> tuple[np.ndarray, ...]:
        """Return edges, shifts, images and cells of structures that are not all periodic.

        MACE makes a cell up for these, out of the cutoff and of where the atoms are.
        """
        from mace.data.neighborhood import get_neighborhood

        starts = itertools.accumulate((len(atoms) for atoms in structures), initial=0)
        found = []
        for start, atoms in zip(starts, structures, strict=False):
            edges, *others = get_neighborhood(
                atoms.positions,
                self.mace.r_max,
                (bool(atoms.pbc[0]), bool(atoms.pbc[1]), bool(atoms.pbc[2])),
                atoms.cell.array.copy(),
            )
            found.append((edges.astype("int64").T + start, *others))
        edges, shifts, images, cells = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return edges.T, shifts, images, cells

    def _nodes(self, structures: Sequence[Atoms]) -> dict[str, Any]:
        """Return what does not change with positions and cells; made anew for other atoms."""
        import torch

        numbers = [atoms.numbers.tobytes() for atoms in structures]
        if numbers != self._numbers:
            batches = [self.mace._atoms_to_batch(atoms) for atoms in structures]
            device, sizes = self.mace.device, [len(atoms) for atoms in structures]
            ends = list(itertools.accumulate(sizes, initial=0))
            places = torch.arange(len(sizes), device=device)
            self._kept_nodes = {
                "ptr": torch.as_tensor(ends, device=device),
                "batch": places.repeat_interleave(torch.as_tensor(sizes, device=device)),
                **{name: torch.cat([batch[name] for batch in batches]) for name in NODE_DATA},
            }
            self._numbers = numbers
        return self._kept_nodes
