"""Adhesion energy against interlayer spacing, its peak, and what straining the layers costs."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.stages.adhesion.peak import peak_fit, peak_spline
from anodeflow.stages.adhesion.results import AdhesionSummary, FittedPeak, StrainEnergy
from anodeflow.structures.files import TERMS, stored_energy
from anodeflow.structures.geometry import area_nm2
from anodeflow.structures.spacing import spacing_of
from anodeflow.structures.spacing_conventions import SpacingConvention

SPACING_COLUMNS: dict[SpacingConvention, str] = {"sheet": "spacing", "all": "spacing_all_atoms"}
LAYER_STATES = {
    "strained": ("bottom", "top", ""),
    "own": ("bottom_own", "top_own", "_relaxed_reference"),
}


def adhesion_curve(frames: Sequence[Atoms], references: Mapping[str, Atoms]) -> pd.DataFrame:
    """Compute the adhesion energy per area at every spacing of a scan.

    E_adh(d) = (E_bottom + E_top - E_stack(d)) / A, positive when bound.

    Args:
        frames: P relaxed stacks; info energy_model and energy_dispersion, eV.
        references: the layers apart: `bottom` and `top` strained to the common cell and/or
            `bottom_own` and `top_own` in their own cells, energies as in `frames`; of a layer that
            another model relaxed, `bottom_given` or `top_given`, which stands in for the own one.

    Returns P rows: spacing (mean of the sheet's atoms) and spacing_all_atoms (mean of all atoms of
    the top layer), Å; adhesion_eV_nm2 (strained layers) and adhesion_relaxed_reference_eV_nm2
    (layers in their own cells), each also with _no_dispersion before the unit. Columns whose
    energies are not given are left out: structures that carry a total energy only have no curves
    without dispersion.

    Raises:
        StructureError: no frames, an energy is missing, or neither pair of layers is given.

    Source: the study's definition, A Foundation Model for Atomistic Materials Chemistry (2025).
    """
    if not frames:
        raise StructureError("An adhesion curve needs at least one relaxed stack; none was given.")
    states = {
        suffix: [_given_or(references, name) for name in (bottom, top)]
        for bottom, top, suffix in LAYER_STATES.values()
        if bottom in references and top in references
    }
    if not states:
        raise StructureError(
            f"The layers given are {sorted(references)}: adhesion needs bottom and top, or "
            "bottom_own and top_own."
        )
    split = all(a.info.keys() >= TERMS for a in [*frames, *references.values()])
    area = np.array([area_nm2(frame) for frame in frames])
    columns = {
        column: [spacing_of(frame, convention=convention) for frame in frames]
        for convention, column in SPACING_COLUMNS.items()
    }
    for suffix, layers in states.items():
        for term, name in (("total", ""), ("energy_model", "_no_dispersion")):
            if term == "total" or split:
                apart = sum(stored_energy(layer, term) for layer in layers)
                stacked = np.array([stored_energy(frame, term) for frame in frames])
                columns[f"adhesion{suffix}{name}_eV_nm2"] = (apart - stacked) / area
    return pd.DataFrame(columns).sort_values("spacing", ignore_index=True)


def _given_or(references: Mapping[str, Atoms], name: str) -> Atoms:
    """Return a layer, or in place of the one in its own cell the one that another model relaxed."""
    return references.get(name.replace("_own", "_given"), references[name])


def given_energy(references: Mapping[str, Atoms]) -> float | None:
    """Compute by how much layers that another model relaxed raise the adhesion energy.

    (E(given) - E(own, relaxed)) / A, in eV/nm², summed over such layers; A is the area of the
    common cell. None without such a layer.
    """
    ends = [name for name in ("bottom", "top") if f"{name}_given" in references]
    if not ends:
        return None
    return sum(
        stored_energy(references[f"{name}_given"], "total")
        - stored_energy(references[f"{name}_own"], "total")
        for name in ends
    ) / area_nm2(references["top"])


def strain_energy(references: Mapping[str, Atoms]) -> StrainEnergy:
    """Compute what straining the layers to the common cell costs per area of that cell.

    E_strain = (E(strained) - E(own cell)) / A, eV/nm²; the adhesion energy with layers in their own
    cells is smaller than that with strained layers by `total`.

    Args:
        references: `bottom`, `top`, `bottom_own`, `top_own` as `reference_layers` gives them.
    """
    bottom, top = (
        (
            stored_energy(references[name], "total")
            - stored_energy(references[f"{name}_own"], "total")
        )
        / area_nm2(references[name])
        for name in ("bottom", "top")
    )
    return StrainEnergy(bottom_eV_nm2=bottom, top_eV_nm2=top, total_eV_nm2=bottom + top)


def select_curve(
    curve: pd.DataFrame, *, spacing: SpacingConvention, layers: str, dispersion: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Take one curve out of the table of `adhesion_curve`: spacings (P,), Å, energies (P,), eV/nm².

    Args:
        curve: table of `adhesion_curve`.
        spacing: `sheet` (mean of the sheet's atoms) or `all` (whole top layer, as published).
        layers: `strained` (reference layers in the common cell) or `own` (in their own, as
            published).
        dispersion: with the dispersion term or without.

    Raises:
        StructureError: the table lacks that curve.
    """
    column = f"adhesion{LAYER_STATES[layers][2]}{'' if dispersion else '_no_dispersion'}_eV_nm2"
    if column not in curve.columns:
        raise StructureError(
            f"The adhesion table has no column {column}, only {', '.join(curve.columns)}: compute "
            "it from structures that carry energy_model and energy_dispersion and from all layers."
        )
    return curve[SPACING_COLUMNS[spacing]].to_numpy(), curve[column].to_numpy()


def summarise_adhesion(
    curve: pd.DataFrame,
    references: Mapping[str, Atoms],
    *,
    spacing: SpacingConvention,
    layers: str,
    peak_window: Sequence[float],
    fit_half_width: float,
) -> AdhesionSummary:
    """Gather the numbers of one adhesion curve: peaks, published spline, strain energy.

    Args:
        curve: table of `adhesion_curve`.
        references: the layers apart, by their names in `reference_layers`.
        spacing: as in `select_curve`.
        layers: as in `select_curve`.
        peak_window: window of `peak_spline`, Å.
        fit_half_width: half width of `peak_fit`, Å.

    What structures of others do not hold is not made up: without the terms of the energy there is
    no peak without dispersion, and without all four layers strain_energy is null. The same holds
    for given_layers_eV_nm2, of `given_energy`.
    """
    total = select_curve(curve, spacing=spacing, layers=layers, dispersion=True)
    try:
        bare = select_curve(curve, spacing=spacing, layers=layers, dispersion=False)
        bare_peak = peak_fit(*bare, half_width=fit_half_width)
    except StructureError as error:
        bare_peak = FittedPeak(found=False, points=0, sentence=str(error))
    complete = {name for pair in LAYER_STATES.values() for name in pair[:2]} <= references.keys()
    return AdhesionSummary(
        spacing_convention=spacing,
        layers=layers,
        peak=peak_fit(*total, half_width=fit_half_width),
        peak_no_dispersion=bare_peak,
        peak_published_spline=peak_spline(*total, window=peak_window),
        strain_energy=strain_energy(references) if complete else None,
        given_layers_eV_nm2=given_energy(references) if complete else None,
    )
