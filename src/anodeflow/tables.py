"""Tables of the study: one row per system and model, published values as further rows."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from anodeflow import table_rows
from anodeflow.errors import ReferenceDataError
from anodeflow.uncertainty import kept_columns
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
COMPUTED = "computed"


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
    return _assemble("structure", rows, published, table_rows.structure_row)


def phonon_table(rows: Sequence[Mapping], published: pd.DataFrame | None) -> pd.DataFrame:
    """Tabulate verdicts and deviations from the reference, frequencies in THz.

    Args:
        rows: dicts of model, system (layer) and result: what `phonon_verdict.verdict` gives, with
            highest_THz and, if there is one, reference (of `reference_phonons.compare`); and, where
            it was checked, convergence (changes of `phonon_convergence.summarise`).
        published: table of `read_published`, or None.
    """
    return _assemble("phonons", rows, published, table_rows.phonon_row)


def adhesion_table(rows: Sequence[Mapping], published: pd.DataFrame | None) -> pd.DataFrame:
    """Tabulate adhesion peaks and strain energies, Å and eV/nm².

    Args:
        rows: dicts of model, system (stack) and result (of `summarise_adhesion`).
        published: table of `read_published`, or None.
    """
    return _assemble("adhesion", rows, published, table_rows.adhesion_row)


def spacing_table(rows: Sequence[Mapping], published: pd.DataFrame | None) -> pd.DataFrame:
    """Tabulate mean spacings of dynamics, Å.

    Args:
        rows: dicts of model, system (stack), ions, temperature (K), replica and result (of
            `mean_spacing`, with that of `mean_temperature` as temperature_K).
        published: table of `read_published`, or None.
    """
    return _assemble("spacing", rows, published, table_rows.spacing_row)


def diffusion_table(rows: Sequence[Mapping], published: pd.DataFrame | None) -> pd.DataFrame:
    """Tabulate verdicts, hops and diffusion coefficients of the ions.

    Args:
        rows: dicts of model, system (stack), ions, temperature (K), replica and result (summary of
            `analyse_diffusion`).
        published: table of `read_published`, or None.
    """
    return _assemble("diffusion", rows, published, table_rows.diffusion_row)


def spacing_ensemble_table(rows: Sequence[Mapping], published: pd.DataFrame | None) -> pd.DataFrame:
    """Tabulate mean spacings over replicas, Å.

    Args:
        rows: dicts of model, system (stack), ions, temperature (K) and result (of
            `replicas.combine_replicas`).
        published: table of `read_published`, or None.
    """
    return _assemble("spacing_ensembles", rows, published, table_rows.spacing_ensemble_row)


def diffusion_ensemble_table(
    rows: Sequence[Mapping], published: pd.DataFrame | None
) -> pd.DataFrame:
    """Tabulate verdicts, hops and diffusion coefficients over replicas.

    Args:
        rows: as for `spacing_ensemble_table`, of groups with ions.
        published: table of `read_published`, or None.
    """
    return _assemble("diffusion_ensembles", rows, published, table_rows.diffusion_ensemble_row)


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
    "spacing_ensembles": spacing_ensemble_table,
    "diffusion_ensembles": diffusion_ensemble_table,
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
    table = table.loc[ranked.sort_values(order, kind="stable").index]
    used = [column for column in table if table[column].notna().any()]
    with_errors = {*used, *kept_columns(name, used)}
    table = table[[column for column in table if column in with_errors]]
    first = [column for column in ("system", "ions", "model") if column in table]
    last = [column for column in ("published_error", "source") if column in table]
    middle = [column for column in table if column not in (*first, *last)]
    return table[[*first, *middle, *last]].reset_index(drop=True)


def _published_rows(name: str, published: pd.DataFrame, systems: list[str]) -> list[dict]:
    table = name.removesuffix("_ensembles")
    chosen = published[(published["table"] == table) & published["system"].isin(systems)]
    rows = []
    for (system, ions, model), group in chosen.groupby(
        ["system", "ions", "model"], dropna=False, sort=False
    ):
        row = {"system": system, "ions": ions, "model": model}
        row |= dict(zip(group["quantity"], group["value"], strict=True))
        row["published_error"] = _published_errors(group)
        rows.append(row | {"source": "; ".join(dict.fromkeys(group["citation"]))})
    return rows


def _published_errors(values: pd.DataFrame) -> str:
    """Say the standard errors of published values, and where each comes from."""
    numbers = values[[not isinstance(value, str) for value in values["value"]]]
    parts = []
    for note, rows in numbers.groupby("note", sort=False):
        errors = ", ".join(
            f"{quantity} not said" if pd.isna(error) else f"{quantity} ± {error:g}"
            for quantity, error in zip(rows["quantity"], rows["error"], strict=True)
        )
        parts.append(f"{errors} ({note})" if note else errors)
    return "; ".join(parts)


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
