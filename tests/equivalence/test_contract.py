"""The contract that is shipped for authors of calculators finds what breaks it."""

import json

import numpy as np
import pytest
from ase import units
from ase.calculators.calculator import all_changes
from ase.calculators.lj import LennardJones

from anodeflow import testing
from anodeflow.equivalence import work
from anodeflow.models.interface import ModelCalculator
from anodeflow.testing import NOISE, broken_promises, distorted_layer

OPTIONS = {"sigma": 1.7, "epsilon": 0.05, "rc": 6.0, "smooth": True}


class Broken(LennardJones):
    """A pair potential with one fault."""

    fault = ""

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        """Compute, and spoil what the fault names."""
        super().calculate(atoms, ["energy", "forces", "stress"], system_changes)
        energy, forces, stress = (self.results[name] for name in ("energy", "forces", "stress"))
        x = atoms.positions
        faults = {
            "force 1 % too large": {"forces": 1.01 * forces},
            "force is the gradient": {"forces": -forces},
            "force in kcal/mol/Å": {"forces": forces * units.mol / units.kcal},
            "energy in Hartree": {"energy": energy / units.Hartree},
            "force in Hartree/Bohr": {"forces": forces * units.Bohr / units.Hartree},
            "force predicted directly": {"forces": directly(forces)},
            "force of another model": {"forces": forces[::-1].copy()},
            "force drifts": {
                "forces": forces + np.array([0.0, 0.0, 0.1]),
                "energy": energy - 0.1 * x[:, 2].sum(),
            },
            "stress 1 % too large": {"stress": 1.01 * stress},
            "stress as a pressure": {"stress": -stress},
            "stress in GPa": {"stress": stress / units.GPa},
            "stress in kbar": {"stress": -10 * stress / units.GPa},
            "stress as a virial": {"stress": -stress * atoms.get_volume()},
            "stress in another order": {"stress": stress[[0, 1, 2, 5, 4, 3]]},
            "shape": {"forces": np.zeros((1, 3))},
            "no number": {"forces": forces * np.nan},
            "place": {"energy": energy + np.sin(x[:, 0]).sum(), "forces": forces},
            "turned": {"energy": energy * (1 + 0.1 * atoms.cell[0, 1])},
            "energy of an atom": {"energy": energy / len(atoms), "forces": forces / len(atoms)},
            "order": {"energy": energy * (1 + 0.1 * atoms.numbers[0])},
        }
        self.results |= faults.get(self.fault, {})
        if self.fault == "input":
            atoms.positions += 0.1


def directly(forces):
    """Return forces (N, 3) that turn with the structure and add up to none, but are no slopes."""
    other = forces * (1 + (forces**2).sum(axis=1, keepdims=True))
    return other - other.mean(axis=0)


class SpoiltBatches(ModelCalculator):
    """Mixes up two structures of one call."""

    def evaluate(self, structures):
        """Return the results in the wrong order."""
        return super().evaluate(structures)[::-1]


def _broken(fault):
    calc = Broken(**OPTIONS)
    calc.fault = fault
    return broken_promises(calc)


def test_a_pair_potential_keeps_the_contract():
    assert broken_promises(LennardJones(**OPTIONS)) == []
    assert broken_promises(ModelCalculator(LennardJones(**OPTIONS), dtype=None)) == []


def test_a_kink_under_the_path_is_integrated_finely_before_it_is_a_fault():
    short = LennardJones(sigma=1.27, epsilon=2.8, rc=2.0, smooth=True)  # its cutoff is one
    few = work._work_of_forces(short, distorted_layer(), 2, work.POINTS)
    assert few.differ(NOISE["float64"])
    assert broken_promises(short) == []


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("force 1 % too large", "the forces are no slope of the energy"),
        ("force is the gradient", "the forces have the opposite sign"),
        ("force in kcal/mol/Å", "one of them in kcal/mol (factor 23.06"),
        ("energy in Hartree", "one of them in Hartree (factor 27.21"),
        ("force in Hartree/Bohr", "the forces are in Hartree/Bohr where the energy is in eV"),
        ("force predicted directly", "the forces are no slope of the energy"),
        ("force of another model", "the forces are no slope of the energy"),
        ("force drifts", "the forces add up to 0.5 eV/Å"),
        ("stress 1 % too large", "the stress (along x, along y, in shear, xy) is no slope"),
        ("stress as a pressure", "has the opposite sign, as a pressure"),
        ("stress in GPa", "is in GPa (factor 160.2"),
        ("stress in kbar", "is in kbar with the opposite sign (factor -1602"),
        ("stress as a virial", "is not divided by the volume and has the opposite sign"),
        ("stress in another order", "the stress (in shear, xy) is no slope of the energy"),
        ("shape", "where (5, 3) of float64 is needed"),
        ("no number", "hold what is no number"),
        ("place", "moved as a whole is another"),
        ("turned", "turned as a whole is another"),
        ("energy of an atom", "more than twice the energy of one: the energy is not that of the"),
        ("order", "listed in another order is another"),
        ("input", "changes the positions"),
    ],
)
def test_every_fault_is_found_and_its_cause_named(fault, sentence):
    found = _broken(fault)
    assert any(sentence in line for line in found), found


def test_direct_forces_are_let_pass_where_they_are_said_to_be_direct():
    calc = Broken(**OPTIONS)
    calc.fault = "force predicted directly"
    assert len(broken_promises(calc)) > 0
    assert broken_promises(calc, conservative=False) == []


def test_structures_of_one_call_that_are_mixed_up_are_found():
    found = broken_promises(SpoiltBatches(LennardJones(**OPTIONS), dtype=None))
    assert [line.partition(" of two")[0] for line in found] == ["energy", "forces", "stress"] * 2


@pytest.mark.parametrize(("noise", "code"), [("1e-5", 0), ("1e-30", 1)])
def test_the_command_ends_with_1_where_the_contract_is_broken(noise, code, capsys):
    entry = "ase.calculators.lj:LennardJones"
    with pytest.raises(SystemExit) as ended:
        testing.main([entry, json.dumps(OPTIONS), "--noise", noise])
    said = capsys.readouterr().out
    assert ended.value.code == code
    assert ("broken: the forces are" in said) == bool(code)
    assert ("keeps the contract" in said) != bool(code)


def test_the_layer_has_forces_that_no_symmetry_takes_away():
    atoms = distorted_layer()
    atoms.calc = LennardJones(**OPTIONS)
    assert (np.abs(atoms.get_forces()) > 1e-4).all()
