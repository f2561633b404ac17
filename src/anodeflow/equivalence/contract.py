"""What every calculator of a study promises, and which promises one breaks."""

import sys
from collections.abc import Iterator

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from scipy.spatial.transform import Rotation

from anodeflow.equivalence.work import broken_slopes
from anodeflow.evaluation.first_calls import warm_up
from anodeflow.models.interface import BatchCalculator, evaluate_each

NOISE = {"float64": 1e-5, "float32": 1e-3}
"""What two energies of some atoms may differ by, that should be one, eV."""

TURN = Rotation.from_euler("zyx", (25, -40, 70), degrees=True).as_matrix()


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
    calc: Calculator,
    atoms: Atoms | None = None,
    *,
    noise: float = NOISE["float64"],
    conservative: bool = True,
) -> list[str]:
    """Hold a calculator to what a study relies on.

    Energy, forces and stress have their shapes and are numbers; forces and stress do the work by
    which the energy changes (`work.broken_slopes`) and add up to no net force; the energy depends
    neither on where the structure stands, nor how it is turned, nor on the order of its atoms; two
    cells have twice the energy of one; several structures in one call get what each gets alone; and
    neither the structure nor torch's default dtype is changed.

    Args:
        calc: gives energy (eV), forces (N, 3) (eV/Å) and stress (6,) (eV/Å³).
        atoms: periodic, its forces not zero; by default `distorted_layer`.
        noise: what two of its energies may differ by, that should be one, eV.
        conservative: whether forces and stress are said to be slopes of the energy.

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
        if conservative:
            found += broken_slopes(calc, structure, noise=noise)
        for check in (_net_force, _invariance, _batches):
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
        elif not np.isfinite(values).all():
            yield f"the {name} hold what is no number, on atoms none of which touch"
    for name, before in atoms.arrays.items():
        if not np.array_equal(before, asked.arrays[name]):
            yield f"a call changes the {name} of the structure"
    if not np.array_equal(atoms.cell.array, asked.cell.array):
        yield "a call changes the cell of the structure"


def _net_force(calc: Calculator, atoms: Atoms, noise: float) -> Iterator[str]:
    net = np.linalg.norm(_evaluate(calc, atoms).get_forces().sum(axis=0))
    if not net <= len(atoms) * noise:
        yield f"the forces add up to {net:.3g} eV/Å, so that a structure would drift"


def _invariance(calc: Calculator, atoms: Atoms, noise: float) -> Iterator[str]:
    asked = _evaluate(calc, atoms)
    energy, forces = asked.get_potential_energy(), asked.get_forces()
    allowed = noise * len(atoms)
    shifted, turned, reversed_ = atoms.copy(), atoms.copy(), atoms[::-1]
    shifted.positions += (0.3, 0.2, 0.1)
    shifted.wrap()
    turned.set_cell(atoms.cell.array @ TURN.T)
    turned.positions = atoms.positions @ TURN.T
    others = {
        "moved as a whole": (shifted, forces),
        "turned as a whole": (turned, forces @ TURN.T),
        "listed in another order": (reversed_, forces[::-1]),
    }
    for how, (structure, expected) in others.items():
        other = _evaluate(calc, structure)
        if not abs(other.get_potential_energy() - energy) <= allowed:
            change = other.get_potential_energy() - energy
            yield f"the energy of a structure {how} is another by {change:.3g} eV"
        if not np.abs(other.get_forces() - expected).max() <= allowed:
            yield f"the forces in a structure {how} are others"
    double = _evaluate(calc, atoms.repeat((2, 1, 1))).get_potential_energy()
    if not abs(double - 2 * energy) <= 2 * allowed:
        yield (
            f"two cells have {double - 2 * energy:.3g} eV more than twice the energy of one: the "
            "energy is not that of the whole structure, but of an atom perhaps"
        )


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
