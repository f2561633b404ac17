"""MACE evaluated with neighbour lists that are kept, and several structures in one call."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from anodeflow.neighbours import NeighbourList

NODE_DATA = ("node_attrs", "head")


def load_mace(
    weights: Path, device: str, dtype: str, *, cuequivariance: bool = False
) -> Calculator:
    """Load a MACE file; one whose model reads more than atoms and cell stays MACE's calculator."""
    from mace.calculators.mace import MACECalculator

    mace = MACECalculator(
        model_paths=[str(weights)],
        device=device,
        default_dtype=dtype,
        enable_cueq=cuequivariance,
    )
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
        self._lists: dict[int, NeighbourList] = {}
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
        ends = [0, *itertools.accumulate(sizes)]
        graphs = [self._graph(place, atoms) for place, atoms in enumerate(structures)]
        nodes = [self._node_data(atoms) for atoms in structures]
        edges = [graph["edge_index"] + start for graph, start in zip(graphs, ends, strict=False)]
        places = torch.arange(len(sizes), device=device)
        return {
            "edge_index": torch.cat(edges, dim=1),
            "ptr": torch.as_tensor(ends, device=device),
            "batch": places.repeat_interleave(torch.as_tensor(sizes, device=device)),
            **{name: torch.cat([data[name] for data in nodes]) for name in NODE_DATA},
            **{
                name: torch.cat([graph[name] for graph in graphs]).to(dtype)
                for name in ("positions", "shifts", "unit_shifts", "cell")
            },
        }

    def _graph(self, place: int, atoms: Atoms) -> dict:
        """Return positions, cell and edges of a structure, floats in float64."""
        import torch

        device, cell = self.mace.device, atoms.cell.array
        if atoms.pbc.all():
            pairs = self._lists.setdefault(place, NeighbourList(self.mace.r_max, device))
            edges, shifts, images = pairs.pairs(atoms)
        else:
            # MACE makes a cell up for these, out of the cutoff and of where the atoms are.
            from mace.data.neighborhood import get_neighborhood

            edges, shifts, images, cell = get_neighborhood(
                atoms.positions, self.mace.r_max, tuple(map(bool, atoms.pbc)), cell.copy()
            )
            edges = edges.astype("int64")
        graph = {"edge_index": edges, "shifts": shifts, "unit_shifts": images}
        graph |= {"positions": atoms.positions, "cell": cell}
        return {name: torch.as_tensor(values, device=device) for name, values in graph.items()}

    def _node_data(self, atoms: Atoms) -> dict:
        """Return what MACE makes of the elements, on the device."""
        numbers = tuple(atoms.numbers)
        if numbers not in self._nodes:
            batch = self.mace._atoms_to_batch(atoms)
            self._nodes[numbers] = {name: batch[name] for name in NODE_DATA}
        return self._nodes[numbers]
