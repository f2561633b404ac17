"""A network of springs between the atoms of a small stack, and runs of dynamics on it."""

import h5py
import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.neighborlist import neighbor_list

from anodeflow.stages.dynamics.run import run_dynamics
from anodeflow.stages.dynamics.trajectory import read_trajectory

SETTINGS = {
    "temperature": 300.0,
    "timestep_fs": 1.0,
    "thermostat_time_fs": 100.0,
    "degrees_of_freedom": "counted",
    "equilibration_ps": 0.1,
    "production_ps": 0.2,
    "frame_interval_fs": 20.0,
    "ion_interval_fs": 10.0,
    "seed": 7,
    "hold_centres_of_mass": True,
    "stability": {"max_spacing": 6.0, "max_bond_stretch": 1.5, "max_temperature_K": 3000.0},
}


class Springs(Calculator):
    """Springs of stiffness k (eV/A^2) between all atoms within a cutoff of the start, at rest."""

    implemented_properties = ("energy", "forces")

    def __init__(self, start: Atoms, *, stiffness: float = 2.0, cutoff: float = 3.5):
        super().__init__()
        i, j, shift = neighbor_list("ijS", start, cutoff)
        once = i < j
        self.i, self.j, self.offset = i[once], j[once], shift[once] @ start.cell.array
        self.rest = np.linalg.norm(self._vectors(start.positions), axis=1)
        self.stiffness = stiffness
        self.calls = 0

    def _vectors(self, positions):
        return positions[self.j] + self.offset - positions[self.i]

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.calls += 1
        vectors = self._vectors(atoms.positions)
        lengths = np.linalg.norm(vectors, axis=1)
        stretch = lengths - self.rest
        pull = (self.stiffness * stretch / lengths)[:, None] * vectors
        forces = np.zeros((len(atoms), 3))
        np.add.at(forces, self.i, pull)
        np.add.at(forces, self.j, -pull)
        self.results = {"energy": 0.5 * self.stiffness * (stretch**2).sum(), "forces": forces}


class Interrupting(Springs):
    """Springs that break off at a given call, as a crash in the middle of a step would."""

    def __init__(self, start: Atoms, *, last_call: int):
        super().__init__(start)
        self.last_call = last_call

    def calculate(self, *args, **kwargs):
        if self.calls == self.last_call:
            raise RuntimeError("crash")
        super().calculate(*args, **kwargs)


def make_stack(*, bottom=2, top=2, lattice=2.46, ions=1, spacing=3.9):
    """Ti2CO2 below, a flat honeycomb sheet on the same cell above, ions in the middle."""
    side = bottom * lattice
    third, two_thirds = 1 / 3, 2 / 3
    layers = [
        ("O", 1, two_thirds, third, -2.232),
        ("Ti", 0, third, two_thirds, -1.313),
        ("C", 2, 0.0, 0.0, 0.0),
        ("Ti", 0, two_thirds, third, 1.313),
        ("O", 3, third, two_thirds, 2.232),
    ]
    z = 2.232 + spacing
    sheet = [("C", 10, 0.0, 0.0, z), ("C", 10, third, two_thirds, z)]
    rows = [
        (symbol, tag, (u + x) / count, (v + y) / count, height)
        for unit, count in ((layers, bottom), (sheet, top))
        for u in range(count)
        for v in range(count)
        for symbol, tag, x, y, height in unit
    ]
    rows += [("Na", 20, k / max(ions, 1), 0.1, 2.232 + spacing / 2) for k in range(ions)]
    cell = np.array([[side, 0, 0], [-side / 2, side * np.sqrt(3) / 2, 0], [0, 0, 40]])
    positions = [np.array([x, y, 0]) @ cell + [0, 0, 20 + height] for *_, x, y, height in rows]
    return Atoms(
        [row[0] for row in rows],
        positions=positions,
        cell=cell,
        pbc=True,
        tags=[row[1] for row in rows],
    )


SOFTWARE = {"software": {"springs": "1"}}


def simulate(
    output,
    *,
    stack=None,
    calc=None,
    load=None,
    checkpoint_interval_ps=0.05,
    software=SOFTWARE,
    **changes,
):
    stack = make_stack() if stack is None else stack
    calc = Springs(stack) if calc is None else calc
    run_dynamics(
        stack,
        load or (lambda: calc),
        output,
        settings=SETTINGS | changes,
        checkpoint_interval_ps=checkpoint_interval_ps,
        label="springs",
        software=lambda: software,
        fingerprint_extra="springs",
    )
    return read_trajectory(output)


def datasets(path):
    """Return every dataset and attribute of a file by its path."""
    found = {}

    def collect(name, item):
        found.update({f"{name}@{key}": np.asarray(value) for key, value in item.attrs.items()})
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(collect)
        for name in ("particles/all", "particles/ions", "observables"):
            for element in file.get(name, {}).values():
                if isinstance(element, h5py.Group):
                    for clock in {"step", "time"} & set(element):
                        found[f"{element.name}/{clock}"] = element[clock][()]
    return found


def assert_equal_to_the_last_bit(path, other):
    left, right = datasets(path), datasets(other)
    assert left.keys() == right.keys()
    assert len(left) > 20
    for name, value in left.items():
        assert np.array_equal(value, right[name]), name
