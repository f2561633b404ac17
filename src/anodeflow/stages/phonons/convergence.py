"""How far phonon frequencies move when the displacement and the supercell are changed."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.process.progress import Progress
from anodeflow.stages.phonons.bands import Bands, run_bands_and_dos
from anodeflow.stages.phonons.force_constants import compute_force_constants
from anodeflow.stages.phonons.reference import compare

NOT_NUMBERS = ("kind", "qpoints")


def check_convergence(
    unit: Atoms,
    calc: Calculator,
    phonon,
    *,
    variants: Sequence[Mapping],
    mode: Mapping,
    expected: pd.DataFrame | None,
) -> dict:
    """Compute force constants anew with other settings and tell what that changes.

    Args:
        unit: relaxed unit cell.
        phonon: phonopy.Phonopy with the force constants of the study's own settings.
        variants: dicts of varied ("displacement" | "supercell"), displacement (Å) and supercell.
        mode: as for `bands.run_bands_and_dos`.
        expected: of `reference.reference_of_layer`, or None.

    Returns what `summarise` gives.
    """
    width = {"dos_width_THz": mode["dos_width_THz"]}
    base, found = run_bands_and_dos(phonon, **mode), []
    for variant in variants:
        settings = {key: variant[key] for key in ("displacement", "supercell")}
        with Progress(None, label="phonons", unit="force calls") as progress:
            other = compute_force_constants(unit, calc, **settings, on_step=progress.reach)
        moved = run_bands_and_dos(other, **mode)
        numbers = frequencies(moved, expected, **width)
        found.append({**variant, "change": change(base, moved), "numbers": numbers})
    return summarise(frequencies(base, expected, **width), found)


def frequencies(bands: Bands, expected: pd.DataFrame | None, *, dos_width_THz: float) -> dict:
    """Give the numbers of the phonon table: extreme frequencies and deviations from a reference.

    Args:
        bands: of `bands.run_bands_and_dos`.
        expected: of `reference.reference_of_layer`, or None.
        dos_width_THz: Gaussian width of the density of states.
    """
    lowest = min(bands.frequencies_THz.min(), bands.mesh_frequencies_THz.min())
    found = {"minimum_THz": lowest, "highest_THz": bands.frequencies_THz.max()}
    if expected is not None:
        compared = compare(bands, expected, dos_width_THz=dos_width_THz)
        found |= {name: value for name, value in compared.items() if name not in NOT_NUMBERS}
    return {name: float(value) for name, value in found.items()}


def change(base: Bands, other: Bands) -> dict:
    """Give how far the frequencies on the path moved, branches sorted at each q-point.

    Returns:
        mean_change_THz and max_change_THz, over all q-points and branches; where the largest is:
        path_fraction and branch (from 1).
    """
    moved = np.abs(np.sort(other.frequencies_THz, axis=1) - np.sort(base.frequencies_THz, axis=1))
    q, branch = np.unravel_index(moved.argmax(), moved.shape)
    return {
        "mean_change_THz": float(moved.mean()),
        "max_change_THz": float(moved.max()),
        "path_fraction": float(base.fraction[q]),
        "branch": int(branch) + 1,
    }


def summarise(base: Mapping, variants: Sequence[Mapping]) -> dict:
    """Gather what the variants changed.

    Args:
        base: of `frequencies`, with the study's own settings.
        variants: dicts of varied ("displacement" | "supercell"), displacement (Å), supercell,
            numbers (of `frequencies`) and change (of `change`).

    Returns:
        changes, the largest change of each number of `base` over all variants; for displacement and
        supercell apart the largest mean_change_THz and max_change_THz, or null and a note where
        none was varied; variants.
    """
    found = {
        "changes": {
            name: max(abs(variant["numbers"][name] - value) for variant in variants)
            for name, value in base.items()
        },
        "note": "",
        "variants": list(variants),
    }
    for kind in ("displacement", "supercell"):
        moved = [variant["change"] for variant in variants if variant["varied"] == kind]
        found[kind] = {
            name: max(change[name] for change in moved)
            for name in ("mean_change_THz", "max_change_THz")
            if moved
        } or None
        if not moved:
            found["note"] = f"the {kind} was not varied: name one under phonons.convergence"
    return found


def variant_table(summary: Mapping) -> pd.DataFrame:
    """Tabulate the variants of a summary, one row each."""
    rows = [
        {
            "varied": variant["varied"],
            "displacement": variant["displacement"],
            "supercell": "×".join(map(str, variant["supercell"])),
            **variant["change"],
            **variant["numbers"],
        }
        for variant in summary["variants"]
    ]
    return pd.DataFrame(rows)
