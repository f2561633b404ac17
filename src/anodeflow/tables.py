"""Tables of the study: one row per system and model, published values as further rows."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from anodeflow.adhesion_curve import EV_NM2_TO_J_M2
from anodeflow.errors import ReferenceDataError
from anodeflow.whole_files import whole

PUBLISHED_COLUMNS = (
    "table",
    "system",
    "ions",
    "temperature_K",
    "model",
    "quantity",
    "value",
    "error",
    "unit",
    "convention",
    "citation",
    "note",
)
SHOWN_DIGITS = 4
SHOWN_ERROR_DIGITS = 2
ERROR_ENDINGS = ("_error", "_spread")
COMPUTED = "computed"
SPACING = ("mean", "standard_error", "correlation_time_ps", "frames", "note")
DIFFUSION = (
    "verdict",
    "analysed_ps",
    "hops",
    "forward",
    "backward",
    "rate_per_ps",
    "rate_low_per_ps",
    "rate_high_per_ps",
    "jump_length",
    "slope",
    "msd_at_window_end",
    "D_cm2_s",
    "D_low_cm2_s",
    "D_high_cm2_s",
    "interval_note",
    "D_upper_bound_cm2_s",
    "D_hop_cm2_s",
    "criterion",
    "note",
)
BONDS = ("metal_x", "metal_termination", "metal_metal", "sheet")

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
    "spacing_no_dispersion": "without D3 at d (Å)",
    "standard_error": "± (Å)",
    "height_J_m2": "peak (J/m²)",
    "spacing": "d (Å)",
    "height_no_dispersion": "peak without D3 (eV/nm²)",
    "spline_spacing": "published spline: at d (Å)",
    "strain_energy_eV_nm2": "strain energy (eV/nm²)",
    "given_layers_eV_nm2": "raised by layers of another model (eV/nm²)",
    "mean": "mean spacing (Å)",
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
}


def read_published(path: Path) -> pd.DataFrame:
    """Read published values, in the columns PUBLISHED_COLUMNS.

    A value is a number or a word (a verdict), `error` its standard error, `note` where that comes
    from; an empty cell means that it is not said.

    Raises:
        ReferenceDataError: the file is missing, no CSV, or has other columns.
    """
    expected = ", ".join(PUBLISHED_COLUMNS)
    try:
        table = pd.read_csv(path, comment="#", dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ReferenceDataError(
            f"{path} cannot be read as a CSV of published values ({error}): give a file with the "
            f"columns {expected}."
        ) from None
    if tuple(table.columns) != PUBLISHED_COLUMNS:
        raise ReferenceDataError(
            f"{path} has the columns {', '.join(table.columns)}; expected are {expected}: mend the "
            "first line."
        )
    ions = pd.to_numeric(table["ions"], errors="coerce")
    if (ions.isna() & (table["ions"] != "")).any() or (ions % 1 > 0).any():
        raise ReferenceDataError(
            f"{path} has a value in its column ions that is no whole number: mend it, or leave it "
            "empty."
        )
    table["ions"] = ions.astype("Int64")
    for column in ("temperature_K", "error"):
        table[column] = _positive_or_unsaid(table[column], path)
    table["value"] = [_number_or_word(value) for value in table["value"]]
    return table


def structure_table(rows: Sequence[Mapping], published: pd.DataFrame | None) -> pd.DataFrame:
    """Tabulate bonds, thickness and change of structure (Table 1 of the study), lengths in Å.

    Args:
        rows: dicts of model (label), system (layer) and result (of `check_structure`).
        published: table of `read_published`, or None.
    """
    return _assemble("structure", rows, published, _structure_row)


def phonon_table(rows: Sequence[Mapping], published: pd.DataFrame | None) -> pd.DataFrame:
    """Tabulate verdicts and deviations from the reference, frequencies in THz.

    Args:
        rows: dicts of model, system (layer) and result: what `phonon_verdict.verdict` gives, with
            highest_THz and, if there is one, reference (of `reference_phonons.compare`).
        published: table of `read_published`, or None.
    """
    return _assemble("phonons", rows, published, _phonon_row)


def adhesion_table(rows: Sequence[Mapping], published: pd.DataFrame | None) -> pd.DataFrame:
    """Tabulate adhesion peaks and strain energies, Å and eV/nm².

    Args:
        rows: dicts of model, system (stack) and result (of `summarise_adhesion`).
        published: table of `read_published`, or None.
    """
    return _assemble("adhesion", rows, published, _adhesion_row)


def spacing_table(rows: Sequence[Mapping], published: pd.DataFrame | None) -> pd.DataFrame:
    """Tabulate mean spacings of dynamics, Å.

    Args:
        rows: dicts of model, system (stack), ions, temperature (K), replica and result (of
            `mean_spacing`).
        published: table of `read_published`, or None.
    """
    return _assemble("spacing", rows, published, _nested_row(SPACING))


def diffusion_table(rows: Sequence[Mapping], published: pd.DataFrame | None) -> pd.DataFrame:
    """Tabulate verdicts, hops and diffusion coefficients of the ions.

    Args:
        rows: dicts of model, system (stack), ions, temperature (K), replica and result (summary of
            `analyse_diffusion`).
        published: table of `read_published`, or None.
    """
    return _assemble("diffusion", rows, published, _nested_row(DIFFUSION))


def voltage_table(rows: Sequence[Mapping], published: pd.DataFrame | None) -> pd.DataFrame:
    """Tabulate voltages against ion content, V.

    Args:
        rows: dicts of model, system (stack) and result (table of `voltage.voltages`).
        published: table of `read_published`, or None.
    """
    each = [
        {"model": row["model"], "system": row["system"], "ions": int(values.pop("n")), **values}
        for row in rows
        for values in row["result"].to_dict("records")
    ]
    return _assemble("voltage", each, published, dict)


TABLES = {
    "structure": structure_table,
    "phonons": phonon_table,
    "adhesion": adhesion_table,
    "spacing": spacing_table,
    "diffusion": diffusion_table,
    "voltage": voltage_table,
}


def published_spacings(published: pd.DataFrame, stack: str) -> dict[str, float]:
    """Return published mean spacings (Å) of a stack without ions, by who published them."""
    rows = _published_numbers(published, "spacing", stack, "mean")
    rows = rows[rows["ions"] == 0]
    return dict(zip(rows["model"], rows["value"], strict=True))


def published_voltages(published: pd.DataFrame, stack: str) -> pd.DataFrame:
    """Return published average voltages (V) of a stack: model, ions, value."""
    return _published_numbers(published, "voltage", stack, "average_V")


def _published_numbers(
    published: pd.DataFrame, table: str, system: str, quantity: str
) -> pd.DataFrame:
    chosen = {"table": table, "system": system, "quantity": quantity}
    rows = published[(published[list(chosen)] == list(chosen.values())).all(axis=1)]
    words = [value for value in rows["value"] if isinstance(value, str)]
    if words:
        raise ReferenceDataError(
            f"The published values hold '{words[0]}' as {quantity} of {system}, where a number is "
            "needed: mend it."
        )
    return rows.reset_index(drop=True)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV in full precision; it appears under its name only when whole."""
    with whole(path) as part:
        table.to_csv(part, index=False)


def to_markdown(table: pd.DataFrame) -> str:
    """Format a table for reading: 4 significant digits, 2 for errors, units in the header."""
    lines = [
        [HEADERS.get(column, column.replace("_", " ")) for column in table.columns],
        ["---"] * len(table.columns),
    ]
    for row in table.itertuples(index=False):
        lines.append([_shown(v, name) for v, name in zip(row, table.columns, strict=True)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _assemble(
    name: str, rows: Sequence[Mapping], published: pd.DataFrame | None, flatten: Callable
) -> pd.DataFrame:
    """Put computed rows and the published rows of the same systems into one table."""
    computed = [{**flatten(row), "source": COMPUTED} for row in rows]
    systems = list(dict.fromkeys(row["system"] for row in computed))
    others = [] if published is None else _published_rows(name, published, systems)
    table = pd.DataFrame(computed + others).replace("", None)
    if table.empty:
        return pd.DataFrame(columns=["system", "model", "source"])
    if "ions" in table:
        table["ions"] = table["ions"].astype("Int64")
    order = [key for key in ("system", "ions") if key in table]
    ranked = table.assign(system=table["system"].map(systems.index))
    table = table.loc[ranked.sort_values(order, kind="stable").index].dropna(axis=1, how="all")
    first = [column for column in ("system", "ions", "model") if column in table]
    middle = [column for column in table if column not in (*first, "source")]
    return table[[*first, *middle, "source"]].reset_index(drop=True)


def _published_rows(name: str, published: pd.DataFrame, systems: list[str]) -> list[dict]:
    chosen = published[(published["table"] == name) & published["system"].isin(systems)]
    rows = []
    for (system, ions, model), group in chosen.groupby(
        ["system", "ions", "model"], dropna=False, sort=False
    ):
        row = {"system": system, "ions": ions, "model": model}
        row |= dict(zip(group["quantity"], group["value"], strict=True))
        rows.append(row | {"source": "; ".join(dict.fromkeys(group["citation"]))})
    return rows


def _structure_row(row: Mapping) -> dict:
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


def _phonon_row(row: Mapping) -> dict:
    verdict = row["result"]
    comparison = verdict.get("reference", {})
    return {
        "system": row["system"],
        "model": row["model"],
        "verdict": verdict["kind"],
        "minimum_THz": verdict["minimum_THz"],
        "highest_THz": verdict["highest_THz"],
        "compared_on": comparison.get("kind"),
        **{key: value for key, value in comparison.items() if key not in ("kind", "qpoints")},
        "sentence": verdict["sentence"],
    }


def _adhesion_row(row: Mapping) -> dict:
    summary = row["result"]
    peak, bare = summary["peak"], summary["peak_no_dispersion"]
    height = peak.get("height")
    return {
        "system": row["system"],
        "model": row["model"],
        "layers": summary["layers"],
        "spacing_convention": summary["spacing_convention"],
        **{key: peak.get(key) for key in ("height", "height_error", "spacing", "spacing_error")},
        "height_J_m2": None if height is None else height * EV_NM2_TO_J_M2,
        "height_no_dispersion": bare.get("height"),
        "spacing_no_dispersion": bare.get("spacing"),
        "spline_spacing": summary["peak_published_spline"].get("spacing"),
        "strain_energy_eV_nm2": (summary["strain_energy"] or {}).get("total_eV_nm2"),
        "given_layers_eV_nm2": summary.get("given_layers_eV_nm2"),
        "note": peak.get("sentence"),
    }


def _nested_row(quantities: Sequence[str]) -> Callable[[Mapping], dict]:
    """Make a function that puts a row's own keys and these of its result on one level."""

    def flatten(row: Mapping) -> dict:
        keys = {key: value for key, value in row.items() if key != "result"}
        return keys | {name: row["result"].get(name) for name in quantities}

    return flatten


def _positive_or_unsaid(cells: pd.Series, path: Path) -> pd.Series:
    """Return a column as numbers, NaN where a cell is empty."""
    numbers = pd.to_numeric(cells, errors="coerce")
    if (numbers.isna() & (cells != "")).any() or (numbers <= 0).any():
        raise ReferenceDataError(
            f"{path} has a value in its column {cells.name} that is no positive number: mend it, "
            "or leave it empty."
        )
    return numbers


def _number_or_word(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def _shown(value: object, column: str) -> str:
    if pd.isna(value):
        return "–"
    if isinstance(value, float):
        digits = SHOWN_ERROR_DIGITS if column.endswith(ERROR_ENDINGS) else SHOWN_DIGITS
        return f"{value:.{digits}g}"
    return str(value)
