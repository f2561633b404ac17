"""How far phonon frequencies move when the displacement and the supercell are changed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.process.progress import Progress
from anodeflow.stages.phonons.bands import Bands, run_bands_and_dos
from anodeflow.stages.phonons.force_constants import compute_force_constants
from anodeflow.stages.phonons.reference import compare
from anodeflow.stages.phonons.results import (
    COMPARED,
    Change,
    Convergence,
    Frequencies,
    LargestChange,
    Variant,
)

if TYPE_CHECKING:
    from phonopy import Phonopy


def check_convergence(
    unit: Atoms,
    calc: Calculator,
    phonon: "Phonopy",
    *,
    variants: Sequence[Mapping[str, Any]],
    mode: Mapping[str, Any],
    expected: pd.DataFrame | None,
) -> Convergence:
    """Compute force constants anew with other settings and tell what that changes.

    Args:
        unit: relaxed unit cell.
        calc: the model.
        phonon: phonopy.Phonopy with the force constants of the study's own settings.
        variants: dicts of varied ("displacement" | "supercell"), displacement (Å) and supercell.
        mode: as for `bands.run_bands_and_dos`.
        expected: of `reference.reference_of_layer`, or None.
    """
    width = {"dos_width_THz": mode["dos_width_THz"]}
    base, found = run_bands_and_dos(phonon, **mode), []
    for variant in variants:
        settings = {key: variant[key] for key in ("displacement", "supercell")}
        with Progress(None, label="phonons", unit="force calls") as progress:
            other = compute_force_constants(unit, calc, **settings, on_step=progress.reach)
        moved = run_bands_and_dos(other, **mode)
        numbers = frequencies(moved, expected, **width)
        found.append(Variant(**variant, change=change(base, moved), numbers=numbers))
    return summarise(frequencies(base, expected, **width), found)


def frequencies(
    bands: Bands, expected: pd.DataFrame | None, *, dos_width_THz: float
) -> Frequencies:
    """Give the numbers of the phonon table: extreme frequencies and deviations from a reference.

    Args:
        bands: of `bands.run_bands_and_dos`.
        expected: of `reference.reference_of_layer`, or None.
        dos_width_THz: Gaussian width of the density of states.
    """
    lowest = min(bands.frequencies_THz.min(), bands.mesh_frequencies_THz.min())
    compared = {}
    if expected is not None:
        comparison = compare(bands, expected, dos_width_THz=dos_width_THz)
        compared = comparison.model_dump(include=set(COMPARED))
    highest = float(bands.frequencies_THz.max())
    return Frequencies(minimum_THz=float(lowest), highest_THz=highest, **compared)


def change(base: Bands, other: Bands) -> Change:
    """Give how far the frequencies on the path moved, branches sorted at each q-point.

    Mean and largest change are over all q-points and branches.
    """
    moved = np.abs(np.sort(other.frequencies_THz, axis=1) - np.sort(base.frequencies_THz, axis=1))
    q, branch = np.unravel_index(moved.argmax(), moved.shape)
    return Change(
        mean_change_THz=float(moved.mean()),
        max_change_THz=float(moved.max()),
        path_fraction=float(base.fraction[q]),
        branch=int(branch) + 1,
    )


def summarise(base: Frequencies, variants: Sequence[Variant]) -> Convergence:
    """Gather what the variants changed; base: with the study's own settings."""
    changes = {
        name: max(abs(getattr(variant.numbers, name) - value) for variant in variants)
        for name, value in base.model_dump(exclude_none=True).items()
    }
    largest = {kind: _largest(kind, variants) for kind in ("displacement", "supercell")}
    notes = [
        f"the {kind} was not varied: name one under phonons.convergence"
        for kind, change in largest.items()
        if change is None
    ]
    return Convergence(
        changes=Frequencies(**changes), note="".join(notes), variants=tuple(variants), **largest
    )


def _largest(
    kind: Literal["displacement", "supercell"], variants: Sequence[Variant]
) -> LargestChange | None:
    moved = [variant.change for variant in variants if variant.varied == kind]
    if not moved:
        return None
    return LargestChange(
        mean_change_THz=max(change.mean_change_THz for change in moved),
        max_change_THz=max(change.max_change_THz for change in moved),
    )


def variant_table(summary: Convergence) -> pd.DataFrame:
    """Tabulate the variants of a summary, one row each."""
    rows = [
        {
            "varied": variant.varied,
            "displacement": variant.displacement,
            "supercell": "×".join(map(str, variant.supercell)),
            **variant.change.model_dump(),
            **variant.numbers.model_dump(exclude_none=True),
        }
        for variant in summary.variants
    ]
    return pd.DataFrame(rows)
