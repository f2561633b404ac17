"""MACE evaluated with neighbour lists that are kept, and several structures in one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

SKIN = 0.5
"""Width (Å) of the shell that a neighbour list holds beyond the model's cutoff."""


@dataclass(frozen=True)
class _Neighbours:
    """Pairs (E,) nearer than cutoff + skin when the atoms stood at `positions` (N, 3) Å.

    D = x[receiver] - x[sender] + shift; they are sorted by sender, receiver and image, so that what
    is chosen from them does not depend on where the list was made.
    """

    key: tuple
    positions: np.ndarray
    sender: np.ndarray
    receiver: np.ndarray
    images: np.ndarray
    shifts: np.ndarray
    cell: np.ndarray

    def holds_for(self, atoms: Atoms) -> bool:
        """Say whether no pair can have come within the cutoff that is not in the list."""
        if self.key != _key(atoms):
            return False
        moved = ((atoms.positions - self.positions) ** 2).sum(axis=1)
        return bool(moved.max() < (SKIN / 2) ** 2)

    def within(self, positions: np.ndarray, cutoff: float) -> tuple[np.ndarray, ...]:
        """Return edges (2, E), shifts (E, 3) Å and images (E, 3) of pairs nearer than cutoff."""
        vectors = positions[self.receiver] - positions[self.sender] + self.shifts
        near = np.einsum("ij,ij->i", vectors, vectors) < cutoff**2
        edges = np.stack((self.sender[near], self.receiver[near]))
        return edges, self.shifts[near], self.images[near]


def load_mace(weights: Path, device: str, dtype: str) -> Calculator:
    """Load a MACE file; one whose model reads more than atoms and cell stays MACE's calculator."""
    from mace.calculators.mace import MACECalculator

    mace = MACECalculator(model_paths=[str(weights)], device=device, default_dtype=dtype)
    model = mace.models[0]
    plain = type(model).__name__ in ("MACE", "ScaleShiftMACE")
    # Charge or spin of the whole system may be embedded, which the batch made here does not hold.
    return MaceModel(mace) if plain and not hasattr(model, "joint_embedding") else mace


class MaceModel(Calculator):
    """What MACECalculator computes, without building its graph anew at every call.

    Energy (eV), forces (N, 3) (eV/Å) and stress (6,) (eV/Å³) as it gives them, to rounding.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012

    def __init__(self, mace: Calculator):
        """Take over the model of a MACECalculator."""
        super().__init__()
        self.mace = mace
        self._neighbours: dict[int, _Neighbours] = {}
        self._nodes: dict[tuple, dict] = {}

    def calculate(self, atoms=None, properties=None, system_changes=all_changes) -> None:
        """Evaluate one structure."""
        super().calculate(atoms, properties, system_changes)
        (self.results,) = self.evaluate([atoms])

    def evaluate(self, structures: Sequence[Atoms]) -> list[dict]:
        """Evaluate structures, of any elements and cells, in one call of the model.

        Returns the results of each as ASE names them. A structure's neighbour list is kept for the
        structure that stands in the same place in the next call.
        """
        batch = self._batch(structures)
        found = self.mace.models[0](batch, compute_stress=True)
        energies, forces, stresses = (
            found[name].detach().cpu().numpy() for name in ("energy", "forces", "stress")
        )
        ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
        return [
            {
                "energy": float(energy),
                "free_energy": float(energy),
                "forces": force,
                "stress": full_3x3_to_voigt_6_stress(stress),
            }
            for energy, force, stress in zip(
                energies, np.split(forces, ends), stresses, strict=True
            )
        ]

    def _batch(self, structures: Sequence[Atoms]) -> dict:
        import torch

        device, dtype = self.mace.device, torch.get_default_dtype()
        sizes = [len(atoms) for atoms in structures]
        ends = np.cumsum([0, *sizes])
        lists = [self._list(place, atoms) for place, atoms in enumerate(structures)]
        graphs = [
            neighbours.within(atoms.positions, self.mace.r_max)
            for neighbours, atoms in zip(lists, structures, strict=True)
        ]
        edges = [graph[0] + start for graph, start in zip(graphs, ends, strict=False)]
        floats = {
            "positions": [atoms.positions for atoms in structures],
            "shifts": [graph[1] for graph in graphs],
            "unit_shifts": [graph[2] for graph in graphs],
            "cell": [neighbours.cell for neighbours in lists],
        }
        integers = {
            "edge_index": np.concatenate(edges, axis=1),
            "batch": np.repeat(np.arange(len(sizes)), sizes),
            "ptr": ends,
        }
        nodes = [self._node_data(atoms) for atoms in structures]
        batch = {name: torch.cat([data[name] for data in nodes]) for name in ("node_attrs", "head")}
        batch |= {
            name: torch.as_tensor(np.concatenate(parts), dtype=dtype, device=device)
            for name, parts in floats.items()
        }
        return batch | {
            name: torch.as_tensor(values, dtype=torch.int64, device=device)
            for name, values in integers.items()
        }

    def _list(self, place: int, atoms: Atoms) -> _Neighbours:
        if not atoms.pbc.all():
            # MACE makes a cell up for these, out of the cutoff and of where the atoms are.
            return _find_neighbours(atoms, self.mace.r_max)
        kept = self._neighbours.get(place)
        if kept is None or not kept.holds_for(atoms):
            kept = self._neighbours[place] = _find_neighbours(atoms, self.mace.r_max + SKIN)
        return kept

    def _node_data(self, atoms: Atoms) -> dict:
        """Return what MACE makes of the elements, on the device."""
        numbers = tuple(atoms.numbers)
        if numbers not in self._nodes:
            batch = self.mace._atoms_to_batch(atoms)
            self._nodes[numbers] = {name: batch[name] for name in ("node_attrs", "head")}
        return self._nodes[numbers]


def _key(atoms: Atoms) -> tuple:
    return (len(atoms), atoms.cell.array.tobytes(), atoms.pbc.tobytes())


def _find_neighbours(atoms: Atoms, cutoff: float) -> _Neighbours:
    from mace.data.neighborhood import get_neighborhood

    (sender, receiver), shifts, images, cell = get_neighborhood(
        atoms.positions, cutoff, tuple(map(bool, atoms.pbc)), atoms.cell.array.copy()
    )
    order = np.lexsort((*images.T[::-1], receiver, sender))
    return _Neighbours(
        key=_key(atoms),
        positions=atoms.positions.copy(),
        sender=sender[order],
        receiver=receiver[order],
        images=images[order],
        shifts=shifts[order],
        cell=cell,
    )
