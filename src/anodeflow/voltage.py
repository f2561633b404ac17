"""Voltage of a stack against its ion content."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

import pandas as pd
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.constraints import FixAtoms

from anodeflow import tags
from anodeflow.checkpoints import fingerprint
from anodeflow.errors import StructureError
from anodeflow.ions import fill_ions
from anodeflow.points import FinishedPoints
from anodeflow.relaxation import relax
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
    optimiser: str,
    fmax: float,
    max_steps: int,
    points_dir: Path,
    fingerprint_extra: str,
    log: TextIO,
    on_point: Callable[[Atoms], None],
) -> list[Atoms]:
    """Put each number of ions into a relaxed stack and relax the ions alone.

    Args:
        host: relaxed stack without ions; its atoms do not move.
        counts: numbers of ions, 0 allowed, shape (P,).
        fmax: largest force left on the ions, eV/Å.
        points_dir: folder of finished points and of the checkpoint of an unfinished one; a
            restarted series takes them from there.
        fingerprint_extra: identity of the calculator.
        log: receives the optimiser's lines.
        on_point: called with each finished point.

    Returns P stacks in the order of `counts`; info holds n_ions, energy_model and
    energy_dispersion (eV).

    Raises:
        StructureError: the ions do not fit.
        NotConvergedError: a relaxation used up `max_steps`.
    """
    settings = {"element": element, "optimiser": optimiser, "fmax": fmax}
    finished = FinishedPoints(points_dir, fingerprint(host, settings, fingerprint_extra))

    def relax_filled(count: int, calc: Calculator, checkpoint: Path) -> Atoms:
        log.write(f"{count} {element} in the frozen host\n")
        relaxed = relax(
            _filled(host, element, count),
            calc,
            optimiser=optimiser,
            fmax=fmax,
            max_steps=max_steps,
            cell="fixed",
            log=log,
            fingerprint_extra=fingerprint_extra,
            checkpoint=checkpoint,
            unfinished=Path(points_dir) / f"ions-{count}-unfinished.extxyz",
        )
        relaxed.set_constraint()
        relaxed.info["n_ions"] = count
        return relaxed

    def get_filled(count: int, calc: Calculator) -> Atoms:
        compute = partial(relax_filled, count, calc)
        filled = finished.get_or_compute(f"ions-{count}", compute)
        on_point(filled)
        return filled

    found, failures = run_together(calc, {f"{n} ions": partial(get_filled, n) for n in counts})
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
