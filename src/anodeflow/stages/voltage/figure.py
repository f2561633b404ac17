"""Figure of voltage against ion content."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from anodeflow.figures.style import COLUMN_MM, PAGE_MM, REFERENCE_GREY, figure, styled

HEIGHT_MM = 74.0
DOTTED = "average_no_dispersion_V"
STEP_WIDTH = 1.2
AVERAGE: dict[str, Any] = {"marker": "o", "linestyle": "--", "linewidth": 0.8}
WITHOUT_D3: dict[str, Any] = {"linestyle": ":", "linewidth": 1.0}
MARKERS = ("s", "^", "v", "P")


@styled
def plot_voltage(
    stacks: Mapping[str, Sequence[Mapping[str, Any]]], *, ion: str
) -> tuple[Figure, pd.DataFrame]:
    """Draw step voltages (stairs) and average voltages (points on a line), one panel a stack.

    A dotted line is the average without dispersion, where it is known.

    Args:
        stacks: by stack, a list of dicts of label, colour, voltages (of `curve.voltage_curve`) and
            published (rows model, ions, value of average voltages of others, or None).
        ion: element, for the axis.

    Returns the figure and what it shows: stack, source, n, average_V, step_V and, with a dotted
    line, average_no_dispersion_V.
    """
    width = COLUMN_MM if len(stacks) == 1 else PAGE_MM
    fig, axes = figure(width, HEIGHT_MM, ncols=len(stacks), sharey=True, squeeze=False)
    shown = []
    for ax, (stack, entries) in zip(axes.flat, stacks.items(), strict=True):
        for entry in entries:
            shown.append(_draw_model(ax, entry).assign(stack=stack, source=entry["label"]))
        shown += [rows.assign(stack=stack) for rows in _draw_published(ax, entries)]
        ax.axhline(0, color="black", linewidth=0.5, zorder=0)
        ax.set_title(stack)
        ax.set_xlabel(f"Number of {ion} ions $n$")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0, 0].set_ylabel(f"Voltage against {ion} metal (V)")
    table = pd.concat(shown, ignore_index=True)
    _add_legend(fig, axes, columns=2 if len(stacks) == 1 else 4, dotted=DOTTED in table)
    return fig, table.filter(["stack", "source", "n", "average_V", "step_V", DOTTED])


def _draw_model(ax: Axes, entry: Mapping[str, Any]) -> pd.DataFrame:
    table: pd.DataFrame = entry["voltages"]
    colour = entry["colour"]
    edges = np.concatenate([[0], table["n"]])
    ax.stairs(table["step_V"], edges, color=colour, baseline=None, linewidth=STEP_WIDTH)
    ax.plot(table["n"], table["average_V"], color=colour, label=entry["label"], **AVERAGE)
    if DOTTED in table:
        ax.plot(table["n"], table[DOTTED], color=colour, **WITHOUT_D3)
    return table


def _draw_published(ax: Axes, entries: Sequence[Mapping[str, Any]]) -> list[pd.DataFrame]:
    """Draw average voltages of others once, in grey, though every model brings them."""
    tables = [entry["published"] for entry in entries if entry["published"] is not None]
    if not tables:
        return []
    drawn = []
    for i, (model, rows) in enumerate(tables[0].groupby("model", sort=False)):
        n, values = rows["ions"].astype(int), rows["value"].astype(float)
        ax.plot(
            n,
            values,
            color=REFERENCE_GREY,
            linestyle="none",
            marker=MARKERS[i % len(MARKERS)],
            markerfacecolor="white",
            label=str(model),
        )
        drawn.append(pd.DataFrame({"source": model, "n": n, "average_V": values}))
    return drawn


def _add_legend(fig: Figure, axes: np.ndarray, *, columns: int, dotted: bool) -> None:
    """Name each model and publication, and every kind of line, once over all panels."""
    found: dict[str, Any] = {}
    for ax in axes.flat:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    found["average from $n = 0$"] = Line2D([], [], color="black", **AVERAGE)
    found["step"] = Line2D([], [], color="black", linewidth=STEP_WIDTH)
    if dotted:
        found["average without D3"] = Line2D([], [], color="black", **WITHOUT_D3)
    fig.legend(found.values(), found, loc="outside upper center", ncols=columns)
