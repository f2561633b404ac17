"""The contract that is shipped for authors of calculators finds what breaks it."""

import json

import numpy as np
import pytest
from ase.calculators.calculator import all_changes
from ase.calculators.lj import LennardJones

from anodeflow import testing
from anodeflow.models.interface import ModelCalculator
from anodeflow.testing import broken_promises, distorted_layer

OPTIONS = {"sigma": 1.7, "epsilon": 0.05, "rc": 6.0, "smooth": True}


class Broken(LennardJones):
    """A pair potential with one fault."""

    fault = ""

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        """Compute, and spoil what the fault names."""
        super().calculate(atoms, ["energy", "forces", "stress"], system_changes)
        faults = {
            "force": lambda: self.results["forces"].__imul__(1.01),
            "stress": lambda: self.results["stress"].__imul__(1.01),
            "shape": lambda: self.results.update(forces=np.zeros((1, 3))),
            "place": lambda: self.results.update(
                energy=self.results["energy"] + atoms.positions[0, 0]
            ),
            "size": lambda: self.results.update(energy=self.results["energy"] + 1.0),
            "order": lambda: self.results.update(
                energy=self.results["energy"] * (1 + 0.1 * atoms.numbers[0])
            ),
            "input": lambda: atoms.positions.__iadd__(0.1),
        }
        faults.get(self.fault, lambda: None)()


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


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("force", "the energy falls by"),
        ("stress", "the energy rises"),
        ("shape", "where (5, 3) of float64 is needed"),
        ("place", "moved as a whole is another"),
        ("size", "more than twice the energy of one"),
        ("order", "listed in another order is another"),
        ("input", "changes the positions"),
    ],
)
def test_every_fault_is_found_and_said(fault, sentence):
    found = _broken(fault)
    assert any(sentence in line for line in found), found


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
    assert ("broken: the force on atom 0" in said) == bool(code)
    assert ("keeps the contract" in said) != bool(code)


def test_the_layer_has_forces_that_no_symmetry_takes_away():
    atoms = distorted_layer()
    atoms.calc = LennardJones(**OPTIONS)
    assert (np.abs(atoms.get_forces()) > 1e-4).all()
