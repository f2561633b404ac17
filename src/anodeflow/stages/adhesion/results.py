"""What adhesion leaves behind: its files as types, the rows of its table, and its quantities."""

import math
from collections.abc import Mapping
from typing import Any

from anodeflow.errors import StructureError, known
from anodeflow.files.result_file import CsvFile, ResultFile, ResultPart
from anodeflow.scorecard.quantity import Quantity, joined_notes, quantity_row
from anodeflow.stages.adhesion.settings import LayersApart, Spacing
from anodeflow.units import EV_NM2_TO_J_M2

CURVE = CsvFile(
    ("spacing", "spacing_all_atoms", "relaxed"),
    optional=(
        "spacing_nominal",
        "slope_eV_nm2_angstrom",
        "slope_error_eV_nm2_angstrom",
        "lowered_eV_nm2",
        "adhesion_eV_nm2",
        "adhesion_no_dispersion_eV_nm2",
        "adhesion_relaxed_reference_eV_nm2",
        "adhesion_relaxed_reference_no_dispersion_eV_nm2",
    ),
)
"""Of `curve.adhesion_curve`."""


class Peak(ResultPart):
    """A peak at a spacing (Å), with its height (eV/nm²), or a sentence that says why there is none.

    points: how many it rests on, or would have.
    """

    found: bool
    points: int
    spacing: float | None = None
    height: float | None = None
    sentence: str | None = None


class FittedPeak(Peak):
    """A peak of energies and slopes, with its errors, all in the units of `Peak`.

    noise_eV_nm2: standard deviation of the energies about what their slopes integrate to. The
    sentence of a peak that was found says what is to be known of it.
    """

    spacing_error: float | None = None
    height_error: float | None = None
    noise_eV_nm2: float | None = None


class StrainEnergy(ResultPart):
    """What straining each layer to the common cell costs per area of that cell."""

    bottom_eV_nm2: float
    top_eV_nm2: float
    total_eV_nm2: float


class CutLayer(ResultPart):
    """A layer apart beside the same layer cut out of the stack, both relaxed in the common cell.

    cut_minus_reference_eV: E_cut − E_ref per cell; same_bonds: whether every atom is bonded alike.
    """

    cut_minus_reference_eV: float
    same_bonds: bool


class ReferenceCheck(ResultPart):
    """Whether the layers apart are those of the stack, seen when it is pulled far apart.

    far_spacing (Å) is beyond a model's reach; far_eV_nm2 is the adhesion energy there, and
    far_dispersion_eV_nm2 what the dispersion between the layers makes of it. sentence: what is
    wrong, null if nothing is.
    """

    bottom: CutLayer
    top: CutLayer
    far_spacing: float
    far_eV_nm2: float
    far_dispersion_eV_nm2: float
    sentence: str | None = None


class RelaxedAdhesion(ResultPart):
    """Adhesion of the relaxed stack, layers strained, and dispersion's part of it."""

    whole_eV_nm2: float
    dispersion_eV_nm2: float


class AdhesionSummary(ResultFile):
    """The numbers of one adhesion curve.

    spacing_convention and layers say which curve it is (`curve.select_curve`);
    given_layers_eV_nm2: by how much layers that another model relaxed raise the curve, null without
    one; strain_energy: null where a layer's energy is missing. peak is that of the relaxed stack,
    peak_of_points that of the scan alone, its check; references: null for structures of others;
    hysteresis_eV_nm2: by how much the direction of the scan changes the points next to the peak;
    three_body_eV_nm2: by how much the three-body term of D3 would change the relaxed stack's
    adhesion, null without dispersion or without the package dftd3; relaxed: null where
    dispersion is not told apart.
    """

    spacing_convention: Spacing
    layers: LayersApart
    peak: FittedPeak
    peak_of_points: FittedPeak
    peak_no_dispersion: FittedPeak
    peak_published_spline: Peak
    strain_energy: StrainEnergy | None = None
    references: ReferenceCheck | None = None
    given_layers_eV_nm2: float | None = None
    hysteresis_eV_nm2: float | None = None
    three_body_eV_nm2: float | None = None
    relaxed: RelaxedAdhesion | None = None


def adhesion_rows(about: Mapping[str, Any], summary: AdhesionSummary) -> list[dict[str, Any]]:
    """Give the peaks and the strain energy, Å and eV/nm².

    Args:
        about: model and system (stack).
        summary: of the stack's curve.
    """
    peak, bare, strain = summary.peak, summary.peak_no_dispersion, summary.strain_energy
    check = summary.references
    row = {
        "system": about["system"],
        "model": about["model"],
        "layers": summary.layers,
        "spacing_convention": summary.spacing_convention,
        "height": peak.height,
        "height_error": peak.height_error,
        "height_of_points": summary.peak_of_points.height,
        "height_of_points_error": summary.peak_of_points.height_error,
        "hysteresis_eV_nm2": summary.hysteresis_eV_nm2,
        "three_body_eV_nm2": summary.three_body_eV_nm2,
        "spacing": peak.spacing,
        "spacing_error": peak.spacing_error,
        "spacing_of_points": summary.peak_of_points.spacing,
        "spacing_of_points_error": summary.peak_of_points.spacing_error,
        "height_J_m2": _in_J_m2(peak.height),
        "height_J_m2_error": _in_J_m2(peak.height_error),
        "height_no_dispersion": bare.height,
        "height_no_dispersion_error": bare.height_error,
        "spacing_no_dispersion": bare.spacing,
        "spacing_no_dispersion_error": bare.spacing_error,
        "spline_spacing": summary.peak_published_spline.spacing,
        "strain_energy_eV_nm2": strain.total_eV_nm2 if strain else None,
        "given_layers_eV_nm2": summary.given_layers_eV_nm2,
        "cut_bottom_eV": check and check.bottom.cut_minus_reference_eV,
        "cut_top_eV": check and check.top.cut_minus_reference_eV,
        "far_eV_nm2": check and check.far_eV_nm2,
        "far_dispersion_eV_nm2": check and check.far_dispersion_eV_nm2,
        "note": joined_notes(peak.sentence or "", flagged(summary)) or None,
    }
    return [row]


def flagged(summary: AdhesionSummary) -> str:
    """Say what is wrong with the reference layers; empty if nothing is, or it is not known."""
    return (summary.references and summary.references.sentence) or ""


def _three_body(summary: AdhesionSummary) -> str:
    """Say what the error leaves out: it would move all stacks alike, so it is no part of it."""
    change = summary.three_body_eV_nm2
    return "" if change is None else f"three-body D3 would change it by {change:+.2f} eV/nm²"


def peak_for(summary: AdhesionSummary, layers: LayersApart) -> FittedPeak:
    """Give the peak with the layers apart in their own cells, or strained to the common one.

    h(own) = h(strained) − E_strain + E_given: straining the layers shifts the whole curve, and so
    do layers that another model relaxed and that stand in for those in their own cells.

    Raises:
        StructureError: the other cell is asked for, and the strain energy is not known.
    """
    peak, strain = summary.peak, summary.strain_energy
    if layers == summary.layers or not peak.found:
        return peak
    if strain is None:
        raise StructureError("the energies of the layers in their own cells are missing")
    cost = strain.total_eV_nm2 - (summary.given_layers_eV_nm2 or 0.0)
    shift = -cost if layers == "own" else cost
    return peak.model_copy(update={"height": known(peak.height) + shift})


def _in_J_m2(energy: float | None) -> float | None:
    return None if energy is None else energy * EV_NM2_TO_J_M2


def adhesion_quantities(
    about: Mapping[str, Any], summary: AdhesionSummary, numerical: Mapping[str, Any]
) -> list[Quantity]:
    """Read the peak of an adhesion curve, its height for layers in their own cells."""
    peak = summary.peak
    if not peak.found:
        units = {"height": "eV/nm^2", "spacing": "angstrom", "dispersion_share": ""}
        return [
            quantity_row("adhesion", name, None, unit, note=peak.sentence)
            for name, unit in units.items()
        ]
    spacing = quantity_row(
        "adhesion",
        "spacing",
        peak.spacing,
        "angstrom",
        error=peak.spacing_error,
        convention=summary.spacing_convention,
        note=joined_notes("error of the peak", peak.sentence or ""),
    )
    return [_own_height(summary), spacing, _dispersion_share(summary)]


def _own_height(summary: AdhesionSummary) -> Quantity:
    """Read the height of the peak for layers in their own cells."""
    try:
        own = peak_for(summary, "own")
    except StructureError as error:
        return quantity_row("adhesion", "height", None, "eV/nm^2", note=str(error))
    known_to, hysteresis = own.height_error, summary.hysteresis_eV_nm2
    of = "error of the peak" if hysteresis is None else "error of the peak, and hysteresis"
    if wrong := flagged(summary):
        known_to = None  # what the layers apart are wrong by is in no error
    return quantity_row(
        "adhesion",
        "height",
        own.height,
        "eV/nm^2",
        error=None if known_to is None else math.hypot(known_to, hysteresis or 0.0),
        convention="own",
        note=joined_notes(
            "error not known" if wrong else of,
            own.sentence or "",
            _three_body(summary),
            wrong,
        ),
    )


def _dispersion_share(summary: AdhesionSummary) -> Quantity:
    """Read D / h, dispersion's part of the relaxed stack's adhesion over all of it.

    Layers strained. Above 1 the stack would not hold together there without it. D is exact for the
    geometry; for the error of h stands that of the peak.
    """

    def lacking(why: str) -> Quantity:
        return quantity_row("adhesion", "dispersion_share", None, note=why)

    relaxed, error = summary.relaxed, summary.peak.height_error
    if not (relaxed and relaxed.dispersion_eV_nm2):
        return lacking("no dispersion term, no relaxed stack, or its energy is not told apart")
    whole = relaxed.whole_eV_nm2
    if whole <= 0:
        return lacking(f"the stack is not bound: {whole:.3g} eV/nm^2, layers strained")
    share = relaxed.dispersion_eV_nm2 / whole
    return quantity_row(
        "adhesion",
        "dispersion_share",
        share,
        error=None if error is None else share * error / whole,
        note=joined_notes("error of the peak", _three_body(summary)),
    )
