"""What adhesion leaves behind: the cells of its table, and its quantities in the scorecard."""

from collections.abc import Mapping

from anodeflow.scorecard.quantity import Quantity, quantity_row
from anodeflow.tables.columns import NOTE, Column, plus_minus
from anodeflow.units import EV_NM2_TO_J_M2

OF_THE_FIT = (
    "of the fit: covariance, and another degree of the polynomial; the window is the change when "
    "fit_half_width is altered by a fifth either way"
)
COLUMNS = (
    Column("layers", "layers"),
    Column("spacing_convention", "spacing convention"),
    Column(
        "height",
        "peak",
        "eV/nm²",
        OF_THE_FIT,
        (plus_minus("height_error", "eV/nm²"), plus_minus("height_window", "eV/nm²", of="window")),
    ),
    Column(
        "spacing",
        "d",
        "Å",
        OF_THE_FIT,
        (plus_minus("spacing_error", "Å"), plus_minus("spacing_window", "Å", of="window")),
    ),
    Column(
        "height_J_m2",
        "peak",
        "J/m²",
        "as that of the height in eV/nm²",
        (plus_minus("height_J_m2_error", "J/m²"),),
    ),
    Column(
        "height_no_dispersion",
        "peak without D3",
        "eV/nm²",
        "of the fit, as with D3",
        (plus_minus("height_no_dispersion_error", "eV/nm²"),),
    ),
    Column(
        "spacing_no_dispersion",
        "without D3 at d",
        "Å",
        "of the fit, as with D3",
        (plus_minus("spacing_no_dispersion_error", "Å"),),
    ),
    Column(
        "spline_spacing",
        "published spline: at d",
        "Å",
        "none: the published recipe gives none; compare d of the fit",
    ),
    Column(
        "strain_energy_eV_nm2",
        "strain energy",
        "eV/nm²",
        "none: a difference of energies of relaxed layers, without sampling; forces left below "
        "adhesion.fmax",
    ),
    Column(
        "given_layers_eV_nm2",
        "raised by layers of another model",
        "eV/nm²",
        "none: a difference of energies, as the strain energy",
    ),
    NOTE,
)


def adhesion_rows(about: Mapping, summary: Mapping) -> list[dict]:
    """Give the peaks and the strain energy, Å and eV/nm².

    Args:
        about: model and system (stack).
        summary: of `curve.summarise_adhesion`.
    """
    peak, bare = summary["peak"], summary["peak_no_dispersion"]
    row = {
        "system": about["system"],
        "model": about["model"],
        "layers": summary["layers"],
        "spacing_convention": summary["spacing_convention"],
        **{key: peak.get(key) for key in ("height", "height_error", "height_window")},
        **{key: peak.get(key) for key in ("spacing", "spacing_error", "spacing_window")},
        "height_J_m2": _in_J_m2(peak.get("height")),
        "height_J_m2_error": _in_J_m2(peak.get("height_error")),
        "height_no_dispersion": bare.get("height"),
        "height_no_dispersion_error": bare.get("height_error"),
        "spacing_no_dispersion": bare.get("spacing"),
        "spacing_no_dispersion_error": bare.get("spacing_error"),
        "spline_spacing": summary["peak_published_spline"].get("spacing"),
        "strain_energy_eV_nm2": (summary["strain_energy"] or {}).get("total_eV_nm2"),
        "given_layers_eV_nm2": summary.get("given_layers_eV_nm2"),
        "note": peak.get("sentence"),
    }
    return [row]


def _in_J_m2(energy: float | None) -> float | None:
    return None if energy is None else energy * EV_NM2_TO_J_M2


def adhesion_quantities(about: Mapping, summary: Mapping, numerical: Mapping) -> list[Quantity]:
    """Read the peak of an adhesion curve, its height for layers in their own cells, as published.

    h(own) = h(strained) − E_strain: straining the layers shifts the whole curve.
    """
    peak, strain = summary["peak"], summary["strain_energy"]
    if not peak["found"]:
        units = {"height": "eV/nm^2", "spacing": "angstrom"}
        return [
            quantity_row("adhesion", name, None, unit, note=peak["sentence"])
            for name, unit in units.items()
        ]
    spacing = quantity_row(
        "adhesion",
        "spacing",
        peak["spacing"],
        "angstrom",
        error=peak["spacing_error"],
        convention=summary["spacing_convention"],
        note="error of the fit",
    )
    if summary["layers"] == "strained" and strain is None:
        note = "the energies of the layers in their own cells are missing"
        return [spacing, quantity_row("adhesion", "height", None, "eV/nm^2", note=note)]
    shift = 0.0 if summary["layers"] == "own" else strain["total_eV_nm2"]
    height = quantity_row(
        "adhesion",
        "height",
        peak["height"] - shift,
        "eV/nm^2",
        error=peak["height_error"],
        convention="own",
        note="error of the fit",
    )
    return [height, spacing]
