"""Tables as Markdown: units in the header, digits that mean something, notes on uncertainty."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

SHOWN_DIGITS = 4
SHOWN_ERROR_DIGITS = 2
ERRORS = re.compile(r"(_error|_spread|_window|replica_std)(_K|_ps)?$")


def to_markdown(table: pd.DataFrame, headers: Mapping[str, str]) -> str:
    """Format a table for reading: 4 significant digits, 2 for errors, units in the header.

    Args:
        table: any.
        headers: what stands above a column; one without is called by its name.
    """
    lines = [[_header(column, headers) for column in table.columns], ["---"] * len(table.columns)]
    for row in table.itertuples(index=False):
        lines.append([_shown(v, name) for v, name in zip(row, table.columns, strict=True)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def footnotes(described: pd.DataFrame, headers: Mapping[str, str]) -> str:
    """Say below a table how well its numbers are known, columns of one sentence together.

    Args:
        described: of `assembly.uncertainties`.
        headers: as for `to_markdown`.
    """
    beside = set("; ".join(described["uncertainty"]).split("; "))
    lines = ["", "How well the numbers are known:", ""]
    own = described[~described["column"].isin(beside)]
    for (_, sentence), rows in own.groupby([own["uncertainty"] == "", "sentence"], sort=False):
        names = ", ".join(_header(column, headers) for column in rows["column"])
        lines.append(f"- {names}: {sentence}.")
    return "\n".join(lines) + "\n"


def _header(column: str, headers: Mapping[str, str]) -> str:
    return headers.get(column, column.replace("_", " "))


def _shown(value: Any, column: str) -> str:
    if pd.isna(value):
        return "–"
    if isinstance(value, float):
        digits = SHOWN_ERROR_DIGITS if ERRORS.search(column) else SHOWN_DIGITS
        return f"{value:.{digits}g}"
    return str(value)
