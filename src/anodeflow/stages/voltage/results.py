"""What voltage leaves behind: its file, the rows of its table, and its quantities."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from anodeflow.files.result_file import CsvFile, records
from anodeflow.scorecard.quantity import Case, Quantity, quantity_row

if TYPE_CHECKING:
    import pandas as pd

WITHOUT_DISPERSION = ("average_no_dispersion_V", "step_no_dispersion_V")
CURVE = CsvFile(("n", "average_V", "step_V"), optional=WITHOUT_DISPERSION)
"""Of `curve.voltage_curve`: a row for each number of ions n, voltages against its metal (V)."""

TOTAL_ONLY = "without D3 not known: structures that hold a total energy only"


def voltage_rows(about: Mapping[str, Any], table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Give the voltages (V) against the number of ions, a row each.

    Args:
        about: model and system (stack).
        table: of `curve.voltage_curve`.
    """
    own = {"model": about["model"], "system": about["system"]}
    own["note"] = None if {*WITHOUT_DISPERSION} <= {*table.columns} else TOTAL_ONLY
    return [own | {"ions": int(values.pop("n")), **values} for values in records(table)]


def voltage_quantities(
    about: Mapping[str, Any], table: "pd.DataFrame", numerical: Mapping[str, Any]
) -> list[Quantity]:
    """Read the average voltages of a stack; about: host (relaxed or frozen)."""
    shared: dict[str, Any] = {"error": numerical["voltage_V"], "note": "numerical error"}
    shared["convention"] = about["host"]
    return [
        quantity_row("voltage", "average_V", v, "V", case=Case(about["system"], int(n)), **shared)
        for n, v in zip(table["n"], table["average_V"], strict=True)
    ]
