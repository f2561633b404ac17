"""Voltage of a stack against its ion content."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pandas as pd
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.constraints import FixAtoms

from anodeflow import tags
from anodeflow.errors import StructureError
from anodeflow.ions import fill_ions
from anodeflow.points import Points
from anodeflow.spacing import spacing_of
from anodeflow.together import raise_first, run_together


def voltages(
    energies: Mapping[int, float], *, bulk_energy_per_atom: float, electrons_per_ion: int
) -> pd.DataFrame:
    """Compute average and step voltages against the bulk metal of the ion.

    V(n1, n2) = -[E(n2) - E(n1) - (n2 - n1) E_bulk] / [z (n2 - n1)], in V as energies are in eV;
    average: n1 = 0; step: n1 is the content before n2. Entropy and pressure terms are left out.

    Args:
        energies: relaxed energy of the stack by number of ions, eV; 0 must be there.
        bulk_energy_per_atom: E_bulk of the same model and dispersion, eV.
        electrons_per_ion: z, 1 for Li, Na, K; 2 for Mg, Ca, Zn; 3 for Al.

    Returns a row for each n > 0: n, average_V, step_V.

    Raises:
        StructureError: the energy of the stack without ions is missing, or there is no other.

    Source: M. K. Aydinol et al., Phys. Rev. B 56, 1354 (1997).
    """
    counts = sorted(energies)
    if len(counts) < 2 or counts[0] != 0:
        raise StructureError(
            f"Energies are given for n = {counts} ions: voltages need n = 0 and at least one more."
        )
    rows = []
    for before, n in itertools.pairwise(counts):
        step, whole = (
            -(energies[n] - energies[start] - (n - start) * bulk_energy_per_atom)
            / (electrons_per_ion * (n - start))
            for start in (before, 0)
        )
        rows.append({"n": n, "average_V": whole, "step_V": step})
    return pd.DataFrame(rows)


def fill_frozen_host(
    host: Atoms,
    calc: Calculator,
    *,
    element: str,
    counts: Sequence[int],
    points: Points,
    on_point: Callable[[Atoms], None],
) -> list[Atoms]:
    """Put each number of ions into a relaxed stack and relax the ions alone.

    Args:
        host: relaxed stack without ions; its atoms do not move.
        counts: numbers of ions, 0 allowed, shape (P,).
        points: how they are relaxed, and where they are kept.
        on_point: called with each finished point.

    Returns P stacks in the order of `counts`; info holds n_ions, energy_model and
    energy_dispersion (eV).

    Raises:
        StructureError: the ions do not fit.
        NotConvergedError: a relaxation used up `max_steps`.
    """
    series = points.series(host, {"element": element})

    def relax_filled(count: int, calc: Calculator) -> Atoms:
        filled = points.relax(
            f"ions-{count}",
            _filled(host, element, count),
            calc,
            series=series,
            title=f"{count} {element} in the frozen host",
            describe=lambda _: {"n_ions": count},
        )
        on_point(filled)
        return filled

    found, failures = run_together(calc, {f"{n} ions": partial(relax_filled, n) for n in counts})
    raise_first(failures)
    return [found[f"{n} ions"] for n in counts]


def _filled(host: Atoms, element: str, count: int) -> Atoms:
    filled = host.copy()
    if count:
        # ASSUME: the gap of the frozen host keeps the width it has without ions.
        width = spacing_of(host, convention="sheet")
        filled = fill_ions(host, element=element, count=count, spacing=width)
    filled.set_constraint(FixAtoms(mask=~tags.ions(filled)))
    return filled
