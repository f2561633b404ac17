"""Published and rigorous phonons of graphene side by side, with the demo model."""

from functools import cache

import numpy as np
import pytest
from demo_model import load_demo
from study import GRAPHENE

from anodeflow.stages.phonons.bands import run_bands_and_dos
from anodeflow.stages.phonons.force_constants import compute_force_constants
from anodeflow.structures.builders.layers import build_unit

CUTOFFS = {"pair_cutoff_bohr": 40.0, "coordination_cutoff_bohr": 40.0}
D3 = {"functional": "pbe", "damping": "bj", "library": "anodeflow"} | CUTOFFS


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The demo model with D3 and without."""
    folder = tmp_path_factory.mktemp("weights")
    return {bool(d3): load_demo(folder, "float64", dispersion=d3) for d3 in (D3, None)}


def graphene(height):
    """Return its unit cell in a cell so high (Å), also where the workflow would refuse it."""
    unit = build_unit(GRAPHENE, cell_height=40.0)
    unit.positions[:, 2] += (height - 40.0) / 2
    unit.cell[2, 2] = height
    return unit


@pytest.fixture(scope="module")
def phonons(models):
    """Return a function: phonons by cell height (Å), displacement (Å) and whether D3 is on."""

    @cache
    def compute(height, displacement, dispersion=True):
        unit = graphene(height)
        options = {"supercell": (5, 5, 1), "displacement": displacement}
        calc = models[dispersion]
        return compute_force_constants(unit, calc, on_step=lambda *_: None, **options)

    return compute


def bands(phonon, mesh=20):
    return run_bands_and_dos(phonon, path_points=300, mesh=(mesh, mesh, 1), dos_width_THz=0.4)


def moved(phonon, other):
    """Return how far frequencies lie apart along the path: (Q, B), THz."""
    return np.abs(bands(phonon).frequencies_THz - bands(other).frequencies_THz)


def test_the_published_displacement_alone_moves_frequencies_by_a_twentieth_of_a_thz(phonons):
    difference = moved(phonons(40.0, 0.05), phonons(40.0, 0.01))
    assert difference.mean() == pytest.approx(0.046, abs=0.005)
    assert difference.max() == pytest.approx(0.128, abs=0.01)


def test_a_cell_of_7_angstrom_is_beyond_the_models_reach_and_within_that_of_d3(models):
    energies = {}
    for dispersion, calc in models.items():
        for height in (40.0, 7.0):
            unit = graphene(height)
            unit.calc = calc
            energies[dispersion, height] = unit.get_potential_energy()
    assert energies[False, 7.0] == pytest.approx(energies[False, 40.0], abs=1e-7)
    between = energies[True, 7.0] - energies[True, 40.0]
    assert between == pytest.approx(-0.0079, abs=5e-4)  # eV, of two atoms


def test_in_a_cell_of_7_angstrom_d3_between_images_moves_the_lowest_branch_near_gamma(phonons):
    difference = moved(phonons(7.0, 0.01), phonons(40.0, 0.01))
    lowest, others = difference[:, 0], difference[:, 1:]
    assert lowest.max() == pytest.approx(0.20, abs=0.02)
    assert others.max() < 0.02
    near = np.abs(bands(phonons(7.0, 0.01)).fraction[lowest.argmax()] - np.array([0, 1])).min()
    assert near < 0.1


def test_the_direction_of_a_displacement_leans_with_the_cell_and_so_does_its_error(phonons):
    """Phonopy displaces along sums of cell vectors: 1·a + 1·c here, of the length asked for."""
    for height, in_plane in ((40.0, 0.29), (7.0, 0.87)):
        (displaced,) = phonons(height, 0.05).displacements
        assert np.hypot(*displaced[1:3]) / 0.05 == pytest.approx(in_plane, abs=0.005)
    # Without D3 no cell is felt, and yet the large displacement tells the two apart.
    alone = {u: moved(phonons(7.0, u, False), phonons(40.0, u, False)) for u in (0.01, 0.05)}
    assert alone[0.01].max() < 0.05
    assert alone[0.05].max() > 0.5


def test_published_settings_together_lower_the_residue_near_gamma(phonons):
    rigorous, published = phonons(40.0, 0.01), phonons(7.0, 0.05)
    difference = moved(published, rigorous)
    assert difference.mean() == pytest.approx(0.119, abs=0.01)
    assert difference.max() == pytest.approx(0.69, abs=0.05)
    assert bands(rigorous).mesh_frequencies_THz.min() == pytest.approx(-0.23, abs=0.01)
    assert bands(published).mesh_frequencies_THz.min() == pytest.approx(-0.37, abs=0.01)
    fine = bands(published, mesh=300)
    assert fine.mesh_frequencies_THz.min() == pytest.approx(-0.41, abs=0.01)
    # The finer mesh finds what the path passes.
    assert fine.mesh_frequencies_THz.min() == pytest.approx(
        bands(published).frequencies_THz.min(), abs=0.01
    )
