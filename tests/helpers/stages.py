"""The stages that keep unfinished work, each on a cheap potential, as their rules run them."""

import io
import time
from functools import partial

import numpy as np
from ase.build import bulk
from ase.calculators.emt import EMT
from corrugated import LATTICE, Corrugated, host, map_of, paths_of, sites_of, vibrations_of
from springs import Springs, assert_equal_to_the_last_bit, make_stack, simulate
from study import GRAPHENE, TI2CO2
from toy import Toy

from anodeflow.files.archives import read_archive, write_archive
from anodeflow.files.checkpoint_folder import part_folder
from anodeflow.stages.adhesion.layers_apart import reference_layers
from anodeflow.stages.adhesion.scan import scan_spacings
from anodeflow.stages.barriers.path_files import path_frames
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.stages.relaxation.minimum import relax
from anodeflow.stages.voltage.frozen_host import fill_frozen_host
from anodeflow.structures import roles
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers

RELAXATIONS = [
    (optimiser, cell)
    for optimiser in ("PreconBFGS", "BFGS", "LBFGS", "FIRE")
    for cell in ("fixed", "full")
]


def slow(kind: type) -> type:
    """Return a kind of calculator that leaves another process the time to kill this one."""

    class Slow(kind):
        def calculate(self, *args, **kwargs):
            super().calculate(*args, **kwargs)
            time.sleep(0.001)

    return Slow


def run_long(output, calculator=Springs):
    """Run 1 ps of dynamics with a checkpoint at every 23rd step."""
    stack = make_stack()
    options = {"production_ps": 0.9, "checkpoint_interval_ps": 0.023}
    simulate(output, stack=stack, calc=calculator(stack), **options)


def springy_stack():
    start = make_stack()
    shaken = start.copy()
    shaken.rattle(0.1, seed=1)
    return shaken, lambda kind: kind(start)


def shaken_copper():
    copper = bulk("Cu", cubic=True, a=3.7)
    copper.rattle(0.1, seed=1)
    return copper, lambda kind: kind()


# ASE's EMT keeps its list of neighbours while the cell is fixed, so its sums depend on the past.
RELAXED = {"fixed": (springy_stack, Springs), "full": (shaken_copper, EMT)}


def relax_one(output, *, optimiser, cell, calculator=None, fmax=1e-4, max_steps=2000):
    """Relax a shaken structure as the rule does, and keep every number of the result."""
    (atoms, make), usual = RELAXED[cell][0](), RELAXED[cell][1]
    with part_folder(output) as folder:
        relaxed = relax(
            atoms,
            make(calculator or usual),
            optimiser=optimiser,
            fmax=fmax,
            max_steps=max_steps,
            cell=cell,
            fingerprint_extra="calculator",
            checkpoint=folder / "relaxation.npz",
            unfinished=None,
            log=io.StringIO(),
        )
        keep([relaxed], output)


def keep(frames, output):
    """Write positions, cells, forces, energies and steps to the last bit."""
    arrays = {
        f"{name}{number}": value
        for number, atoms in enumerate(frames)
        for name, value in {
            "positions": atoms.positions,
            "cell": atoms.cell.array,
            "forces": atoms.get_forces(),
            "numbers": [atoms.info["energy_model"], atoms.info["fmax"], atoms.info["steps"]],
        }.items()
    }
    write_archive(output, arrays, {"frames": len(frames)})


def assert_same(output, other):
    (left, frames), (right, _) = read_archive(output), read_archive(other)
    assert left.keys() == right.keys()
    assert len(left) == 4 * frames["frames"] > 0
    for name, value in left.items():
        assert np.array_equal(value, right[name]), name


def rattled_stack():
    layers = [build_layer(settings, cell_height=40.0) for settings in (TI2CO2, GRAPHENE)]
    options = {"strained": "top", "spacing": 3.5, "registry": (0.0, 0.0), "strain_limit": 0.03}
    stack = stack_layers(*layers, cell_height=40.0, **options)
    z, tags = stack.positions[:, 2], stack.get_tags()
    planes = {tag: roles.facing(stack) for tag in roles.BOTTOM_TAGS if tag in tags}
    planes[roles.SHEET] = roles.sheet(stack)
    heights = {t: z[tags == t].mean() - z[mask].mean() for t, mask in planes.items()}
    for atoms in (stack, *layers):
        atoms.rattle(0.2, seed=2)
    return stack, layers, heights


def kept_in(folder, optimiser):
    return KeptMinima(folder, optimiser, 1e-6, 200, fingerprint_extra="toy", log=io.StringIO())


def scan(output, calculator=Toy):
    """Scan two spacings and relax the layers as the rule does."""
    stack, layers, heights = rattled_stack()
    calc = calculator(heights)
    with part_folder(output) as folder:
        kept = kept_in(folder, "BFGS")
        references = reference_layers(stack, *layers, calc, kept=kept)
        how = {"starts": "neighbour", "hold": "spacing", "on_point": lambda point: None}
        scanned = scan_spacings(stack, calc, spacings=[3.0, 4.0], kept=kept, **how)
        keep([*references.values(), *scanned], output)


class Sited(Toy):
    """The toy with sites off the place where ions are put, so that they have a way to go."""

    def calculate(self, atoms=None, *args, **kwargs):
        super().calculate(atoms, *args, **kwargs)
        ions = roles.ions(atoms)
        off = atoms.positions[ions, 0] - 3.0
        self.results["energy"] += (off**2).sum() / 2
        self.results["forces"][ions, 0] -= off


def fill(output, calculator=Sited):
    """Fill a frozen host with one, two and three ions as the rule does."""
    stack, _, heights = rattled_stack()
    with part_folder(output) as folder:
        filled = fill_frozen_host(
            stack,
            calculator(heights),
            element="Na",
            counts=[1, 2, 3],
            on_point=lambda point: None,
            kept=kept_in(folder, "FIRE"),
        )
        keep(filled, output)


def join_sites(output, calculator=Corrugated):
    """Find an ion's sites, a path between them, their vibrations and a map as the rules do."""
    stack = host()
    calc = calculator(stack, lattice=LATTICE, bulge=0.3)
    with part_folder(output) as folder:
        search = paths_of(stack, sites_of(stack, calc, folder), calc, folder)
        vibrations = vibrations_of(stack, search, calc, folder)
        points = map_of(stack, search.sites, calc, folder, step=1.5)
        frames = [*search.sites, *path_frames(search), *points]
        arrays = {
            f"{name}{number}": value
            for number, atoms in enumerate(frames)
            for name, value in {
                "positions": atoms.positions,
                "forces": atoms.get_forces(apply_constraint=False),
                "energy": atoms.get_potential_energy(),
            }.items()
        }
        modes = {**vibrations.sites, **vibrations.saddles}
        arrays |= {f"modes {name}": found.frequencies_THz for name, found in modes.items()}
        write_archive(output, arrays, {"paths": len(search.paths)})


def assert_same_network(output, other):
    (left, paths), (right, _) = read_archive(output), read_archive(other)
    assert left.keys() == right.keys()
    assert paths["paths"] == 1 and len(left) == 3 * (8 + 7 + 16) + 3
    for name, value in left.items():
        assert np.array_equal(value, right[name]), name


STAGES = {
    "network": (join_sites, slow(Corrugated), assert_same_network),
    "dynamics": (run_long, slow(Springs), assert_equal_to_the_last_bit),
    "scan": (scan, slow(Toy), assert_same),
    "frozen host": (fill, slow(Sited), assert_same),
} | {
    f"{optimiser}, {cell} cell": (
        partial(relax_one, optimiser=optimiser, cell=cell),
        slow(RELAXED[cell][1]),
        assert_same,
    )
    for optimiser, cell in RELAXATIONS
}
