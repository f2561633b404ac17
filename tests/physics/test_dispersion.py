"""Dispersion: two libraries, one energy; and that energy from its formula."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.calculator import all_changes
from ase.units import Bohr, Hartree

from anodeflow.dispersion import DAMPING_BJ, load_dispersion, load_plain_dispersion
from anodeflow.errors import ConfigError, DeviceError

SETTINGS = {
    "functional": "pbe",
    "damping": "bj",
    "pair_cutoff_bohr": 40.0,
    "coordination_cutoff_bohr": 40.0,
    "library": "auto",
}


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


@pytest.mark.parametrize("functional", DAMPING_BJ)
@pytest.mark.parametrize("build", [_stack, _molecule_in_a_cell])
def test_both_libraries_give_the_same_energy_forces_and_stress(build, functional):
    atoms = build()
    fast = _results(atoms, library="dftd3", functional=functional)
    torch = _results(atoms, library="torch-dftd", functional=functional)
    assert abs(fast[0] - torch[0]) / len(atoms) < 1e-6
    np.testing.assert_allclose(fast[1], torch[1], atol=1e-5, rtol=0)
    np.testing.assert_allclose(fast[2], torch[2], atol=1e-7, rtol=0)


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


@pytest.mark.parametrize("library", ["dftd3", "torch-dftd"])
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


@pytest.mark.parametrize("library", ["dftd3", "torch-dftd"])
def test_three_argon_atoms_are_three_pairs_because_the_three_body_term_is_off(library):
    corners = 4.5 * np.array([[0, 0, 0], [1, 0, 0], [0.5, np.sqrt(3) / 2, 0]])
    energies = []
    for atoms in (Atoms("Ar2", corners[:2]), Atoms("Ar3", corners)):
        atoms.calc = load_dispersion({**SETTINGS, "library": library}, device="cpu")
        energies.append(atoms.get_potential_energy())
    assert energies[1] == pytest.approx(3 * energies[0], abs=1e-9)


def test_forces_are_the_slope_of_the_energy():
    atoms = _stack()
    atoms.calc = load_dispersion(SETTINGS, device="cpu")
    force, step, energies = atoms.get_forces()[3, 2], 1e-3, []
    for shift in (step, -step):
        moved = atoms.copy()
        moved.positions[3, 2] += shift
        moved.calc = atoms.calc
        energies.append(moved.get_potential_energy())
    assert force == pytest.approx(-(energies[0] - energies[1]) / (2 * step), abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"functional": "b3lyp"}, "functional is 'b3lyp'; allowed are pbe"),
        ({"damping": "zero"}, "damping is 'zero'; allowed are bj"),
        ({"library": "dftd4"}, "library is 'dftd4'; allowed are auto, dftd3, torch-dftd"),
        ({"coordination_cutoff_bohr": 50.0}, "50.0 is beyond .* 40.0"),
    ],
)
def test_a_setting_that_is_not_on_offer_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        load_dispersion({**SETTINGS, **changes}, device="cpu")


def test_the_cpu_library_is_refused_on_a_gpu():
    with pytest.raises(DeviceError, match="dftd3 runs on the CPU only"):
        load_dispersion({**SETTINGS, "library": "dftd3"}, device="cuda")


def test_kept_pairs_give_what_torch_dftd_finds_for_itself():
    kept = load_dispersion({**SETTINGS, "library": "torch-dftd"}, device="cpu")
    plain = load_plain_dispersion(SETTINGS)
    moving = _stack()
    for seed in range(4):  # by more than the skin in all
        moving.rattle(0.05, seed=seed)
        for calculator in (kept, plain):
            calculator.calculate(moving, ["energy", "forces", "stress"], all_changes)
        for key, tolerance in (("energy", 1e-9), ("forces", 1e-10), ("stress", 1e-12)):
            found, expected = kept.results[key], plain.results[key]
            np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def test_a_batch_has_the_numbers_of_each_structure_alone():
    calculator = load_dispersion({**SETTINGS, "library": "torch-dftd"}, device="cpu")
    plain = load_plain_dispersion(SETTINGS)
    structures = [_stack(), bulk("Na", "bcc", a=4.29), _stack()]
    for seed in range(2):  # members of one place find the lists of that place
        for atoms in structures:
            atoms.rattle(0.05, seed=seed)
        for found, atoms in zip(calculator.evaluate(structures), structures, strict=True):
            plain.calculate(atoms, ["energy", "forces", "stress"], all_changes)
            for key, tolerance in (("energy", 1e-9), ("forces", 1e-10), ("stress", 1e-12)):
                np.testing.assert_allclose(found[key], plain.results[key], rtol=0, atol=tolerance)


def test_kept_pairs_give_to_the_bit_what_new_ones_give():
    settings = {**SETTINGS, "library": "torch-dftd"}
    moving, energies = _stack(), []
    kept, fresh = (load_dispersion(settings, device="cpu") for _ in range(2))
    kept.calculate(moving, ["energy", "forces"], all_changes)
    moving.rattle(0.02, seed=1)
    for calculator in (kept, fresh):
        calculator.calculate(moving, ["energy", "forces"], all_changes)
        energies.append(calculator.results["energy"])
    assert energies[0] == energies[1]
