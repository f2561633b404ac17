"""The contract of every calculator in a study, for those who write calculators.

`python -m anodeflow.testing module:name '{"keyword": "value"}'` holds a calculator to it on a
distorted layer of Ti2CO2; `broken_promises` does so in a test, on a structure that the calculator
is made for.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.evaluation.first_calls import warm_up
from anodeflow.models.child.calculator_process import open_calculator
from anodeflow.models.interface import BatchCalculator, evaluate_each

STEP = 1e-2
"""Step (Å) of the central differences of the energy by a position."""

STRAIN = 5e-3
"""Step of those by a strain."""

NOISE = 1e-5
"""Noise of a central difference of energies in float64, eV/Å; in float32 it is some 2e-2."""


def distorted_layer() -> Atoms:
    """Return a unit cell of Ti2CO2 (5 atoms) whose atoms stand where no symmetry holds them."""
    a = 3.03
    cell = [[a, 0, 0], [-a / 2, a * np.sqrt(3) / 2, 0], [0, 0, 20]]
    lateral = np.array([[0, 0], [1, 2], [2, 1], [1, 2], [2, 1]]) / 3
    heights = 10 + np.array([0, -1.313, 1.313, 2.232, -2.232])
    scaled = np.column_stack([lateral, heights / 20])
    atoms = Atoms("CTi2O2", scaled_positions=scaled, cell=cell, pbc=True, tags=[2, 0, 0, 3, 1])
    atoms.rattle(0.05, seed=2)
    return atoms


def broken_promises(
    calc: Calculator, atoms: Atoms | None = None, *, noise: float = NOISE
) -> list[str]:
    """Hold a calculator to what a study relies on.

    Energy, forces and stress have their shapes, forces and stress are the slopes of the energy,
    the energy depends neither on where the structure stands nor on the order of its atoms, two
    cells have twice the energy of one, several structures in one call get what each gets alone, and
    neither the structure nor torch's default dtype is changed.

    Args:
        calc: gives energy (eV), forces (N, 3) (eV/Å) and stress (6,) (eV/Å³).
        atoms: periodic, its forces not zero; by default `distorted_layer`.
        noise: what a central difference of its energies may be off by, eV/Å.

    Returns:
        a sentence for each promise that is broken.
    """
    structure = distorted_layer() if atoms is None else atoms.copy()
    dtype = _torch_dtype()
    probe = structure.copy()
    probe.calc = calc
    warm_up(probe)
    found = list(_shapes(calc, structure))
    if not found:
        for check in (_slopes, _invariance, _batches):
            found += check(calc, structure, noise)
    if _torch_dtype() != dtype:
        found.append(f"torch's default dtype was {dtype} and is {_torch_dtype()} after a call")
    return found


def _evaluate(calc: Calculator, atoms: Atoms) -> Atoms:
    """Return a copy that the calculator has been asked about."""
    asked: Atoms = atoms.copy()
    asked.calc = calc
    asked.get_potential_energy()
    return asked


def _shapes(calc: Calculator, atoms: Atoms) -> Iterator[str]:
    asked = atoms.copy()
    asked.calc = calc
    energy = asked.get_potential_energy()
    if not isinstance(energy, float):
        yield f"the energy is a {type(energy).__name__}, where a float is needed"
    for name, values, shape in (
        ("forces", asked.get_forces(), (len(atoms), 3)),
        ("stress", asked.get_stress(), (6,)),
    ):
        if np.shape(values) != shape or np.asarray(values).dtype != np.float64:
            kind = f"{np.shape(values)} of {np.asarray(values).dtype}"
            yield f"the {name} are {kind}, where {shape} of float64 is needed"
    for name, before in atoms.arrays.items():
        if not np.array_equal(before, asked.arrays[name]):
            yield f"a call changes the {name} of the structure"
    if not np.array_equal(atoms.cell.array, asked.cell.array):
        yield "a call changes the cell of the structure"


def _slopes(calc: Calculator, atoms: Atoms, noise: float) -> Iterator[str]:
    asked = _evaluate(calc, atoms)
    forces, stress = asked.get_forces(), asked.get_stress()
    for atom, axis in ((0, 0), (len(atoms) // 2, 2), (len(atoms) - 1, 1)):

        def moved(by: float, atom: int = atom, axis: int = axis) -> Atoms:
            structure: Atoms = atoms.copy()
            structure.positions[atom, axis] += by
            return structure

        slope = -_slope(calc, moved, STEP)
        if not abs(forces[atom, axis] - slope) <= noise:
            yield (
                f"the force on atom {atom} along {'xyz'[axis]} is {forces[atom, axis]:.6g} eV/Å, "
                f"but the energy falls by {slope:.6g} eV/Å there"
            )
    for axis in range(2):

        def strained(by: float, axis: int = axis) -> Atoms:
            structure: Atoms = atoms.copy()
            strain = np.eye(3)
            strain[axis, axis] += by
            structure.set_cell(atoms.cell.array @ strain, scale_atoms=True)
            return structure

        slope, virial = _slope(calc, strained, STRAIN), stress[axis] * atoms.get_volume()
        if not abs(virial - slope) <= 10 * noise:
            yield (
                f"stress times volume along {'xyz'[axis]} is {virial:.6g} eV, but the energy rises "
                f"by {slope:.6g} eV with strain"
            )


def _slope(calc: Calculator, changed: Callable[[float], Atoms], step: float) -> float:
    """Return the slope of the energy by five points."""
    far, near = (
        _evaluate(calc, changed(n * step)).get_potential_energy()
        - _evaluate(calc, changed(-n * step)).get_potential_energy()
        for n in (2, 1)
    )
    return float(8 * near - far) / (12 * step)


def _invariance(calc: Calculator, atoms: Atoms, noise: float) -> Iterator[str]:
    asked = _evaluate(calc, atoms)
    energy, forces = asked.get_potential_energy(), asked.get_forces()
    allowed = noise * len(atoms)
    shifted, reversed_ = atoms.copy(), atoms[::-1]
    shifted.positions += (0.3, 0.2, 0.1)
    shifted.wrap()
    others = {
        "moved as a whole": (_evaluate(calc, shifted), forces),
        "listed in another order": (_evaluate(calc, reversed_), forces[::-1]),
    }
    for how, (other, expected) in others.items():
        if not abs(other.get_potential_energy() - energy) <= allowed:
            change = other.get_potential_energy() - energy
            yield f"the energy of a structure {how} is another by {change:.3g} eV"
        if not np.abs(other.get_forces() - expected).max() <= allowed:
            yield f"the forces in a structure {how} are others"
    double = _evaluate(calc, atoms.repeat((2, 1, 1))).get_potential_energy()
    if not abs(double - 2 * energy) <= 2 * allowed:
        yield f"two cells have {double - 2 * energy:.3g} eV more than twice the energy of one"


def _batches(calc: Calculator, atoms: Atoms, noise: float) -> Iterator[str]:
    if not isinstance(calc, BatchCalculator):
        return
    other = atoms.repeat((2, 1, 1))
    other.rattle(0.02, seed=3)
    for alone, together in zip(
        [evaluate_each(calc, [structure])[0] for structure in (atoms, other)],
        calc.evaluate([atoms, other]),
        strict=True,
    ):
        for name in ("energy", "forces", "stress"):
            one, both = np.asarray(alone[name]), np.asarray(together[name])
            if one.shape != both.shape or not np.abs(one - both).max() <= noise:
                yield f"{name} of two structures in one call differ from what each gets alone"


def _torch_dtype() -> str:
    """Return torch's default dtype, without loading torch for it."""
    torch = sys.modules.get("torch")
    return str(torch.get_default_dtype()) if torch else "torch.float32"


def main(arguments: list[str] | None = None) -> None:
    """Hold a calculator to the contract, by its entry; exit with 1 where it breaks it."""
    parser = argparse.ArgumentParser(prog="python -m anodeflow.testing", description=main.__doc__)
    parser.add_argument("entry", help="class or function that returns it, as module:name")
    parser.add_argument("kwargs", nargs="?", default="{}", help="what it is called with, as JSON")
    parser.add_argument("--noise", type=float, default=NOISE, help="eV/Å; 2e-2 for float32")
    given = parser.parse_args(arguments)
    calc = open_calculator(given.entry, json.loads(given.kwargs))
    found = broken_promises(calc, noise=given.noise)
    for sentence in found:
        print(f"broken: {sentence}")
    print(f"{given.entry}: {f'{len(found)} promises broken' if found else 'keeps the contract'}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
