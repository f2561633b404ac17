"""Many structures evaluated by one calculator: together where that is faster, else one by one."""

from collections.abc import Callable, Sequence
from typing import Any

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from anodeflow.models.interface import BatchCalculator, batch_size

PROPERTIES = ("energy", "free_energy", "forces", "stress")


def evaluate_all(
    calc: Calculator,
    structures: Sequence[Atoms],
    *,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict[str, Any]]:
    """Return energy (eV), forces (N, 3) (eV/Å) and, where given, stress (6,) (eV/Å³) of each.

    A BatchCalculator whose `batch_size` is not 1 gets that many structures at once, half as many
    each time that the GPU's memory does not hold them. Every other calculator is called once for
    each. `on_step` is called with (done, total) structures.

    Raises what the calculator raises; torch.OutOfMemoryError where one structure is too large.
    """
    found: list[dict[str, Any]] = []
    while len(found) < len(structures):
        size = batch_size(calc)
        members = structures[len(found) : len(found) + size]
        found += [_alone(calc, members[0])] if size == 1 else _together(calc, members)
        on_step(len(found), len(structures))
    return found


def _alone(calc: Calculator, atoms: Atoms) -> dict[str, Any]:
    given = [name for name in PROPERTIES if name in calc.implemented_properties]
    calc.calculate(atoms, given, all_changes)
    return dict(calc.results)


def _together(calc: BatchCalculator, members: Sequence[Atoms]) -> list[dict[str, Any]]:
    """Evaluate as many of the members, from the first on, as the GPU's memory holds."""
    import torch

    while True:
        try:
            return calc.evaluate(members)
        except torch.OutOfMemoryError:
            if len(members) == 1:
                raise
        # Outside the handler, whose traceback holds on to the tensors that filled the memory.
        calc.batch_size = len(members) // 2
        members = members[: calc.batch_size]
        torch.cuda.empty_cache()
