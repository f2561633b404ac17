"""Figure of adhesion energy against interlayer spacing."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from uncertainties import ufloat

from anodeflow.figures.style import PAGE_MM, REFERENCE_GREY, figure, styled
from anodeflow.stages.adhesion.curve import select_curve
from anodeflow.stages.adhesion.settings import Spacing

PANEL_MM = 66.0
LEGEND_MM = 14.0
LEGEND_ENTRY_MM = 48.0
COLUMNS = 3
WITHOUT_D3: dict[str, Any] = {"linestyle": ":"}
REFERENCE_STYLES = (
    {"marker": "s", "linestyle": "none", "markerfacecolor": "white"},
    {"linestyle": (0, (4, 1.5))},
    {"linestyle": (0, (1, 1))},
)
LAYERS_APART = {
    "strained": "Layers apart: strained to the common cell",
    "own": "Layers apart: in their own cells",
}
HEADROOM = 1.08
HEADROOM_OF_LINE = 0.13
"""Room above the highest point for the corner's lines, as parts of the highest energy."""

READ_A = 0.001
"""Smallest error of a peak's place that is written, Å."""

DEEPEST = -0.8
"""Lowest energy drawn, as a part of the highest: the repulsive wall below says nothing new."""


@styled
def plot_adhesion(
    stacks: Mapping[str, Sequence[Mapping[str, Any]]], *, spacing: Spacing, layers: str
) -> tuple[Figure, pd.DataFrame]:
    """Draw adhesion curves, one panel a stack, with D3 (full) and without (thin, dotted).

    Args:
        stacks: by stack, a list of dicts of label, colour, curve (of `adhesion_curve`), peak (of
            `peak_for`), flagged (what is wrong with the layers apart, or empty) and reference
            (curves of others for this stack, columns source, spacing_angstrom,
            adhesion_ev_per_nm2; or None).
        spacing: `sheet`, `all` or `nominal`, as in `select_curve`.
        layers: `strained` or `own`, as in `select_curve`.

    Returns the figure and what it shows: stack, source, dispersion, spacing, adhesion_eV_nm2.
    """
    columns = min(COLUMNS, len(stacks))
    rows = math.ceil(len(stacks) / columns)
    width = PAGE_MM * max(columns, 2) / COLUMNS
    fig, axes = figure(
        width,
        PANEL_MM * rows + LEGEND_MM,
        nrows=rows,
        ncols=columns,
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    shown = []
    for ax, (stack, entries) in zip(axes.flat, stacks.items(), strict=False):
        shown += _draw_references(ax, stack, entries)
        for row, entry in enumerate(entries):
            shown += _draw_model(ax, stack, entry, spacing, layers)
            _mark_peak(ax, entry, row)
        ax.axhline(0, color="black", linewidth=0.5, zorder=0)
        ax.set_title(stack)
    for ax in axes.flat[len(stacks) :]:
        ax.set_visible(False)
    table = pd.DataFrame(shown)
    highest = table["adhesion_eV_nm2"].max()
    room = HEADROOM + HEADROOM_OF_LINE * max(map(len, stacks.values()))
    lowest = max(table["adhesion_eV_nm2"].min(), DEEPEST * highest)
    axes[0, 0].set_ylim(lowest, room * highest)
    fig.supylabel("Adhesion energy (eV nm$^{-2}$)", fontsize="medium")
    fig.supxlabel("Interlayer spacing $d$ (Å)", fontsize="medium")
    _add_legend(
        fig,
        axes,
        title=LAYERS_APART[layers],
        columns=int(width // LEGEND_ENTRY_MM),
        flagged=any(entry.get("flagged") for entries in stacks.values() for entry in entries),
    )
    return fig, table


def _draw_model(
    ax: Axes, stack: str, entry: Mapping[str, Any], spacing: Spacing, layers: str
) -> list[dict[str, Any]]:
    """Draw both curves of one model; return the rows of the table."""
    shown = []
    for dispersion in (True, False):
        curve = select_curve(entry["curve"], spacing=spacing, layers=layers, dispersion=dispersion)
        d, e = curve.spacings, curve.energies
        look = {"marker": "o", "label": entry["label"]} if dispersion else WITHOUT_D3
        ax.plot(d, e, color=entry["colour"], markersize=2.5, **look)
        shown += _rows(stack, entry["label"], dispersion, d, e)
    return shown


def _mark_peak(ax: Axes, entry: Mapping[str, Any], row: int) -> None:
    """Mark the peak, and write its position with its error in the panel's corner."""
    peak = entry["peak"]
    text = "no peak"
    mark = " *" if entry.get("flagged") else ""
    if peak.found:
        text = f"peak at {peak.spacing:.3f} Å"
        if peak.spacing_error:
            # Of a fit that is nearer than this nobody needs the digits.
            position = ufloat(peak.spacing, max(peak.spacing_error, READ_A))
            text = f"peak at {position:{'.1u' if peak.spacing_error < READ_A else '.2u'}} Å"
            text = text.replace("+/-", " ± ")
        ax.errorbar(
            peak.spacing,
            peak.height,
            xerr=peak.spacing_error or None,
            yerr=peak.height_error or None,
            color=entry["colour"],
            marker="D",
            markersize=4,
            markerfacecolor="white",
            zorder=5,
        )
    ax.annotate(
        f"{text}{mark}",
        (1, 1),
        xycoords="axes fraction",
        xytext=(-4, -4 - 9 * row),
        textcoords="offset points",
        ha="right",
        va="top",
        color=entry["colour"],
        fontsize=7,
    )


def _draw_references(
    ax: Axes, stack: str, entries: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Draw the curves of others once, in grey, though every model brings them."""
    tables = [entry["reference"] for entry in entries if entry["reference"] is not None]
    if not tables:
        return []
    shown = []
    for i, (source, rows) in enumerate(tables[0].groupby("source", sort=False)):
        d, e = (rows[c].to_numpy() for c in ("spacing_angstrom", "adhesion_ev_per_nm2"))
        look = REFERENCE_STYLES[i % len(REFERENCE_STYLES)]
        label = str(source)
        ax.plot(d, e, color=REFERENCE_GREY, label=label, zorder=1, **look)
        shown += _rows(stack, label, None, d, e)
    return shown


def _rows(
    stack: str, source: str, dispersion: bool | None, d: np.ndarray, e: np.ndarray
) -> list[dict[str, Any]]:
    return [
        {
            "stack": stack,
            "source": source,
            "dispersion": dispersion,
            "spacing": float(x),
            "adhesion_eV_nm2": float(y),
        }
        for x, y in zip(d, e, strict=True)
    ]


def _add_legend(fig: Figure, axes: np.ndarray, *, title: str, columns: int, flagged: bool) -> None:
    """Name each model, what a dotted line is, and each reference, once over all panels."""
    found: dict[str, Any] = {}
    for ax in axes.flat:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if flagged:
        found["* layers apart are not those of the stack"] = Line2D([], [], linestyle="none")
    found["without D3"] = Line2D([], [], color="black", **WITHOUT_D3)
    fig.legend(
        found.values(),
        found,
        loc="outside upper center",
        ncols=columns,
        title=title,
        title_fontsize=7,
    )
