"""What voltage leaves behind: the cells of its table, and its quantities in the scorecard."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from anodeflow.scorecard.quantity import Case, Quantity, quantity_row
from anodeflow.tables.columns import IONS, Column

if TYPE_CHECKING:
    import pandas as pd

OF_MINIMA = (
    "none: a difference of energies of minima, without sampling. Forces left below "
    "relaxation.stacks.fmax put each energy above its minimum by less than N fmax²/2k, "
    "k the softest force constant, which is not computed"
)
COLUMNS = (
    IONS,
    Column("average_V", "average voltage", "V", OF_MINIMA),
    Column("step_V", "step voltage", "V", OF_MINIMA),
)


def voltage_rows(about: Mapping, table: "pd.DataFrame") -> list[dict]:
    """Give the voltages (V) against the number of ions, a row each.

    Args:
        about: model and system (stack).
        table: of `curve.voltages`.
    """
    own = {"model": about["model"], "system": about["system"]}
    return [own | {"ions": int(values.pop("n")), **values} for values in table.to_dict("records")]


def voltage_quantities(about: Mapping, table: "pd.DataFrame", numerical: Mapping) -> list[Quantity]:
    """Read the average voltages of a stack; about: host (relaxed or frozen)."""
    shared = {"error": numerical["voltage_V"], "note": "numerical error"}
    shared["convention"] = about["host"]
    return [
        quantity_row("voltage", "average_V", v, "V", case=Case(about["system"], int(n)), **shared)
        for n, v in zip(table["n"], table["average_V"], strict=True)
    ]
