"""A row of each table from the results of one structure, scan or run."""

from collections.abc import Mapping

from anodeflow.adhesion_curve import EV_NM2_TO_J_M2
from anodeflow.diffusion import FITTED, KINISI

BONDS = ("metal_x", "metal_termination", "metal_metal", "sheet")
SPACING = (
    "mean",
    "standard_error",
    "low",
    "high",
    "correlation_time_ps",
    "correlation_time_error_ps",
    "independent_frames",
    "frames",
)
TEMPERATURE = {
    "mean": "temperature_mean_K",
    "standard_error": "temperature_error_K",
    "std": "temperature_std_K",
    "std_error": "temperature_std_error_K",
    "expected_std": "canonical_std_K",
    "thermostat": "thermostat",
}
RATE = ("rate_per_ps", "rate_low_per_ps", "rate_high_per_ps")
D_HOP = ("D_hop_cm2_s", "D_hop_low_cm2_s", "D_hop_high_cm2_s")
D = (*FITTED, *KINISI, "D_upper_bound_cm2_s")
DIFFUSION = (
    "verdict",
    "analysed_ps",
    "hops",
    "forward",
    "backward",
    "watched_ion_ps",
    *RATE,
    "rate_upper_bound_per_ps",
    "jump_length",
    "jump_length_spread",
    "slope",
    "slope_error",
    "msd_at_window_end",
    "msd_at_window_end_error",
    *D,
    "interval_note",
    *D_HOP,
    "criterion",
    "note",
)
ENSEMBLE_MEAN = ("mean", "standard_error", "low", "high", "replica_std")
ENSEMBLE_DIFFUSION = (
    "verdict",
    "hops",
    "watched_ion_ps",
    *RATE,
    "rate_upper_bound_per_ps",
    "dispersion",
    "dispersion_p",
    "pooled_verdict",
    "slope",
    "slope_error",
    *D,
    "criterion",
    "note",
)


def structure_row(row: Mapping) -> dict:
    """Give bonds, thickness and change of structure."""
    check = row["result"]
    flat = {"system": row["system"], "model": row["model"]}
    for bond in BONDS:
        if bond in check["bonds"]:
            flat[bond] = check["bonds"][bond]["mean"]
            flat[f"{bond}_spread"] = check["bonds"][bond]["std"]
    flat["thickness"] = check["thickness"]
    flat["spacing"] = check["spacing"]
    flat["coordination"] = ", ".join(
        f"{c['x']} X + {c['termination']} T" for c in check["coordination"]
    )
    flat["termination_site"] = check["termination_site"]
    flat["changed"] = "; ".join(check["changes"]) if check["changed"] else "no"
    return flat


def phonon_row(row: Mapping) -> dict:
    """Give the verdict, the deviations, and their errors where convergence was checked."""
    verdict = row["result"]
    comparison = verdict.get("reference", {})
    numbers = {"minimum_THz": verdict["minimum_THz"], "highest_THz": verdict["highest_THz"]}
    numbers |= {key: value for key, value in comparison.items() if key not in ("kind", "qpoints")}
    flat = {"system": row["system"], "model": row["model"], "verdict": verdict["kind"]}
    for name, value in numbers.items():
        flat[name] = value
        if "convergence" in row:
            flat[f"{name}_error"] = row["convergence"].get(name)
    compared = {"compared_on": comparison.get("kind"), "sentence": verdict["sentence"]}
    return flat | compared


def adhesion_row(row: Mapping) -> dict:
    """Give the peaks and the strain energy."""
    summary = row["result"]
    peak, bare = summary["peak"], summary["peak_no_dispersion"]
    return {
        "system": row["system"],
        "model": row["model"],
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


def _in_J_m2(energy: float | None) -> float | None:
    return None if energy is None else energy * EV_NM2_TO_J_M2


def _about(row: Mapping) -> dict:
    return {key: value for key, value in row.items() if key != "result"}


def spacing_row(row: Mapping) -> dict:
    """Give the mean spacing and temperature of a run."""
    spacing = row["result"]
    temperature = {new: spacing["temperature_K"][old] for old, new in TEMPERATURE.items()}
    numbers = {name: spacing[name] for name in SPACING}
    note = "; ".join(filter(None, [spacing["note"], spacing["temperature_K"]["note"]]))
    return _about(row) | numbers | temperature | {"note": note}


def diffusion_row(row: Mapping) -> dict:
    """Give the verdict, hops and D of a run."""
    return _about(row) | {name: _bounded(row["result"]).get(name) for name in DIFFUSION}


def _bounded(result: Mapping) -> dict:
    """Where no hop was seen, give the upper end of the rate as the bound that it is."""
    if result.get("hops") != 0:
        return dict(result)
    bound = {"rate_upper_bound_per_ps": result["rate_high_per_ps"]}
    return result | dict.fromkeys((*RATE, *D_HOP)) | bound


def spacing_ensemble_row(row: Mapping) -> dict:
    """Give the mean spacing and temperature over replicas."""
    group = row["result"]
    spacing, temperature = group["spacing"], group["temperature_K"]
    broken = [f"{u['replica']} after {u['after_ps']:g} ps" for u in group["unstable"]]
    return {
        **_about(row),
        "replicas": group["replicas"],
        **{name: spacing[name] for name in ENSEMBLE_MEAN},
        "temperature_mean_K": temperature["mean"],
        "temperature_error_K": temperature["standard_error"],
        "unstable": ", ".join(broken),
        "note": "; ".join(filter(None, [spacing["note"], temperature["note"]])),
    }


def diffusion_ensemble_row(row: Mapping) -> dict:
    """Give the verdicts, hops and D over replicas."""
    group = row["result"]
    mobility = _bounded(group["mobility"])
    end = mobility["msd_at_window_end"] or {"mean": None, "spread": None}
    return {
        **_about(row),
        "replicas": group["replicas"],
        "verdicts": ", ".join(mobility["verdicts"]),
        "msd_at_window_end": end["mean"],
        "msd_at_window_end_spread": end["spread"],
        **{name: mobility.get(name) for name in ENSEMBLE_DIFFUSION},
    }
