"""Many structures evaluated by one calculator: together where that is faster, else one by one."""

from collections.abc import Callable, Sequence

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from anodeflow.calculators import DispersionCorrected

PROPERTIES = ("energy", "forces", "stress")


def evaluate_all(
    calc: Calculator,
    structures: Sequence[Atoms],
    *,
    on_step: Callable[[int, int], None] = lambda done, total: None,
) -> list[dict]:
    """Return energy (eV), forces (N, 3) (eV/Å) and, where given, stress (6,) (eV/Å³) of each.

    A model that takes batches (its `batch_size` is not 1) gets as many structures at once as its
    `batch_size` says, half as many each time that the GPU's memory does not hold them; D3 is added
    one by one. Every other calculator is called once for each. `on_step` is called with (done,
    total) structures.

    Raises what the calculator raises; torch.OutOfMemoryError where one structure is too large.
    """
    model = calc.model if isinstance(calc, DispersionCorrected) else calc
    if getattr(model, "batch_size", 1) == 1:
        found = []
        for atoms in structures:
            found.append(_alone(calc, atoms))
            on_step(len(found), len(structures))
        return found
    found = []
    while len(found) < len(structures):
        members = structures[len(found) : len(found) + model.batch_size]
        together = _together(model, members)
        if calc is not model:
            together = [
                {name: own[name] + correction[name] for name in PROPERTIES}
                for own, correction in zip(
                    together, (_alone(calc.dispersion, atoms) for atoms in members), strict=False
                )
            ]
        found += together
        on_step(len(found), len(structures))
    return found


def _alone(calc: Calculator, atoms: Atoms) -> dict:
    given = [name for name in PROPERTIES if name in calc.implemented_properties]
    calc.calculate(atoms, given, all_changes)
    return {name: calc.results[name] for name in given}


def _together(model: Calculator, members: Sequence[Atoms]) -> list[dict]:
    """Evaluate as many of the members, from the first on, as the GPU's memory holds."""
    import torch

    while True:
        try:
            return model.evaluate(members)
        except torch.OutOfMemoryError:
            if len(members) == 1:
                raise
        # Outside the handler, whose traceback holds on to the tensors that filled the memory.
        model.batch_size = len(members) // 2
        members = members[: model.batch_size]
        torch.cuda.empty_cache()
