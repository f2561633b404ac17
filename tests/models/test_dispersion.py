"""Dispersion: three libraries, one energy; and that energy from its formula."""

import itertools
from typing import get_args

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.calculator import all_changes
from ase.units import Bohr, Hartree

from anodeflow.errors import ConfigError, DeviceError
from anodeflow.models import d3
from anodeflow.models.dispersion import DAMPING_BJ, load_dispersion, load_plain_dispersion
from anodeflow.models.settings import D3_OF_FUNCTIONAL, Dispersion

SETTINGS = {
    "functional": "pbe",
    "damping": "bj",
    "pair_cutoff_bohr": 40.0,
    "coordination_cutoff_bohr": 40.0,
    "library": "anodeflow",
}
THREE_BODY = {"three_body_cutoff_bohr": 15.0}
LIBRARIES = get_args(Dispersion.model_fields["library"].annotation)
OTHERS = [name for name in DAMPING_BJ if name != "pbe"]
KEYS = (("energy", 1e-9), ("forces", 1e-10), ("stress", 1e-12))


def _stack() -> Atoms:
    a = 3.03
    cell = [[a, 0, 0], [-a / 2, a * np.sqrt(3) / 2, 0], [0, 0, 40]]
    third = np.array([[0, 0], [1 / 3, 2 / 3], [2 / 3, 1 / 3], [1 / 3, 2 / 3], [2 / 3, 1 / 3]])
    heights = np.array([0, -1.313, 1.313, 2.232, -2.232])
    mxene = Atoms("CTi2O2", cell=cell, pbc=True)
    mxene.set_scaled_positions(np.column_stack([third, (17 + heights) / 40]))
    layer = Atoms("C2", cell=cell, pbc=True)
    layer.set_scaled_positions([[1 / 3, 2 / 3, 22.6 / 40], [2 / 3, 1 / 3, 22.6 / 40]])
    stack = (mxene + layer).repeat((2, 1, 1))
    stack.rattle(0.05, seed=3)
    return stack


def _molecule_in_a_cell() -> Atoms:
    atoms = molecule("C2H6CHOH", vacuum=3.0)
    atoms.pbc = True
    return atoms


def _results(atoms: Atoms, **changes) -> tuple[float, np.ndarray, np.ndarray]:
    atoms = atoms.copy()
    atoms.calc = load_dispersion({**SETTINGS, **changes}, device="cpu")
    return atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()


def _every_element() -> Atoms:
    atoms = bulk("Po", "sc", a=3.2).repeat((5, 5, 4))
    del atoms[94:]
    atoms.numbers = np.arange(1, 95)
    atoms.rattle(0.2, seed=4)
    return atoms


def test_every_functional_of_the_configuration_has_its_damping():
    assert tuple(DAMPING_BJ) == tuple(dict.fromkeys(filter(None, D3_OF_FUNCTIONAL.values())))


@pytest.mark.parametrize("library", ["dftd3", "torch-dftd"])
@pytest.mark.parametrize(
    ("functional", "build", "coordination"),
    [
        *itertools.product(["pbe"], [_stack, _molecule_in_a_cell], [40.0, 12.0]),
        *itertools.product(OTHERS, [_stack], [40.0]),
    ],
)
def test_energy_forces_and_stress_are_those_of_the_packages(
    build, library, functional, coordination
):
    atoms = build()
    both = {"functional": functional, "coordination_cutoff_bohr": coordination}
    ours, theirs = (_results(atoms, library=name, **both) for name in ("anodeflow", library))
    assert abs(ours[0] - theirs[0]) / len(atoms) < 1e-6
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-6, rtol=0)
    np.testing.assert_allclose(ours[2], theirs[2], atol=1e-8, rtol=0)


def test_every_element_that_d3_knows_has_the_package_s_numbers():
    atoms = _every_element()
    short = {"pair_cutoff_bohr": 20.0, "coordination_cutoff_bohr": 20.0}
    ours, theirs = (_results(atoms, library=name, **short) for name in ("anodeflow", "torch-dftd"))
    assert ours[0] == pytest.approx(theirs[0], rel=1e-6)
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-5, rtol=0)


def test_without_cell_and_with_one_that_repeats_in_two_directions_it_is_the_package_s():
    free, slab = molecule("C2H6CHOH"), _stack()
    slab.pbc = (True, True, False)
    slab.positions[:, 2] += 30.0
    for atoms in (free, slab):
        energies, forces = [], []
        for library in ("anodeflow", "dftd3"):
            atoms.calc = load_dispersion({**SETTINGS, "library": library}, device="cpu")
            energies.append(atoms.get_potential_energy())
            forces.append(atoms.get_forces())
        assert energies[0] == pytest.approx(energies[1], abs=1e-6)
        np.testing.assert_allclose(forces[0], forces[1], atol=1e-6, rtol=0)


@pytest.mark.parametrize("functional", DAMPING_BJ)
def test_the_damping_numbers_are_those_in_the_library_s_own_table(functional):
    from dftd3.ase import DFTD3
    from dftd3.interface import RationalDampingParam

    atoms = _molecule_in_a_cell()
    ours = _results(atoms, library="dftd3", functional=functional)[0]
    atoms.calc = DFTD3(
        damping="d3bj", realspace_cutoff={"disp2": 40 * Bohr, "cn": 40 * Bohr, "disp3": 40 * Bohr}
    )
    atoms.calc._dpar = RationalDampingParam(method=functional, atm=False)
    assert ours == pytest.approx(atoms.get_potential_energy(), abs=1e-10)


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_argon_pair_follows_the_formula(library):
    # C6(Ar-Ar) and the square root of Q(Ar), in atomic units, from the tables of the DFT-D3
    # program: Grimme et al., J. Chem. Phys. 132, 154104 (2010).
    c6, root_q = 64.6462, 3.446773
    c8 = 3 * c6 * root_q**2
    s = DAMPING_BJ["pbe"]
    r, f = 5.0 / Bohr, s["a1"] * np.sqrt(c8 / c6) + s["a2"]
    expected = -Hartree * (s["s6"] * c6 / (r**6 + f**6) + s["s8"] * c8 / (r**8 + f**8))
    pair = Atoms("Ar2", [[0, 0, 0], [0, 0, 5.0]])
    pair.calc = load_dispersion({**SETTINGS, "library": library}, device="cpu")
    assert pair.get_potential_energy() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("library", LIBRARIES)
def test_three_argon_atoms_are_three_pairs_because_the_three_body_term_is_off(library):
    corners = 4.5 * np.array([[0, 0, 0], [1, 0, 0], [0.5, np.sqrt(3) / 2, 0]])
    energies = []
    for atoms in (Atoms("Ar2", corners[:2]), Atoms("Ar3", corners)):
        atoms.calc = load_dispersion({**SETTINGS, "library": library}, device="cpu")
        energies.append(atoms.get_potential_energy())
    assert energies[1] == pytest.approx(3 * energies[0], abs=1e-9)


# The cutoffs are sharp: slopes are taken where no pair of atoms comes near one.
def test_forces_are_the_slope_of_the_energy():
    atoms = molecule("C2H6CHOH")
    atoms.calc = load_dispersion(SETTINGS, device="cpu")
    step, forces = 1e-3, atoms.get_forces()
    for atom, axis in np.ndindex(forces.shape):
        energies = []
        for shift in (step, -step):
            moved = atoms.copy()
            moved.positions[atom, axis] += shift
            moved.calc = atoms.calc
            energies.append(moved.get_potential_energy())
        slope = (energies[0] - energies[1]) / (2 * step)
        assert forces[atom, axis] == pytest.approx(-slope, abs=1e-7)


def test_the_stress_is_the_slope_of_the_energy_with_strain():
    short = {"pair_cutoff_bohr": 20.0, "coordination_cutoff_bohr": 20.0}
    atoms = bulk("NaCl", "rocksalt", a=5.6)
    atoms.set_cell(atoms.cell.array @ [[1.0, 0.02, 0], [0, 1.01, 0.01], [0, 0, 0.98]], True)
    atoms.calc = load_dispersion(SETTINGS | short, device="cpu")
    step, stress = 1e-4, atoms.get_stress(voigt=False)
    for a, b in np.ndindex(stress.shape):
        energies = []
        for size in (step, -step):
            strain = np.eye(3)
            strain[a, b] += size
            bent = atoms.copy()
            bent.set_cell(atoms.cell.array @ strain, scale_atoms=True)
            bent.calc = atoms.calc
            energies.append(bent.get_potential_energy())
        slope = (energies[0] - energies[1]) / (2 * step)
        assert stress[a, b] * atoms.get_volume() == pytest.approx(slope, abs=1e-7)


def test_blocks_of_pairs_change_no_number(monkeypatch):
    atoms = _stack()
    whole = _results(atoms)
    monkeypatch.setitem(d3.BLOCK, "cpu", 1000)
    for found, expected in zip(_results(atoms), whole, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_an_atom_alone_has_none():
    energy, forces, stress = _results(Atoms("Ar", cell=[99.0] * 3, pbc=True))
    assert energy == 0 and not forces.any() and not stress.any()


def test_twice_the_cell_has_twice_the_energy_and_the_same_forces_and_stress():
    atoms = _stack()
    one, two = _results(atoms), _results(atoms.repeat((1, 2, 1)))
    assert two[0] == pytest.approx(2 * one[0], abs=1e-10)
    np.testing.assert_allclose(two[1], np.tile(one[1], (2, 1)), atol=1e-12, rtol=0)
    np.testing.assert_allclose(two[2], one[2], atol=1e-14, rtol=0)


def test_the_three_body_term_is_that_of_another_library():
    from torch_dftd.torch_dftd3_calculator import TorchDFTD3Calculator

    atoms = molecule("C2H6CHOH")
    atoms.rattle(0.05, seed=1)
    cutoffs = {"cutoff": 40 * Bohr, "cnthr": 40 * Bohr, "dtype": torch.float64}
    terms = []
    for with_it, without in (
        (
            load_dispersion(SETTINGS | {"library": "dftd3"} | own, device="cpu")
            for own in (THREE_BODY, {})
        ),
        (TorchDFTD3Calculator(xc="pbe", abc=abc, **cutoffs) for abc in (True, False)),
    ):
        found = []
        for atoms.calc in (with_it, without):
            found.append((atoms.get_potential_energy(), atoms.get_forces()))
        terms.append([one - other for one, other in zip(*found, strict=True)])
    (energy, forces), (expected, expected_forces) = terms
    assert energy == pytest.approx(expected, rel=1e-6) and abs(energy) > 1e-5
    np.testing.assert_allclose(forces, expected_forces, rtol=0, atol=1e-9)


def test_with_the_three_body_term_the_plain_calculator_has_it_as_well():
    settings, atoms = SETTINGS | {"library": "dftd3"} | THREE_BODY, _stack()
    ours = _results(atoms, **settings)
    atoms.calc = load_plain_dispersion(settings)
    plain = atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
    for found, expected, allowed in zip(ours, plain, (1e-6, 1e-6, 1e-8), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=allowed * len(atoms))
    assert abs(plain[0] - _results(atoms)[0]) > 1e-3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"functional": "b3lyp"},
            "for the functional 'b3lyp': allowed are pbe, pbesol",
        ),
        ({"three_body_cutoff_bohr": 15.0}, "is for library dftd3, not for anodeflow"),
        ({"damping": "zero"}, "damping is 'zero'; allowed are bj"),
        ({"library": "dftd4"}, "library is 'dftd4'; allowed are anodeflow, dftd3, torch-dftd"),
        ({"coordination_cutoff_bohr": 50.0}, "50.0 is beyond .* 40.0"),
    ],
)
def test_a_setting_that_is_not_on_offer_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        load_dispersion({**SETTINGS, **changes}, device="cpu")


def test_the_cpu_library_is_refused_on_a_gpu():
    with pytest.raises(DeviceError, match="dftd3 runs on the CPU only"):
        load_dispersion({**SETTINGS, "library": "dftd3"}, device="cuda")


def test_kept_pairs_give_to_the_bit_what_new_ones_give():
    moving, kept = _stack(), load_dispersion(SETTINGS, device="cpu")
    searches = set()
    for seed in range(12):  # by more than the skin in all
        moving.rattle(0.15, seed=seed)
        fresh = load_dispersion(SETTINGS, device="cpu")
        for calculator in (kept, fresh):
            calculator.calculate(moving, ["energy", "forces", "stress"], all_changes)
        for key, _ in KEYS:
            np.testing.assert_array_equal(kept.results[key], fresh.results[key])
        searches.add(kept._lists.searches)
    assert 1 < len(searches) < 12


@pytest.mark.parametrize("library", ["anodeflow", "torch-dftd"])
def test_a_batch_has_the_numbers_of_each_structure_alone(library):
    settings = {**SETTINGS, "library": library}
    together, alone = (load_dispersion(settings, device="cpu") for _ in range(2))
    structures = [_stack(), bulk("Na", "bcc", a=4.29), _stack()]
    for seed in range(2):  # members of one place find the lists of that place
        for atoms in structures:
            atoms.rattle(0.05, seed=seed)
        for found, atoms in zip(together.evaluate(structures), structures, strict=True):
            alone.calculate(atoms, ["energy", "forces", "stress"], all_changes)
            for key, tolerance in KEYS:
                np.testing.assert_allclose(found[key], alone.results[key], rtol=0, atol=tolerance)


def test_atoms_that_change_their_element_in_place_get_the_numbers_of_the_new_one():
    changing, calculator = _stack(), load_dispersion(SETTINGS, device="cpu")
    calculator.calculate(changing, ["energy"], all_changes)
    changing.numbers[-1] = 8
    calculator.calculate(changing, ["energy"], all_changes)
    assert calculator.results["energy"] == pytest.approx(_results(changing)[0], abs=1e-12)
