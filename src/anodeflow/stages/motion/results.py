"""What is read from trajectories: the cells of four tables, and quantities in the scorecard."""

from collections.abc import Mapping

from anodeflow.scorecard.quantity import Quantity, joined_notes, quantity_row
from anodeflow.tables.columns import (
    COUNTED,
    IONS,
    NOTE,
    REPLICA,
    REPLICAS,
    TEMPERATURE,
    Column,
    bounds,
    plus_minus,
)

FITTED = ("D_cm2_s", "D_low_cm2_s", "D_high_cm2_s")
KINISI = ("D_kinisi_cm2_s", "D_kinisi_low_cm2_s", "D_kinisi_high_cm2_s")
RATE = ("rate_per_ps", "rate_low_per_ps", "rate_high_per_ps")
D_HOP = ("D_hop_cm2_s", "D_hop_low_cm2_s", "D_hop_high_cm2_s")
D = (*FITTED, *KINISI, "D_upper_bound_cm2_s")

BY_RUN = "larger of the errors from correlation time and from blocks; none where the note says why"
MEAN_INTERVAL = (plus_minus("standard_error", "Å"), *bounds("low", "high", "Å"))
SPACING_COLUMNS = (
    IONS,
    TEMPERATURE,
    REPLICA,
    Column("mean", "mean spacing", "Å", f"standard error, {BY_RUN}; 95 % interval", MEAN_INTERVAL),
    Column(
        "correlation_time_ps",
        "correlation time",
        "ps",
        "standard error",
        (plus_minus("correlation_time_error_ps", "ps"),),
    ),
    Column(
        "independent_frames",
        "independent frames",
        "",
        "as well known as the correlation time it comes from",
    ),
    Column("frames", "frames", "", COUNTED),
    Column(
        "temperature_mean_K",
        "mean T",
        "K",
        f"standard error, {BY_RUN}",
        (plus_minus("temperature_error_K", "K"),),
    ),
    Column(
        "temperature_std_K",
        "fluctuation of T",
        "K",
        "standard error",
        (plus_minus("temperature_std_error_K", "K"),),
    ),
    Column(
        "canonical_std_K",
        "canonical fluctuation",
        "K",
        "exact: T √(2/N_f) of the degrees of freedom",
    ),
    Column("thermostat", "thermostat"),
    NOTE,
)
SPACING_ENSEMBLE_COLUMNS = (
    IONS,
    TEMPERATURE,
    REPLICAS,
    Column(
        "mean",
        "mean spacing",
        "Å",
        "standard error, the larger of that within and that between replicas; 95 % interval with "
        "Student's t; replica_std is the spread, none for one replica",
        (*MEAN_INTERVAL, Column("replica_std", "spread of replicas", "Å")),
    ),
    Column(
        "temperature_mean_K",
        "mean T",
        "K",
        "standard error, likewise",
        (plus_minus("temperature_error_K", "K"),),
    ),
    Column("unstable", "unstable"),
    NOTE,
)
MOBILITY_COLUMNS = (
    IONS,
    TEMPERATURE,
    Column("verdict", "verdict"),
    Column("hops", "hops", "", "counted; what it says of the rate is in the interval of the rate"),
    Column(
        "watched_ion_ps", "watched", "ion ps", "exact: time in which a hop could begin and be seen"
    ),
    Column(
        "rate_per_ps",
        "hops per ion and ps",
        "",
        "95 % Poisson interval",
        bounds("rate_low_per_ps", "rate_high_per_ps"),
    ),
    Column(
        "rate_upper_bound_per_ps",
        "upper bound of hops per ion and ps",
        "",
        "an upper bound: no hop was seen, 97.5 % Poisson limit",
    ),
    Column(
        "slope",
        "log-log slope of the MSD",
        "",
        "standard error for Gaussian displacements",
        (plus_minus("slope_error"),),
    ),
    Column(
        "D_cm2_s",
        "D",
        "cm²/s",
        "95 % interval, calibrated on random walks; the one to cite; none where the MSD takes a "
        "choice of origins or ions",
        bounds("D_low_cm2_s", "D_high_cm2_s", "cm²/s", of="D"),
    ),
    Column(
        "D_kinisi_cm2_s",
        "D by kinisi",
        "cm²/s",
        "95 % interval of kinisi's posterior; it holds the truth less often, docs/uncertainty.md",
        bounds("D_kinisi_low_cm2_s", "D_kinisi_high_cm2_s", "cm²/s"),
    ),
    Column(
        "D_upper_bound_cm2_s",
        "upper bound of D",
        "cm²/s",
        "an upper bound: the ions were not seen to diffuse",
    ),
    Column("criterion", "criterion"),
    # Published: whether eight ions move more than one.
    Column("mobility_change", "change of mobility"),
    NOTE,
)
DIFFUSION_COLUMNS = (
    *MOBILITY_COLUMNS,
    REPLICA,
    Column("analysed_ps", "analysed", "ps", COUNTED),
    Column("forward", "forward", "", COUNTED),
    Column("backward", "backward", "", COUNTED),
    Column(
        "jump_length",
        "jump",
        "Å",
        "standard deviation over the hops; none below two",
        (plus_minus("jump_length_spread", "Å", of="spread"),),
    ),
    Column(
        "msd_at_window_end",
        "MSD at the window's end",
        "Å²",
        "standard error for Gaussian displacements",
        (plus_minus("msd_at_window_end_error", "Å²"),),
    ),
    Column("interval_note", "interval note"),
    Column(
        "D_hop_cm2_s",
        "D from hops",
        "cm²/s",
        "95 % Poisson interval of the hops",
        bounds("D_hop_low_cm2_s", "D_hop_high_cm2_s", "cm²/s"),
    ),
)
DIFFUSION_ENSEMBLE_COLUMNS = (
    *MOBILITY_COLUMNS,
    REPLICAS,
    Column("verdicts", "verdicts"),
    Column(
        "hop_scatter",
        "scatter of hops over Poisson's",
        "",
        "its p stands beside it; expected is 1",
        (Column("hop_scatter_p", "p of that scatter"),),
    ),
    Column("pooled_verdict", "verdict of all ions together"),
    Column(
        "msd_at_window_end",
        "MSD at the window's end",
        "Å²",
        "standard deviation over the replicas; none for one",
        (plus_minus("msd_at_window_end_spread", "Å²", of="spread"),),
    ),
)

SPACING_CELLS = (
    "mean",
    "standard_error",
    "low",
    "high",
    "correlation_time_ps",
    "correlation_time_error_ps",
    "independent_frames",
    "frames",
)
TEMPERATURE_CELLS = {
    "mean": "temperature_mean_K",
    "standard_error": "temperature_error_K",
    "std": "temperature_std_K",
    "std_error": "temperature_std_error_K",
    "expected_std": "canonical_std_K",
    "thermostat": "thermostat",
}
DIFFUSION_CELLS = (
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
MEAN_CELLS = ("mean", "standard_error", "low", "high", "replica_std")
POOLED_CELLS = (
    "verdict",
    "hops",
    "watched_ion_ps",
    *RATE,
    "rate_upper_bound_per_ps",
    "hop_scatter",
    "hop_scatter_p",
    "pooled_verdict",
    "slope",
    "slope_error",
    *D,
    "criterion",
    "note",
)


def spacing_rows(about: Mapping, spacing: Mapping) -> list[dict]:
    """Give the mean spacing (Å) and temperature (K) of a run.

    Args:
        about: model, system (stack), ions, temperature (K), replica.
        spacing: of `mean_spacing`, with that of `mean_temperature` as temperature_K.
    """
    measured = spacing["temperature_K"]
    temperature = {new: measured[old] for old, new in TEMPERATURE_CELLS.items()}
    numbers = {name: spacing[name] for name in SPACING_CELLS}
    note = joined_notes(spacing["note"], measured["note"])
    return [{**about, **numbers, **temperature, "note": note}]


def diffusion_rows(about: Mapping, summary: Mapping) -> list[dict]:
    """Give the verdict, hops and D of a run's ions.

    Args:
        about: model, system (stack), ions, temperature (K), replica.
        summary: of `analyse_diffusion`.
    """
    return [{**about, **{name: _bounded(summary).get(name) for name in DIFFUSION_CELLS}}]


def _bounded(result: Mapping) -> dict:
    """Where no hop was seen, give the upper end of the rate as the bound that it is."""
    if result.get("hops") != 0:
        return dict(result)
    bound = {"rate_upper_bound_per_ps": result["rate_high_per_ps"]}
    return result | dict.fromkeys((*RATE, *D_HOP)) | bound


def spacing_ensemble_rows(about: Mapping, group: Mapping) -> list[dict]:
    """Give the mean spacing (Å) and temperature (K) over replicas.

    Args:
        about: model, system (stack), ions, temperature (K).
        group: of `replicas.combine_replicas`.
    """
    spacing, temperature = group["spacing"], group["temperature_K"]
    broken = [f"{u['replica']} after {u['after_ps']:g} ps" for u in group["unstable"]]
    row = {
        **about,
        "replicas": group["replicas"],
        **{name: spacing[name] for name in MEAN_CELLS},
        "temperature_mean_K": temperature["mean"],
        "temperature_error_K": temperature["standard_error"],
        "unstable": ", ".join(broken),
        "note": joined_notes(spacing["note"], temperature["note"]),
    }
    return [row]


def diffusion_ensemble_rows(about: Mapping, group: Mapping) -> list[dict]:
    """Give the verdicts, hops and D over replicas of a run with ions; arguments as above."""
    mobility = _bounded(group["mobility"])
    end = mobility["msd_at_window_end"] or {"mean": None, "spread": None}
    row = {
        **about,
        "replicas": group["replicas"],
        "verdicts": ", ".join(mobility["verdicts"]),
        "msd_at_window_end": end["mean"],
        "msd_at_window_end_spread": end["spread"],
        **{name: mobility.get(name) for name in POOLED_CELLS},
    }
    return [row]


def ensemble_quantities(about: Mapping, ensemble: Mapping, numerical: Mapping) -> list[Quantity]:
    """Read the replicas of a group taken together: spacing, and mobility where there are ions."""
    broken = "; ".join(
        f"replica {run['replica']} unstable after {run['after_ps']:g} ps ({run['reason']})"
        for run in ensemble["unstable"]
    )
    spacing = ensemble["spacing"]
    rows = [
        quantity_row(
            "spacing",
            "mean",
            spacing["mean"],
            "angstrom",
            error=spacing["standard_error"],
            sample_ps=ensemble["replicas"] * about["production_ps"],
            replicas=ensemble["replicas"],
            note=joined_notes(spacing["note"], broken),
        )
    ]
    return rows + (_mobility(ensemble, broken) if ensemble["ions"] else [])


def _mobility(ensemble: Mapping, broken: str) -> list[Quantity]:
    """Read verdict, hops, rate and D of a group with ions; without a count the hops are None."""
    found = ensemble["mobility"]
    if found is None:
        note = broken or "no run could be analysed"
        return [quantity_row("diffusion", name, None, note=note) for name in ("verdict", "hops")]
    note = joined_notes(found["note"], broken)
    if not found["watched_ion_ps"]:
        told = joined_notes(f"verdict {found['verdict']}", note)
        verdict = quantity_row("diffusion", "verdict", found["verdict"], note=note)
        return [verdict, quantity_row("diffusion", "hops", None, note=told)]
    shared = {"sample_ps": found["watched_ion_ps"], "replicas": ensemble["replicas"]}
    rate = {"low": found["rate_low_per_ps"], "high": found["rate_high_per_ps"]}
    D = {"low": found["D_low_cm2_s"], "high": found["D_high_cm2_s"], "note": note}
    if found["D_cm2_s"] is None:
        bound = {"high": found["D_upper_bound_cm2_s"]}
        D = bound | {"note": joined_notes("not diffusive, high bounds it", note)}
    return [
        quantity_row("diffusion", "verdict", found["verdict"], note=note, **shared),
        quantity_row("diffusion", "hops", found["hops"], note=note, **shared),
        quantity_row(
            "diffusion", "rate_per_ps", found["rate_per_ps"], "1/ps", note=note, **rate, **shared
        ),
        quantity_row("diffusion", "D_cm2_s", found["D_cm2_s"], "cm^2/s", **D, **shared),
    ]
