"""Figures of the spacing: against time, and as a map over the cell."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from anodeflow.figures.style import PAGE_MM, REFERENCE_GREY, figure, styled
from anodeflow.figures.top_view import (
    MARK,
    atom_handles,
    draw_atoms,
    draw_cell,
    legend_columns,
    map_panels,
    mark_atoms,
    scale_bar,
)
from anodeflow.structures import roles

ROW_MM = 50.0
LEGEND_MM = 9.0

POINTS = 1500
"""Most points drawn of one series."""

SMOOTH_PS = 0.5
"""Width of the running mean, a few periods of the layers' breathing; shorter in a short run."""

LEAST_WINDOWS = 20
"""Windows of the running mean that fit into a run at least."""

REFERENCE_STYLES = ("--", ":", "-.")


@styled
def plot_spacing(panels: dict[str, list[dict[str, Any]]]) -> tuple[Figure, pd.DataFrame]:
    """Draw the spacing against time: thin as it is, thick as a running mean over at most 0.5 ps.

    Of replicas the running means are thin and their mean is thick, in a band from the lowest to the
    highest, as far as all of them go. The equilibration is shaded; a run that became unstable ends
    with a cross.

    Args:
        panels: for each stack, entries {"label", "colour", "runs", "reference"}: runs, one for each
            replica, {"series", "unstable"}, with series of `spacing_series.spacing_series` and
            unstable whether the run broke (its series may end before); reference a dict of label to
            mean spacing (Å) from elsewhere, or None.

    Returns:
        the figure; rows of stack, label, replica, time_ps, spacing, running_mean, phase, and one
        row for each reference.
    """
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    fig, axes = figure(
        PAGE_MM,
        rows * ROW_MM + LEGEND_MM,
        nrows=rows,
        ncols=columns,
        squeeze=False,
        sharey=True,
    )
    shown, styles = [], _reference_styles(panels)
    for ax, (stack, entries) in zip(axes.flat, panels.items(), strict=False):
        for entry in entries:
            shown.append(_draw_entry(ax, entry).assign(stack=stack, label=entry["label"]))
        shown.append(_draw_references(ax, _references(entries), styles).assign(stack=stack))
        ax.set_title(stack)
        ax.set_xlabel("Time (ps)")
    for ax in axes.flat[len(panels) :]:
        ax.remove()
    for ax in axes[:, 0]:
        ax.set_ylabel("Spacing (Å)")
    fig.legend(handles=_handles(panels), loc="outside lower center", ncols=6)
    table = pd.concat([rows for rows in shown if len(rows)], ignore_index=True)
    columns_first = ["stack", "label", "replica", "time_ps", "spacing", "running_mean", "phase"]
    return fig, table[columns_first]


def _draw_entry(ax: Axes, entry: dict[str, Any]) -> pd.DataFrame:
    """Draw the replicas of a run; return what is drawn of each."""
    runs, colour = entry["runs"], entry["colour"]
    smooth = [_smoothed(run["series"]) for run in runs]
    alone = len(runs) == 1
    for run, table in zip(runs, smooth, strict=True):
        every = table.iloc[:: -(-len(table) // POINTS)]
        if alone:
            ax.plot(every["time_ps"], every["spacing"], color=colour, alpha=0.3, linewidth=0.4)
        line: dict[str, Any] = {"linewidth": 1.2} if alone else {"linewidth": 0.5, "alpha": 0.7}
        ax.plot(every["time_ps"], every["running_mean"], color=colour, **line)
        if run["unstable"]:
            end = table.iloc[-1][["time_ps", "spacing"]]
            ax.plot(*end, "x", color=colour, markersize=6, clip_on=False)
        _shade_equilibration(ax, table)
    if not alone:
        _draw_spread(ax, smooth, colour)
    ax.set_xlim(left=0)
    numbered = enumerate(smooth)
    return pd.concat([t.iloc[:: -(-len(t) // POINTS)].assign(replica=r) for r, t in numbered])


def _smoothed(series: pd.DataFrame) -> pd.DataFrame:
    """Give time_ps, spacing, running_mean and phase of one run."""
    time = series["time_ps"].to_numpy()
    step = (time[-1] - time[0]) / max(len(time) - 1, 1)
    width = max(1, round(min(SMOOTH_PS, np.ptp(time) / LEAST_WINDOWS) / step)) if step else 1
    smooth = series["spacing"].rolling(width, center=True, min_periods=1).mean()
    return series[["time_ps", "spacing", "phase"]].assign(running_mean=smooth)


def _shade_equilibration(ax: Axes, table: pd.DataFrame) -> None:
    equilibrating = (table["phase"] == "equilibration").sum()
    if equilibrating:
        time = table["time_ps"].to_numpy()
        end = time[min(equilibrating, len(time) - 1)]
        ax.axvspan(time[0], end, color="0.93", linewidth=0, zorder=0)


def _draw_spread(ax: Axes, smooth: list[pd.DataFrame], colour: str) -> None:
    """Draw the band of the replicas' running means and their mean, as far as all of them go."""
    shortest = min(map(len, smooth))
    every = slice(None, shortest, -(-shortest // POINTS))
    time = smooth[0]["time_ps"].to_numpy()[every]
    means = np.array([table["running_mean"].to_numpy()[every] for table in smooth])
    band: dict[str, Any] = {"color": colour, "alpha": 0.2, "linewidth": 0}
    ax.fill_between(time, means.min(axis=0), means.max(axis=0), **band)
    ax.plot(time, means.mean(axis=0), color=colour, linewidth=1.4)


def _references(entries: list[dict[str, Any]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for entry in entries:
        found |= entry["reference"] or {}
    return found


def _reference_styles(panels: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    labels = _references([entry for entries in panels.values() for entry in entries])
    return dict(zip(labels, itertools.cycle(REFERENCE_STYLES), strict=False))


def _draw_references(
    ax: Axes, references: dict[str, float], styles: dict[str, Any]
) -> pd.DataFrame:
    for label, value in references.items():
        look: dict[str, Any] = {"linestyle": styles[label], "linewidth": 1.0}
        ax.axhline(value, color=REFERENCE_GREY, zorder=1, **look)
    columns = {"label": list(references), "spacing": list(references.values()), "replica": pd.NA}
    return pd.DataFrame(columns | {"time_ps": np.nan, "running_mean": np.nan, "phase": "reference"})


def _handles(panels: dict[str, list[dict[str, Any]]]) -> list[Line2D]:
    entries = [entry for group in panels.values() for entry in group]
    lines = {entry["label"]: {"color": entry["colour"]} for entry in entries}
    for label, style in _reference_styles(panels).items():
        lines[label] = {"color": REFERENCE_GREY, "linestyle": style}
    runs = [run for entry in entries for run in entry["runs"]]
    if len(runs) > len(entries):
        lines["one replica"] = {"color": "0.5", "linewidth": 0.5}
        lines["spread of replicas"] = {"color": "0.85", "linewidth": 6}
    if any("equilibration" in run["series"]["phase"].unique() for run in runs):
        lines["equilibration"] = {"color": "0.9", "linewidth": 6}
    if any(run["unstable"] for run in runs):
        lines["became unstable"] = {"color": "black", "marker": "x", "linestyle": "none"}
    return [Line2D([], [], label=label, **look) for label, look in lines.items()]


@styled
def plot_spacing_map(panels: dict[str, dict[str, Any]]) -> tuple[Figure, pd.DataFrame]:
    """Draw maps of the time-averaged local spacing, all on one colour scale.

    Crosses are the facing atoms, circles the ions and the atoms of the partner layer's groups. A
    run that broke before its production keeps its panel, which says so in place of a map.

    Args:
        panels: title to {"map": table of `spacing_map.spacing_map`, "atoms": structure}.

    Returns:
        the figure; the maps with a column `panel`.
    """
    fig, axes = map_panels(len(panels), next(iter(panels.values()))["atoms"])
    maps = [p["map"].assign(panel=title) for title, p in panels.items()]
    table = pd.concat([m for m in maps if len(m)] or maps[:1])
    norm = Normalize(table["spacing"].min(), table["spacing"].max())
    scale = ScalarMappable(norm)
    for ax, (title, panel) in zip(axes, panels.items(), strict=True):
        _draw_map(ax, panel["map"], panel["atoms"], norm)
        ax.set_title(title, loc="center")
    scale_bar(axes[0], 3.0)
    handles = _map_handles(panels)
    fig.legend(handles=handles, loc="outside lower center", ncols=legend_columns(len(panels)))
    if len(table):
        bar: dict[str, Any] = {"location": "bottom", "shrink": 0.5, "aspect": 35}
        fig.colorbar(scale, ax=axes, label="Local spacing (Å)", **bar)
    first = ["panel", *(name for name in table.columns if name != "panel")]
    return fig, table[first].reset_index(drop=True)


def _draw_map(ax: Axes, table: pd.DataFrame, atoms: Atoms, norm: Normalize) -> None:
    draw_cell(ax, atoms)
    if table.empty:
        middle: dict[str, Any] = {"ha": "center", "va": "center", "transform": ax.transAxes}
        ax.text(0.5, 0.5, "no stable production", color=REFERENCE_GREY, **middle)
        return
    cells = int(table["cell_a"].max()) + 1
    values = np.empty((cells, cells))
    values[table["cell_a"], table["cell_b"]] = table["spacing"]
    edges = np.linspace(0, 1, cells + 1)
    a, b = np.meshgrid(edges, edges, indexing="ij")
    corners = np.stack([a, b], axis=-1) @ atoms.cell.array[:2, :2]
    ax.pcolormesh(corners[..., 0], corners[..., 1], values, norm=norm, rasterized=True)
    mark_atoms(ax, atoms[roles.facing(atoms)])
    draw_atoms(ax, atoms[_in_gap(atoms)], scale=0.4, look="full")


def _in_gap(atoms: Atoms) -> np.ndarray:
    found: np.ndarray = roles.top(atoms) & ~roles.sheet(atoms) | roles.ions(atoms)
    return found


def _map_handles(panels: dict[str, dict[str, Any]]) -> list[Line2D]:
    handles = {"facing atoms": Line2D([], [], label="facing atoms", **MARK)}
    for panel in panels.values():
        in_gap = panel["atoms"][_in_gap(panel["atoms"])]
        for handle in atom_handles(in_gap, look="full", label="{} in the gap"):
            handles[str(handle.get_label())] = handle
    return list(handles.values())
