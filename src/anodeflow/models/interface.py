"""The form that every model has here: ASE's, in float64, with D3 as an explicit sum."""

import abc
import contextlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.mixing import SumCalculator
from ase.data import atomic_numbers, chemical_symbols
from ase.stress import full_3x3_to_voigt_6_stress

from anodeflow.elements import told_unknown
from anodeflow.errors import CalculatorError

PROPERTIES = ("energy", "free_energy", "forces", "stress")

Results = dict[str, Any]
"""What ASE calls results: energy, free_energy (eV), forces (N, 3) (eV/Å), stress (6,) (eV/Å³)."""

Finish = Callable[[], list[Results]]
"""Waits for a call that a device has begun, and returns the results of each structure."""


@runtime_checkable
class BatchCalculator(Protocol):
    """A calculator that evaluates several structures in one call of its model."""

    batch_size: int
    """How many structures it takes at once."""

    def evaluate(self, structures: Sequence[Atoms]) -> list[Results]:
        """Return the results of each structure, as `calculate` leaves them of one."""


def batch_size(calc: Calculator) -> int:
    """Return how many structures a calculator takes at once: 1, if it is no BatchCalculator."""
    return calc.batch_size if isinstance(calc, BatchCalculator) else 1


def evaluate_each(calc: Calculator, structures: Sequence[Atoms]) -> list[Results]:
    """Return the results of each structure, in one call where the calculator takes batches."""
    if isinstance(calc, BatchCalculator):
        return calc.evaluate(structures)
    return [evaluate_alone(calc, atoms) for atoms in structures]


def evaluate_alone(calc: Calculator, atoms: Atoms) -> Results:
    """Return what any ASE calculator gives of one structure."""
    given = [name for name in PROPERTIES if name in calc.implemented_properties]
    calc.calculate(atoms, given, all_changes)
    return dict(calc.results)


class QuickState:
    """Notices a change as ASE does, in a tenth of the time, of what enters a model."""

    atoms: Atoms | None

    def check_state(self, atoms: Atoms, tol: float = 1e-15) -> list[str]:
        """Return which of numbers, positions (Å), cell (Å) and pbc have changed since last time."""
        before = self.atoms
        if before is None or len(before) != len(atoms):
            return list(all_changes)
        same = {  # a position that is no number is none that it was
            "positions": (np.abs(atoms.positions - before.positions) <= tol).all(),
            "numbers": (atoms.numbers == before.numbers).all(),
            "cell": (np.abs(atoms.cell.array - before.cell.array) <= tol).all(),
            "pbc": (atoms.pbc == before.pbc).all(),
        }
        return [name for name, is_same in same.items() if not is_same]


class StructureCalculator(QuickState, Calculator, abc.ABC):
    """An ASE calculator of which only `evaluate` is to be written."""

    implemented_properties = list(PROPERTIES)  # noqa: RUF012
    batch_size: int = 1

    def __init__(self) -> None:
        """Start without results."""
        Calculator.__init__(self)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = PROPERTIES,
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Compute energy (eV), forces (N, 3) (eV/Å) and stress (6,) (eV/Å³, ASE's sign)."""
        Calculator.calculate(self, atoms, properties, system_changes)
        assert self.atoms is not None
        (self.results,) = self.evaluate([self.atoms])

    @abc.abstractmethod
    def evaluate(self, structures: Sequence[Atoms]) -> list[Results]:
        """Return the results of each structure."""

    def begin(self, structures: Sequence[Atoms]) -> Finish:
        """Ask a device for the results of each structure, and return what waits for them.

        One call at a time. A calculator that waits anyhow has them when this returns.
        """
        found = self.evaluate(structures)
        return lambda: found


class DeviceCalculator(StructureCalculator):
    """A StructureCalculator of which only `begin` is to be written."""

    def evaluate(self, structures: Sequence[Atoms]) -> list[Results]:
        """Return the results of each structure."""
        return self.begin(structures)()

    @abc.abstractmethod
    def begin(self, structures: Sequence[Atoms]) -> Finish:
        """Ask the device for the results of each structure, and return what waits for them."""


class ModelCalculator(DeviceCalculator):
    """A foundation model that gives float64 arrays, Voigt stress and leaves torch as it was."""

    def __init__(
        self,
        inner: Calculator,
        *,
        dtype: str | None,
        name: str = "The model",
        elements: Iterable[str] | None = None,
    ):
        """Wrap a calculator.

        Args:
            inner: an ASE calculator, which may be a BatchCalculator; `elements`, if it has them,
                are the atomic numbers that it was made for.
            dtype: torch's default in its calls, None where it runs elsewhere.
            name: of the model, in sentences.
            elements: symbols of those that it was made for, where `inner` does not say; None if
                they are not known.
        """
        super().__init__()
        self.inner = inner
        self.dtype = dtype
        self.batch_size = batch_size(inner)
        self.called = name
        numbers = None if elements is None else frozenset(atomic_numbers[e] for e in elements)
        self.elements: frozenset[int] | None = getattr(inner, "elements", numbers)
        self.info: dict[str, int] = {}
        """Charge and spin that every structure is told to have."""

    def begin(self, structures: Sequence[Atoms]) -> Finish:
        """Begin a call for several structures, one call where the model takes batches.

        Raises:
            CalculatorError: one holds an element that the model was not made for.
        """
        for atoms in structures:
            self.refuse_other_elements(atoms)
        bare = [_bare(atoms, self.info) for atoms in structures]
        with torch_dtype(self.dtype), warnings.catch_warnings():
            # CHGNet turns its own energies into floats the old way.
            warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad")
            finish = _begin(self.inner, bare)

        def in_ase_form() -> list[Results]:
            with torch_dtype(self.dtype):  # buffers too small are made anew
                return [_in_ase_form(results) for results in finish()]

        return in_ase_form

    def refuse_other_elements(self, atoms: Atoms) -> None:
        """Refuse a structure of elements that the model is known not to be for.

        Raises:
            CalculatorError: it holds one.
        """
        if self.elements is None or self.elements.issuperset(atoms.numbers.tolist()):
            return
        known = [chemical_symbols[number] for number in self.elements]
        unknown = set(atoms.symbols) - set(known)
        raise CalculatorError(
            f"{told_unknown(self.called, known, unknown)} (of {atoms.get_chemical_formula()}): "
            "choose another model, or other elements (structures in the config)."
        )


class OneByOne(StructureCalculator):
    """Any ASE calculator as one that is asked for several structures, and takes one at a time."""

    def __init__(self, inner: Calculator):
        """Wrap a calculator."""
        super().__init__()
        self.inner = inner

    def evaluate(self, structures: Sequence[Atoms]) -> list[Results]:
        """Evaluate structures one by one."""
        return evaluate_each(self.inner, structures)


def _begin(calc: Calculator, structures: Sequence[Atoms]) -> Finish:
    """Begin a call of any calculator; of one that waits anyhow, the results are there then."""
    if isinstance(calc, StructureCalculator):
        return calc.begin(structures)
    found = evaluate_each(calc, structures)
    return lambda: found


def _bare(atoms: Atoms, info: Mapping[str, int]) -> Atoms:
    """Return what alone enters the energy; info and constraints make models warn or repeat."""
    return Atoms(atoms.numbers, atoms.positions, cell=atoms.cell, pbc=atoms.pbc, info=dict(info))


def _in_ase_form(found: Mapping[str, Any]) -> Results:
    stress = np.asarray(found["stress"], dtype=float)
    return {
        "energy": float(found["energy"]),
        "free_energy": float(found["energy"]),
        "forces": np.asarray(found["forces"], dtype=float),
        "stress": full_3x3_to_voigt_6_stress(stress) if stress.shape == (3, 3) else stress,
    }


class DispersionCorrected(QuickState, SumCalculator):
    """The sum of a model and its dispersion: E = E_model + E_D3."""

    def __init__(self, model: StructureCalculator, dispersion: StructureCalculator):
        """Take both."""
        SumCalculator.__init__(self, [model, dispersion])
        self.model = model
        self.dispersion = dispersion

    @property
    def batch_size(self) -> int:
        """How many structures the model takes at once."""
        return self.model.batch_size

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        self.model.batch_size = size

    def calculate(
        self,
        atoms: Atoms,
        properties: Sequence[str] = PROPERTIES,
        system_changes: Sequence[str] = tuple(all_changes),
    ) -> None:
        """Compute energy (eV), forces (N, 3) (eV/Å) and stress (6,) (eV/Å³, ASE's sign)."""
        self.atoms = atoms.copy()
        ((own, correction),) = self._parts([self.atoms])
        self.model.atoms = self.dispersion.atoms = self.atoms
        self.model.results, self.dispersion.results = own, correction
        self.results = self._sum(own, correction)

    def evaluate(self, structures: Sequence[Atoms]) -> list[Results]:
        """Evaluate several structures in one call of the model and one of the dispersion."""
        return [self._sum(*parts) for parts in self._parts(structures)]

    def _parts(self, structures: Sequence[Atoms]) -> list[tuple[Results, Results]]:
        """Return results of model and dispersion: both asked of the device, then waited for."""
        begun = [_begin(part, structures) for part in (self.model, self.dispersion)]
        own, corrections = (finish() for finish in begun)
        return list(zip(own, corrections, strict=True))

    def _sum(self, own: Results, correction: Results) -> Results:
        shared = own.keys() & correction.keys()
        found = {n: own[n] + correction[n] for n in self.implemented_properties if n in shared}
        return found | {"energy_contributions": (own["energy"], correction["energy"])}


def energy_terms(atoms: Atoms) -> dict[str, float]:
    """Return the model's energy and the dispersion energy (eV), 0.0 without dispersion.

    energy = energy_model + energy_dispersion; nothing is computed again that the calculator holds.
    """
    energy = float(atoms.get_potential_energy(apply_constraint=False))
    model, dispersion = atoms.calc.results.get("energy_contributions", (energy, 0.0))
    return {"energy_model": float(model), "energy_dispersion": float(dispersion)}


@contextlib.contextmanager
def torch_dtype(dtype: str | None) -> Iterator[None]:
    """Give torch another default dtype for a while; None leaves it."""
    if dtype is None:
        yield
        return
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        yield
    finally:
        torch.set_default_dtype(before)
