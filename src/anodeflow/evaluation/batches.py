"""Many structures evaluated by one calculator: together where that is faster, else one by one."""

from collections.abc import Callable, Sequence

from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.models.interface import BatchCalculator, Results, batch_size, evaluate_alone


def evaluate_all(
    calc: Calculator,
    structures: Sequence[Atoms],
    *,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> list[Results]:
    """Return energy (eV), forces (N, 3) (eV/Å) and, where given, stress (6,) (eV/Å³) of each.

    A BatchCalculator whose `batch_size` is not 1 gets that many structures at once, half as many
    each time that the GPU's memory does not hold them. Every other calculator is called once for
    each. `on_step` is called with (done, total) structures.

    Raises what the calculator raises; torch.OutOfMemoryError where one structure is too large.
    """
    found: list[Results] = []
    while len(found) < len(structures):
        members = structures[len(found) : len(found) + batch_size(calc)]
        if isinstance(calc, BatchCalculator) and calc.batch_size > 1:
            found += _together(calc, members)
        else:
            found.append(evaluate_alone(calc, members[0]))
        on_step(len(found), len(structures))
    return found


def _together(calc: BatchCalculator, members: Sequence[Atoms]) -> list[Results]:
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
