"""Values that others published: one CSV of numbers and words, and one of adhesion curves."""

from pathlib import Path

import pandas as pd

from anodeflow.errors import ReferenceDataError
from anodeflow.files.result_file import RENAMED_TABLES

REFERENCE_COLUMNS = ("source", "stack", "spacing_angstrom", "adhesion_ev_per_nm2")


def read_adhesion_reference(path: Path) -> pd.DataFrame:
    """Read curves of others: columns source, stack, spacing_angstrom, adhesion_ev_per_nm2.

    Raises:
        ReferenceDataError: the file is missing, no CSV, or has other columns.
    """
    try:
        table = pd.read_csv(path, comment="#")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ReferenceDataError(
            f"{path} cannot be read as a CSV of adhesion curves ({error}): give a file with the "
            f"columns {', '.join(REFERENCE_COLUMNS)}."
        ) from None
    if tuple(table.columns) != REFERENCE_COLUMNS:
        raise ReferenceDataError(
            f"{path} has the columns {', '.join(map(str, table.columns))}; expected are "
            f"{', '.join(REFERENCE_COLUMNS)}: correct the first line."
        )
    for column in REFERENCE_COLUMNS[2:]:
        text = pd.to_numeric(table[column], errors="coerce").isna()
        if text.any():
            row = int(text.to_numpy().argmax())
            raise ReferenceDataError(
                f"{path} has {table[column].iloc[row]!r} in its column {column}, data row "
                f"{row + 1}: put a number there."
            )
    return table


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
            f"{path} has the columns {', '.join(table.columns)}; expected are {expected}: correct "
            "the first line."
        )
    for old in set(table["table"]) & set(RENAMED_TABLES):
        raise ReferenceDataError(
            f"{path} names the table {old}, which is {RENAMED_TABLES[old]} now: rename it there."
        )
    ions = pd.to_numeric(table["ions"], errors="coerce")
    if (ions.isna() & (table["ions"] != "")).any() or (ions % 1 > 0).any():
        raise ReferenceDataError(
            f"{path} has a value in its column ions that is no whole number: correct it, or leave "
            "it empty."
        )
    table["ions"] = ions.astype("Int64")
    for column in ("temperature_K", "error"):
        table[column] = _positive_or_unsaid(table[column], path)
    table["value"] = [_number_or_word(value) for value in table["value"]]
    return table


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
            "needed: correct it."
        )
    return rows.reset_index(drop=True)


def _positive_or_unsaid(cells: pd.Series, path: Path) -> pd.Series:
    """Return a column as numbers, NaN where a cell is empty."""
    numbers = pd.to_numeric(cells, errors="coerce")
    if (numbers.isna() & (cells != "")).any() or (numbers <= 0).any():
        raise ReferenceDataError(
            f"{path} has a value in its column {cells.name} that is no positive number: correct "
            "it, or leave it empty."
        )
    return numbers


def _number_or_word(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value
