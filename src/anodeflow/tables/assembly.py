"""A table of computed rows and published ones, written as CSV, and what its numbers rest on."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from anodeflow.errors import AnodeflowError
from anodeflow.tables.columns import PUBLISHED
from anodeflow.tables.table import Table

COMPUTED = "computed"


def assemble(
    table: Table, rows: Sequence[tuple[Mapping[str, Any], object]], published: pd.DataFrame | None
) -> pd.DataFrame:
    """Put computed rows and the published rows of the same systems into one table.

    Args:
        table: its declaration.
        rows: what a result is about (model, system, …) and the result, as `table.rows` takes them.
        published: table of `read_published`, or None.
    """
    cells = [row for about, result in rows for row in table.rows(about, result)]
    computed = [{**row, "source": COMPUTED} for row in cells]
    systems = list(dict.fromkeys(row["system"] for row in computed))
    others = [] if published is None else _published_rows(table, published, systems)
    filled = pd.DataFrame(computed + others).replace("", None)
    if filled.empty:
        return pd.DataFrame(columns=["system", "model", "source"])
    if "ions" in filled:
        filled["ions"] = filled["ions"].astype("Int64")
    order = [key for key in ("system", "ions") if key in filled]
    ranked = filled.assign(system=filled["system"].map(systems.index))
    filled = filled.loc[ranked.sort_values(order, kind="stable").index]
    used = [str(column) for column in filled if filled[column].notna().any()]
    with_errors = {*used, *table.kept(used)}
    filled = filled[[column for column in filled if column in with_errors]]
    first = [column for column in ("system", "ions", "model") if column in filled]
    last = [column for column in ("published_error", "source") if column in filled]
    middle = [column for column in filled if column not in (*first, *last)]
    return filled[[*first, *middle, *last]].reset_index(drop=True)


def uncertainties(table: Table, filled: pd.DataFrame) -> pd.DataFrame:
    """Tabulate for each numeric column of a table how well its numbers are known.

    Args:
        table: its declaration.
        filled: of `assemble`.

    Returns:
        rows of column, uncertainty (names of the columns that hold it, or empty) and sentence: what
        it is, or the reason why there is none.

    Raises:
        AnodeflowError: a computed column has neither.
    """
    computed = filled[filled["source"] == COMPUTED]
    of = {beside.name: column.name for column in table.columns for beside in column.beside}
    rows = []
    for name in filled.columns:
        if not holds_numbers(filled[name]):
            continue
        column = table.every_column.get(name)
        if name in of:
            found = ("", f"uncertainty of {of[name]}")
        elif computed[name].isna().all():
            found = ("", PUBLISHED)
        elif column is None or not column.uncertainty:
            raise AnodeflowError(
                f"The table {table.name} has numbers in its column {name} and nothing says how "
                "well they are known: say it where the stage declares its columns (columns.py)."
            )
        elif all(beside.name in filled.columns for beside in column.beside):
            found = ("; ".join(beside.name for beside in column.beside), column.uncertainty)
        else:
            found = ("", column.otherwise)
        rows.append({"column": name, "uncertainty": found[0], "sentence": found[1]})
    return pd.DataFrame(rows, columns=["column", "uncertainty", "sentence"])


def holds_numbers(column: pd.Series) -> bool:
    """Return whether a column has a number among its values."""
    if is_numeric_dtype(column):
        return True
    return any(isinstance(value, int | float) and not pd.isna(value) for value in column)


def _published_rows(
    table: Table, published: pd.DataFrame, systems: list[str]
) -> list[dict[str, Any]]:
    name = table.published or table.name
    chosen = published[(published["table"] == name) & published["system"].isin(systems)]
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
    for note, rows in numbers.groupby(numbers["note"].astype(str), sort=False):
        errors = ", ".join(
            f"{quantity} not said" if pd.isna(error) else f"{quantity} ± {error:g}"
            for quantity, error in zip(rows["quantity"], rows["error"], strict=True)
        )
        parts.append(f"{errors} ({note})" if note else errors)
    return "; ".join(parts)
