"""Tables as Markdown: units in the header, digits that mean something, notes on uncertainty."""

import re

import pandas as pd

SHOWN_DIGITS = 4
SHOWN_ERROR_DIGITS = 2
ERRORS = re.compile(r"(_error|_spread|_window|replica_std)(_K|_ps)?$")

HEADERS = {
    "system": "system",
    "model": "model",
    "metal_x": "metal–X (Å)",
    "metal_termination": "metal–termination (Å)",
    "metal_metal": "metal–metal (Å)",
    "sheet": "in the sheet (Å)",
    "thickness": "thickness (Å)",
    "minimum_THz": "lowest frequency (THz)",
    "highest_THz": "highest frequency (THz)",
    "mean_abs_THz": "mean deviation (THz)",
    "max_abs_THz": "largest deviation (THz)",
    "highest_error_THz": "error of the highest (THz)",
    "metal_x_spread": "± spread",
    "metal_termination_spread": "± spread",
    "metal_metal_spread": "± spread",
    "sheet_spread": "± spread",
    "height": "peak (eV/nm²)",
    "height_error": "± (eV/nm²)",
    "spacing_error": "± (Å)",
    "height_window": "± window (eV/nm²)",
    "spacing_window": "± window (Å)",
    "height_J_m2_error": "± (J/m²)",
    "height_no_dispersion_error": "± (eV/nm²)",
    "spacing_no_dispersion_error": "± (Å)",
    "minimum_THz_error": "± (THz)",
    "highest_THz_error": "± (THz)",
    "mean_abs_THz_error": "± (THz)",
    "max_abs_THz_error": "± (THz)",
    "highest_error_THz_error": "± (THz)",
    "spacing_no_dispersion": "without D3 at d (Å)",
    "standard_error": "± (Å)",
    "height_J_m2": "peak (J/m²)",
    "spacing": "d (Å)",
    "height_no_dispersion": "peak without D3 (eV/nm²)",
    "spline_spacing": "published spline: at d (Å)",
    "strain_energy_eV_nm2": "strain energy (eV/nm²)",
    "given_layers_eV_nm2": "raised by layers of another model (eV/nm²)",
    "mean": "mean spacing (Å)",
    "low": "at least (Å)",
    "high": "at most (Å)",
    "replica_std": "spread of replicas (Å)",
    "temperature_mean_K": "mean T (K)",
    "temperature_error_K": "± (K)",
    "temperature_std_K": "fluctuation of T (K)",
    "temperature_std_error_K": "± (K)",
    "canonical_std_K": "canonical fluctuation (K)",
    "correlation_time_error_ps": "± (ps)",
    "watched_ion_ps": "watched (ion ps)",
    "rate_upper_bound_per_ps": "upper bound of hops per ion and ps",
    "jump_length_spread": "± spread (Å)",
    "slope_error": "±",
    "msd_at_window_end_error": "± (Å²)",
    "msd_at_window_end_spread": "± spread (Å²)",
    "dispersion": "scatter of hops over Poisson's",
    "dispersion_p": "p of that scatter",
    "pooled_verdict": "verdict of all ions together",
    "D_kinisi_cm2_s": "D by kinisi (cm²/s)",
    "D_kinisi_low_cm2_s": "at least (cm²/s)",
    "D_kinisi_high_cm2_s": "at most (cm²/s)",
    "D_hop_low_cm2_s": "at least (cm²/s)",
    "D_hop_high_cm2_s": "at most (cm²/s)",
    "temperature": "T (K)",
    "average_V": "average voltage (V)",
    "step_V": "step voltage (V)",
    "correlation_time_ps": "correlation time (ps)",
    "analysed_ps": "analysed (ps)",
    "rate_per_ps": "hops per ion and ps",
    "rate_low_per_ps": "at least",
    "rate_high_per_ps": "at most",
    "jump_length": "jump (Å)",
    "slope": "log-log slope of the MSD",
    "msd_at_window_end": "MSD at the window's end (Å²)",
    "D_cm2_s": "D (cm²/s)",
    "D_low_cm2_s": "D at least (cm²/s)",
    "D_high_cm2_s": "D at most (cm²/s)",
    "D_upper_bound_cm2_s": "upper bound of D (cm²/s)",
    "D_hop_cm2_s": "D from hops (cm²/s)",
    "wall_s": "wall time (s)",
    "cpu_s": "CPU time (s)",
    "memory_MB": "largest memory (MB)",
    "size_MB": "size (MB)",
}


def to_markdown(table: pd.DataFrame) -> str:
    """Format a table for reading: 4 significant digits, 2 for errors, units in the header."""
    lines = [
        [HEADERS.get(column, column.replace("_", " ")) for column in table.columns],
        ["---"] * len(table.columns),
    ]
    for row in table.itertuples(index=False):
        lines.append([_shown(v, name) for v, name in zip(row, table.columns, strict=True)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def footnotes(described: pd.DataFrame) -> str:
    """Say below a table how well its numbers are known, columns of one sentence together.

    Args:
        described: of `uncertainty.uncertainties`.
    """
    beside = set("; ".join(described["uncertainty"]).split("; "))
    lines = ["", "How well the numbers are known:", ""]
    own = described[~described["column"].isin(beside)]
    for (_, sentence), rows in own.groupby([own["uncertainty"] == "", "sentence"], sort=False):
        names = ", ".join(HEADERS.get(c, c.replace("_", " ")) for c in rows["column"])
        lines.append(f"- {names}: {sentence}.")
    return "\n".join(lines) + "\n"


def _shown(value: object, column: str) -> str:
    if pd.isna(value):
        return "–"
    if isinstance(value, float):
        digits = SHOWN_ERROR_DIGITS if ERRORS.search(column) else SHOWN_DIGITS
        return f"{value:.{digits}g}"
    return str(value)
