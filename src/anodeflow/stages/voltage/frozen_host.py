"""Ions relaxed one after the other in a host that keeps its geometry."""

from collections.abc import Callable, Sequence
from functools import partial

from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.constraints import FixAtoms

from anodeflow.evaluation.lockstep import raise_first, run_in_lockstep
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.structures import roles
from anodeflow.structures.builders.ions import fill_ions
from anodeflow.structures.spacing import spacing_of


def fill_frozen_host(
    host: Atoms,
    calc: Calculator,
    *,
    element: str,
    counts: Sequence[int],
    kept: KeptMinima,
    on_point: Callable[[Atoms], None],
) -> list[Atoms]:
    """Put each number of ions into a relaxed stack and relax the ions alone.

    Args:
        host: relaxed stack without ions; its atoms do not move.
        calc: the model.
        element: symbol of the ion.
        counts: numbers of ions, 0 allowed, shape (P,).
        kept: how the points are relaxed, and where they are kept.
        on_point: called with each finished point.

    Returns P stacks in the order of `counts`; info holds n_ions, energy_model and
    energy_dispersion (eV).

    Raises:
        StructureError: the ions do not fit.
        NotConvergedError: a relaxation used up `max_steps`.
    """
    series = kept.series(host, {"element": element})

    def relax_filled(count: int, calc: Calculator) -> Atoms:
        filled = kept.relax(
            f"ions-{count}",
            _filled(host, element, count),
            calc,
            series=series,
            title=f"{count} {element} in the frozen host",
            describe=lambda _: {"n_ions": count},
        )
        on_point(filled)
        return filled

    found, failures = run_in_lockstep(calc, {f"{n} ions": partial(relax_filled, n) for n in counts})
    raise_first(failures)
    return [found[f"{n} ions"] for n in counts]


def _filled(host: Atoms, element: str, count: int) -> Atoms:
    filled: Atoms = host.copy()
    if count:
        # ASSUME: the gap of the frozen host keeps the width it has without ions.
        width = spacing_of(host, convention="sheet")
        filled = fill_ions(host, element=element, count=count, spacing=width)
    filled.set_constraint(FixAtoms(mask=~roles.ions(filled)))
    return filled
