"""What the uncertainty of each number in the tables is, or the reason why it has none."""

from dataclasses import dataclass

import pandas as pd
from pandas.api.types import is_numeric_dtype

from anodeflow.errors import AnodeflowError


@dataclass(frozen=True)
class Known:
    """How well a column's numbers are known.

    `columns` hold its uncertainty, and `sentence` says what that is; without columns it is the
    reason why there is none. `otherwise` is the reason in a study that leaves these columns out.
    """

    sentence: str
    columns: tuple[str, ...] = ()
    otherwise: str = ""


SET = Known("set in the configuration, not measured")
COUNT = Known("counted, exact")
ONE_GEOMETRY = "of one relaxed geometry, so without sampling; forces left below relaxation.*.fmax"
GEOMETRY = Known(f"no uncertainty: {ONE_GEOMETRY}")
NOT_CONVERGED = (
    "not known: displacement and supercell were not varied (`snakemake phonon_convergence`, or "
    "phonons.convergence.run)"
)
PUBLISHED = Known("published values: see the column published error")
BY_RUN = "larger of the errors from correlation time and from blocks; none where the note says why"
MOBILE = {
    "ions": SET,
    "temperature": SET,
    "hops": Known("counted; what it says of the rate is in the interval of the rate"),
    "watched_ion_ps": Known("exact: time in which a hop could begin and be seen"),
    "rate_per_ps": Known("95 % Poisson interval", ("rate_low_per_ps", "rate_high_per_ps")),
    "rate_upper_bound_per_ps": Known("an upper bound: no hop was seen, 97.5 % Poisson limit"),
    "slope": Known("standard error for Gaussian displacements", ("slope_error",)),
    "D_cm2_s": Known(
        "95 % interval, calibrated on random walks; the one to cite; none where the MSD takes a "
        "choice of origins or ions",
        ("D_low_cm2_s", "D_high_cm2_s"),
    ),
    "D_kinisi_cm2_s": Known(
        "95 % interval of kinisi's posterior; it holds the truth less often, docs/uncertainty.md",
        ("D_kinisi_low_cm2_s", "D_kinisi_high_cm2_s"),
    ),
    "D_upper_bound_cm2_s": Known("an upper bound: the ions were not seen to diffuse"),
}


def _phonon(*names: str) -> dict[str, Known]:
    sentence = "largest change with displacement and supercell, phonons.convergence"
    return {name: Known(sentence, (f"{name}_error",), NOT_CONVERGED) for name in names}


KNOWN: dict[str, dict[str, Known]] = {
    "structure": {
        **{
            bond: Known(f"standard deviation over the bonds, {ONE_GEOMETRY}", (f"{bond}_spread",))
            for bond in ("metal_x", "metal_termination", "metal_metal", "sheet")
        },
        "thickness": GEOMETRY,
        "spacing": GEOMETRY,
    },
    "phonons": {
        **_phonon("minimum_THz", "highest_THz", "mean_abs_THz", "max_abs_THz"),
        **_phonon("highest_error_THz", "dos_overlap"),
    },
    "adhesion": {
        **{
            name: Known(
                "of the fit: covariance, and another degree of the polynomial; the window is the "
                "change when fit_half_width is altered by a fifth either way",
                (f"{name}_error", f"{name}_window"),
            )
            for name in ("height", "spacing")
        },
        "height_J_m2": Known("as that of the height in eV/nm²", ("height_J_m2_error",)),
        **{
            f"{name}_no_dispersion": Known(
                "of the fit, as with D3", (f"{name}_no_dispersion_error",)
            )
            for name in ("height", "spacing")
        },
        "spline_spacing": Known("none: the published recipe gives none; compare d of the fit"),
        "strain_energy_eV_nm2": Known(
            "none: a difference of energies of relaxed layers, without sampling; forces left below "
            "adhesion.fmax"
        ),
        "given_layers_eV_nm2": Known("none: a difference of energies, as the strain energy"),
    },
    "spacing": {
        "ions": SET,
        "temperature": SET,
        "replica": SET,
        "mean": Known(
            f"standard error, {BY_RUN}; 95 % interval", ("standard_error", "low", "high")
        ),
        "correlation_time_ps": Known("standard error", ("correlation_time_error_ps",)),
        "independent_frames": Known("as well known as the correlation time it comes from"),
        "frames": COUNT,
        "temperature_mean_K": Known(f"standard error, {BY_RUN}", ("temperature_error_K",)),
        "temperature_std_K": Known("standard error", ("temperature_std_error_K",)),
        "canonical_std_K": Known("exact: T √(2/N_f) of the degrees of freedom"),
    },
    "diffusion": MOBILE
    | {
        "replica": SET,
        "analysed_ps": COUNT,
        "forward": COUNT,
        "backward": COUNT,
        "jump_length": Known(
            "standard deviation over the hops; none below two", ("jump_length_spread",)
        ),
        "msd_at_window_end": Known(
            "standard error for Gaussian displacements", ("msd_at_window_end_error",)
        ),
        "D_hop_cm2_s": Known(
            "95 % Poisson interval of the hops", ("D_hop_low_cm2_s", "D_hop_high_cm2_s")
        ),
    },
    "spacing_ensembles": {
        "ions": SET,
        "temperature": SET,
        "replicas": SET,
        "mean": Known(
            "standard error, the larger of that within and that between replicas; 95 % interval "
            "with Student's t; replica_std is the spread, none for one replica",
            ("standard_error", "low", "high", "replica_std"),
        ),
        "temperature_mean_K": Known("standard error, likewise", ("temperature_error_K",)),
    },
    "diffusion_ensembles": MOBILE
    | {
        "replicas": SET,
        "dispersion": Known("its p stands beside it; expected is 1", ("dispersion_p",)),
        "msd_at_window_end": Known(
            "standard deviation over the replicas; none for one", ("msd_at_window_end_spread",)
        ),
    },
    "voltage": {
        "ions": SET,
        **{
            name: Known(
                "none: a difference of energies of minima, without sampling. Forces left below "
                "relaxation.stacks.fmax put each energy above its minimum by less than N fmax²/2k, "
                "k the softest force constant, which is not computed"
            )
            for name in ("average_V", "step_V")
        },
    },
}


def kept_columns(name: str, columns: list[str]) -> list[str]:
    """Return the columns of uncertainties that go with these columns of a table."""
    found = (known.columns for column, known in KNOWN[name].items() if column in columns)
    return [column for group in found for column in group]


def uncertainties(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Tabulate for each numeric column of a table how well its numbers are known.

    Args:
        name: of the table.
        table: as the functions of `anodeflow.tables.TABLES` give it.

    Returns:
        rows of column, uncertainty (names of the columns that hold it, or empty) and sentence: what
        it is, or the reason why there is none.

    Raises:
        AnodeflowError: a computed column has neither.
    """
    computed = table[table["source"] == "computed"]
    of = {other: column for column, known in KNOWN[name].items() for other in known.columns}
    rows = []
    for column in table.columns:
        if not holds_numbers(table[column]):
            continue
        if column in of:
            known = Known(f"uncertainty of {of[column]}")
        elif computed[column].isna().all():
            known = PUBLISHED
        elif column in KNOWN[name]:
            known = KNOWN[name][column]
        else:
            raise AnodeflowError(
                f"The table {name} has numbers in its column {column} and nothing says how well "
                "they are known: add it to KNOWN in src/anodeflow/uncertainty.py."
            )
        there = all(other in table.columns for other in known.columns)
        beside = "; ".join(known.columns) if there else ""
        sentence = known.sentence if there else known.otherwise
        rows.append({"column": column, "uncertainty": beside, "sentence": sentence})
    return pd.DataFrame(rows, columns=["column", "uncertainty", "sentence"])


def holds_numbers(column: pd.Series) -> bool:
    """Return whether a column has a number among its values."""
    if is_numeric_dtype(column):
        return True
    return any(isinstance(value, int | float) and not pd.isna(value) for value in column)
