"""Adhesion energy against interlayer spacing, its peak, and what straining the layers costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from scipy.interpolate import CubicSpline

from anodeflow.errors import StructureError, known
from anodeflow.stages.adhesion.held_spacing import force_on_spacing, force_on_spacing_error
from anodeflow.stages.adhesion.peak import peak_of_points, peak_of_relaxed, peak_spline
from anodeflow.stages.adhesion.reference_check import check_references
from anodeflow.stages.adhesion.results import (
    AdhesionSummary,
    FittedPeak,
    RelaxedAdhesion,
    StrainEnergy,
)
from anodeflow.stages.adhesion.scan import LOWER_BY
from anodeflow.stages.adhesion.settings import Spacing
from anodeflow.structures.files import TERMS, stored_energy
from anodeflow.structures.geometry import area_nm2
from anodeflow.structures.spacing import spacing_of

SPACING_COLUMNS: dict[Spacing, str] = {
    "sheet": "spacing",
    "all": "spacing_all_atoms",
    "nominal": "spacing_nominal",
}
SLOPE = "slope_eV_nm2_angstrom"
SLOPE_ERROR = "slope_error_eV_nm2_angstrom"
LOWERED = "lowered_eV_nm2"
LAYER_STATES = {
    "strained": ("bottom", "top", ""),
    "own": ("bottom_own", "top_own", "_relaxed_reference"),
}


def adhesion_curve(
    frames: Sequence[Atoms],
    references: Mapping[str, Atoms],
    *,
    relaxed: Atoms | None = None,
    forces_are_slopes: bool = True,
) -> pd.DataFrame:
    """Compute the adhesion energy per area at every spacing of a scan.

    E_adh(d) = (E_bottom + E_top - E_stack(d)) / A, positive when bound.

    Args:
        frames: P relaxed stacks; info energy_model and energy_dispersion, eV.
        references: the layers apart: `bottom` and `top` strained to the common cell and/or
            `bottom_own` and `top_own` in their own cells, energies as in `frames`; of a layer that
            another model relaxed, `bottom_given` or `top_given`, which stands in for the own one.
        relaxed: the stack whose spacing is free, a point of the curve like the others.
        forces_are_slopes: of the energy; otherwise (`card.forces: direct`) they are not used.

    Returns a row for each: spacing (mean of the sheet's atoms), spacing_all_atoms (mean of all
    atoms of the top layer) and, of points that hold it, spacing_nominal (the same before the point
    relaxed; none of the stack whose spacing is free), Å; adhesion_eV_nm2 (strained layers) and
    adhesion_relaxed_reference_eV_nm2 (layers in their own cells), each also with _no_dispersion
    before the unit. Columns whose energies are not given are left out: structures that carry a
    total energy only have no curves without dispersion. relaxed marks the stack whose spacing is
    free; slope_eV_nm2_angstrom is dE_adh/dd = λ/A of the curves with dispersion, λ the force on the
    spacing (`force_on_spacing`), and slope_error_eV_nm2_angstrom its error
    (`force_on_spacing_error`), where all carry forces. lowered_eV_nm2 says by how much the geometry
    of a neighbour lowered a point (info lowered_by, eV), 0 for the relaxed stack: the hysteresis.

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
    frames = [*frames, *([] if relaxed is None else [relaxed])]
    split = all(a.info.keys() >= TERMS for a in [*frames, *references.values()])
    area = np.array([area_nm2(frame) for frame in frames])
    columns = _spacings(frames, relaxed)
    columns["relaxed"] = [frame is relaxed for frame in frames]
    given = all(frame.calc is not None and "forces" in frame.calc.results for frame in frames)
    if forces_are_slopes and given:
        columns[SLOPE] = np.array([force_on_spacing(frame) for frame in frames]) / area
        errors = [force_on_spacing_error(frame) for frame in frames]
        columns[SLOPE_ERROR] = np.array(errors) / area
    if all("lowered_by" in frame.info for frame in frames if frame is not relaxed):
        lowered = [frame.info.get("lowered_by", 0.0) for frame in frames]
        columns[LOWERED] = np.array(lowered) / area
    for suffix, layers in states.items():
        for term, name in (("total", ""), ("energy_model", "_no_dispersion")):
            if term == "total" or split:
                apart = sum(stored_energy(layer, term) for layer in layers)
                stacked = np.array([stored_energy(frame, term) for frame in frames])
                columns[f"adhesion{suffix}{name}_eV_nm2"] = (apart - stacked) / area
    return pd.DataFrame(columns).sort_values("spacing", ignore_index=True)


def _spacings(frames: Sequence[Atoms], relaxed: Atoms | None) -> dict[str, Any]:
    """Measure the spacings (Å) of points, and read what they were before the points relaxed."""
    columns: dict[str, Any] = {
        column: [spacing_of(frame, convention=convention) for frame in frames]
        for convention, column in SPACING_COLUMNS.items()
        if convention != "nominal"
    }
    nominal = SPACING_COLUMNS["nominal"]
    if all(nominal in frame.info for frame in frames if frame is not relaxed):
        columns[nominal] = [frame.info.get(nominal, np.nan) for frame in frames]
    return columns


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


@dataclass(frozen=True)
class Curve:
    """One adhesion curve of P points, ascending: spacings (P,), Å, and energies (P,), eV/nm².

    slopes: derivatives of the energies and their errors, (2, P), eV/nm²/Å, None where no forces are
    known; relaxed: (P,) of bool, the stack whose spacing is free.
    """

    spacings: np.ndarray
    energies: np.ndarray
    slopes: np.ndarray | None
    relaxed: np.ndarray


def select_curve(curve: pd.DataFrame, *, spacing: Spacing, layers: str, dispersion: bool) -> Curve:
    """Take one curve out of the table of `adhesion_curve`.

    The slope is known with dispersion and for the spacing of the sheet. That of another convention
    is divided by the derivative of the one spacing by the other; that without dispersion lacks the
    derivative of the dispersion energy. Both derivatives are those of cubic splines through the
    points: dispersion is smooth, and groups follow their sheet.

    Args:
        curve: table of `adhesion_curve`.
        spacing: `sheet` (mean of the sheet's atoms), `all` (whole top layer) or `nominal` (whole
            top layer before the point relaxed, as published): that curve is without the relaxed
            stack, which has none.
        layers: `strained` (reference layers in the common cell) or `own` (in their own, as
            published).
        dispersion: with the dispersion term or without.

    Raises:
        StructureError: the table lacks that curve.
    """
    column = f"adhesion{LAYER_STATES[layers][2]}{'' if dispersion else '_no_dispersion'}_eV_nm2"
    missing = {column, SPACING_COLUMNS[spacing]} - {*curve.columns}
    if missing:
        raise StructureError(
            f"The adhesion table has no column {min(missing)}, only {', '.join(curve.columns)}: "
            "compute it from points of a scan, whose structures carry energy_model and "
            "energy_dispersion, and from all layers."
        )
    if spacing == "nominal":
        curve = curve[~curve["relaxed"].astype(bool)]
    d, energies = curve[SPACING_COLUMNS["sheet"]].to_numpy(), curve[column].to_numpy()
    relaxed = curve["relaxed"].to_numpy(bool)
    _refuse_unordered(curve, spacing)
    slopes = curve[[SLOPE, SLOPE_ERROR]].to_numpy().T if SLOPE in curve.columns else None
    if slopes is not None and not dispersion:
        of_dispersion = curve[column.replace("_no_dispersion", "")].to_numpy() - energies
        slopes = slopes - [_derivative(d, of_dispersion, relaxed), np.zeros(len(d))]
    if spacing != "sheet":
        measured = curve[SPACING_COLUMNS[spacing]].to_numpy()
        slopes = None if slopes is None else slopes / _derivative(d, measured, relaxed)
        d = measured
    return Curve(d, energies, slopes, relaxed)


def _derivative(d: np.ndarray, values: np.ndarray, relaxed: np.ndarray) -> np.ndarray:
    """Return the derivatives at all d (P,) of the spline through the scan's own points.

    The relaxed stack may lie next to one of them, and was relaxed to another force.
    """
    inside = ~relaxed
    found: np.ndarray = CubicSpline(d[inside], values[inside])(d, 1)
    return found


def _refuse_unordered(curve: pd.DataFrame, spacing: Spacing) -> None:
    conventions: tuple[Spacing, ...] = ("sheet", spacing)
    for convention in conventions:
        points = curve.loc[~curve["relaxed"].astype(bool), SPACING_COLUMNS[convention]].to_numpy()
        if (np.diff(points) <= 0).any():
            raise StructureError(
                f"The spacings of the scan, measured over {convention}, do not rise from point to "
                "point: scan fewer points, or measure them over the sheet (adhesion.spacing)."
            )


def summarise_adhesion(
    curve: pd.DataFrame,
    references: Mapping[str, Atoms],
    *,
    spacing: Spacing,
    layers: str,
    peak_window: Sequence[float],
    three_body_eV_nm2: float | None = None,
) -> AdhesionSummary:
    """Gather the numbers of one adhesion curve: peaks, published spline, strain energy.

    Args:
        curve: table of `adhesion_curve`.
        references: the layers apart, by their names in `reference_layers`.
        spacing: as in `select_curve`.
        layers: as in `select_curve`.
        peak_window: window of `peak_spline`, Å.
        three_body_eV_nm2: of `three_body_adhesion` for the relaxed stack.

    What structures of others do not hold is not made up: without forces there is no peak but that
    of the published spline, without the terms of the energy none without dispersion, and without
    all four layers strain_energy is null. The same holds for given_layers_eV_nm2, of
    `given_energy`.
    """
    total = select_curve(curve, spacing=spacing, layers=layers, dispersion=True)
    try:
        bare = select_curve(curve, spacing=spacing, layers=layers, dispersion=False)
        bare_peak = _peak(bare)
    except StructureError as error:
        bare_peak = FittedPeak(found=False, points=0, sentence=str(error))
    complete = {name for pair in LAYER_STATES.values() for name in pair[:2]} <= references.keys()
    scanned = _peak(total)
    inside = ~total.relaxed
    return AdhesionSummary(
        spacing_convention=spacing,
        layers=layers,
        peak=_relaxed_peak(total, scanned, area_nm2(next(iter(references.values())))),
        peak_of_points=scanned,
        peak_no_dispersion=bare_peak,
        peak_published_spline=peak_spline(
            total.spacings[inside], total.energies[inside], window=peak_window
        ),
        strain_energy=strain_energy(references) if complete else None,
        references=check_references(references) if "far" in references and complete else None,
        given_layers_eV_nm2=given_energy(references) if complete else None,
        hysteresis_eV_nm2=_hysteresis(curve),
        three_body_eV_nm2=three_body_eV_nm2,
        relaxed=_relaxed_adhesion(curve),
    )


def _relaxed_adhesion(curve: pd.DataFrame) -> RelaxedAdhesion | None:
    """Give the relaxed stack's adhesion, and dispersion's part; None where that is not told."""
    relaxed = curve[curve["relaxed"].astype(bool)]
    if relaxed.empty or not {"adhesion_eV_nm2", "adhesion_no_dispersion_eV_nm2"} <= {*curve}:
        return None
    whole, bare = relaxed.iloc[0][["adhesion_eV_nm2", "adhesion_no_dispersion_eV_nm2"]]
    return RelaxedAdhesion(whole_eV_nm2=float(whole), dispersion_eV_nm2=float(whole - bare))


def _hysteresis(curve: pd.DataFrame) -> float | None:
    """Return by how much the direction of the scan matters next to the peak, eV/nm².

    That of the two points on either side of the relaxed stack, the larger; None where it is not
    known.
    """
    if LOWERED not in curve.columns or not curve["relaxed"].any():
        return None
    (place,) = np.flatnonzero(curve["relaxed"])
    return float(curve[LOWERED].iloc[max(place - 1, 0) : place + 2].max())


def _peak(curve: Curve) -> FittedPeak:
    """Return the peak of the scan's own points, without the relaxed stack."""
    inside = ~curve.relaxed
    if curve.slopes is None:
        none = (
            "The structures carry no forces that are slopes of the energy, so there are no slopes "
            "to find the peak by."
        )
        return FittedPeak(found=False, points=int(inside.sum()), sentence=none)
    return peak_of_points(curve.spacings[inside], curve.energies[inside], curve.slopes[0, inside])


def _relaxed_peak(curve: Curve, scanned: FittedPeak, area: float) -> FittedPeak:
    """Return the peak that the relaxed stack is, or that of the scan where that is higher."""
    if curve.slopes is None or not curve.relaxed.any():
        return scanned
    (place,) = np.flatnonzero(curve.relaxed)
    d, energy = float(curve.spacings[place]), float(curve.energies[place])
    inside = ~curve.relaxed
    curvature = float(CubicSpline(curve.spacings[inside], curve.slopes[0, inside])(d, 1))
    left = float(np.abs(curve.slopes[:, place]).sum())
    peak = peak_of_relaxed(d, energy, left, scanned, curvature=curvature)
    if not scanned.found:
        return peak.model_copy(update={"sentence": f"The scan is no check: {scanned.sentence}"})
    higher = known(scanned.height) - energy
    if higher < -LOWER_BY / area - 2 * (scanned.height_error or 0.0):
        told = (
            f"The points of the scan peak {-1000 * higher * area:.0f} meV above the relaxed stack: "
            "they lie in another minimum, or more of them is held than the spacing (adhesion.hold)."
        )
        return peak.model_copy(update={"sentence": told})
    if higher <= LOWER_BY / area:
        return peak
    told = (
        f"The scan found a minimum that lies {1000 * higher * area:.0f} meV below the relaxed "
        "stack: the peak is that of the scan; relax the stack from there."
    )
    return scanned.model_copy(update={"sentence": told})
