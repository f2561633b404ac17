"""Figures of the ions' motion: mean square displacement, and paths over the bottom layer."""

from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from anodeflow.figures.atoms import pale
from anodeflow.figures.style import PAGE_MM, REFERENCE_GREY, figure, shades, styled
from anodeflow.figures.top_view import (
    atom_handles,
    draw_atoms,
    draw_cell,
    legend_columns,
    map_panels,
    scale_bar,
)
from anodeflow.structures import roles

ROW_MM = 48.0
LEGEND_MM = 12.0

LAGS = 200
"""Most lags drawn of one curve, evenly spaced on the logarithmic axis."""

CENTRED = {"ha": "center", "va": "center"}

POSITIONS = 4000
"""Most positions drawn in one panel of paths."""


@styled
def plot_msd(panels: dict[tuple[str, int], list[dict[str, Any]]]) -> tuple[Figure, pd.DataFrame]:
    """Draw the MSD of every run on logarithmic axes, one column for each stack.

    Thick is the mean over the ions, thin each ion. Of replicas the thin lines are their means over
    the ions, and the thick one is the mean of these, in a band from the lowest to the highest.
    Lags beyond half the run, which have few independent origins, are dotted. The guide shows the
    slope 1 of diffusion. Of a model's temperatures the higher ones are darker.

    Args:
        panels: (stack, number of ions) to entries {"label", "colour", "runs"}: runs, one for each
            replica, {"msd", "verdict"}, with msd of `motion.diffusion.analyse_diffusion`.

    Returns:
        the figure; rows of stack, ions, label, replica, verdict and the lags drawn.
    """
    every = [entry for entries in panels.values() for entry in entries]
    colours = shades({entry["label"]: entry["colour"] for entry in every})
    panels = {
        panel: [entry | {"colour": colours[entry["label"]]} for entry in entries]
        for panel, entries in panels.items()
    }
    stacks = list(dict.fromkeys(stack for stack, _ in panels))
    counts = sorted({count for _, count in panels})
    fig, axes = figure(
        PAGE_MM,
        len(counts) * ROW_MM + LEGEND_MM,
        nrows=len(counts),
        ncols=len(stacks),
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    shown = []
    for row, count in enumerate(counts):
        for column, stack in enumerate(stacks):
            ax, entries = axes[row, column], panels.get((stack, count), [])
            ax.set_title(f"{stack}, {count} ion{'s' if count > 1 else ''}")
            if not entries:
                ax.text(
                    0.5, 0.5, "not run", color=REFERENCE_GREY, **CENTRED, transform=ax.transAxes
                )
            curves = [_draw_entry(ax, entry, line) for line, entry in enumerate(entries)]
            shown += [curve.assign(stack=stack, ions=count) for curve in curves]
    _finish_msd(fig, axes, panels)
    table = pd.concat(shown, ignore_index=True)
    first = ["stack", "ions", "label", "replica", "verdict"]
    return fig, table[[*first, *(name for name in table.columns if name not in first)]]


def _draw_entry(ax: Axes, entry: dict[str, Any], line: int) -> pd.DataFrame:
    """Draw the replicas of a run, with their verdicts on line `line` of the panel."""
    runs, colour = entry["runs"], entry["colour"]
    place = {"color": colour, "transform": ax.transAxes, "va": "top", "fontsize": 7}
    ax.text(0.03, 0.97 - 0.09 * line, _verdicts([run["verdict"] for run in runs]), **place)
    curves = [_chosen_lags(run["msd"]) for run in runs]
    for run, curve in zip(runs, curves, strict=True):
        if len(curve):
            _draw_run(ax, run["msd"], curve, colour, alone=len(runs) == 1)
    if len(runs) > 1:
        _draw_spread(ax, [run["msd"] for run in runs if len(run["msd"])], colour)
    named = [
        curve.assign(label=entry["label"], replica=replica, verdict=run["verdict"])
        for replica, (run, curve) in enumerate(zip(runs, curves, strict=True))
    ]
    return pd.concat(named)


def _verdicts(verdicts: list[str]) -> str:
    """Say the verdicts of replicas in few words, e.g. `hopping` or `2 hopping, 1 confined`."""
    counts = {verdict: verdicts.count(verdict) for verdict in verdicts}
    if len(counts) == 1:
        return verdicts[0]
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


def _chosen_lags(msd: pd.DataFrame) -> pd.DataFrame:
    """Take at most LAGS rows of an MSD, evenly spaced on a logarithmic axis."""
    curve = msd.iloc[1:]
    if curve.empty:
        return curve
    return curve.iloc[np.unique(np.geomspace(1, len(curve), LAGS).round().astype(int)) - 1]


def _draw_run(
    ax: Axes, msd: pd.DataFrame, curve: pd.DataFrame, colour: str, *, alone: bool
) -> None:
    half = curve["lag_ps"] <= msd["lag_ps"].max() / 2
    if not alone:
        ax.plot(curve["lag_ps"][half], curve["msd"][half], color=pale(colour), lw=0.7)
        return
    ions = [name for name in curve.columns if name.startswith("ion_")]
    for name in ions if len(ions) > 1 else []:
        ax.plot(curve["lag_ps"][half], curve[name][half], color=pale(colour), lw=0.5)
    ax.plot(curve["lag_ps"][half], curve["msd"][half], color=colour, lw=1.4, zorder=3)
    ax.plot(curve["lag_ps"][~half], curve["msd"][~half], ":", color=colour, lw=1.0)


def _draw_spread(ax: Axes, tables: list[pd.DataFrame], colour: str) -> None:
    """Draw the band of the replicas' MSD and their mean, up to half the shortest of them."""
    if not tables:
        return
    shortest = min(tables, key=len)
    curve = _chosen_lags(shortest)
    curve = curve[curve["lag_ps"] <= shortest["lag_ps"].max() / 2]
    values = np.array([table["msd"].to_numpy()[curve.index] for table in tables])
    band: dict[str, Any] = {"color": colour, "alpha": 0.2, "linewidth": 0}
    ax.fill_between(curve["lag_ps"], values.min(axis=0), values.max(axis=0), **band)
    ax.plot(curve["lag_ps"], values.mean(axis=0), color=colour, lw=1.4, zorder=3)


def _finish_msd(
    fig: Figure, axes: np.ndarray, panels: dict[tuple[str, int], list[dict[str, Any]]]
) -> None:
    axes[0, 0].set(xscale="log", yscale="log")
    low, high = axes[0, 0].get_ylim()
    # Head room for the verdicts, which are written into the panels.
    most = max(len(entries) for entries in panels.values())
    axes[0, 0].set_ylim(low, high * 10 ** (0.12 * most * np.log10(high / low)))
    lag = np.array(axes[0, 0].get_xlim())
    for ax in axes.flat:
        ax.plot(
            lag,
            np.sqrt(low * high) * lag / np.sqrt(lag[0] * lag[1]),
            color=REFERENCE_GREY,
            linestyle="--",
            linewidth=0.8,
            zorder=1,
            scalex=False,
            scaley=False,
        )
    for ax in axes[-1]:
        ax.set_xlabel("Lag time (ps)")
    for ax in axes[:, 0]:
        ax.set_ylabel("MSD (Å$^2$)")
    entries = [entry for group in panels.values() for entry in group]
    looks = {entry["label"]: {"color": entry["colour"]} for entry in entries}
    if any(len(entry["runs"]) == 1 for entry in entries):
        looks["single ions"] = {"color": "0.7", "linewidth": 0.5}
    if any(len(entry["runs"]) > 1 for entry in entries):
        looks["one replica"] = {"color": "0.7", "linewidth": 0.7}
        looks["spread of replicas"] = {"color": "0.85", "linewidth": 6}
    looks["beyond half the run"] = {"color": "black", "linestyle": ":"}
    looks["slope 1"] = {"color": REFERENCE_GREY, "linestyle": "--", "linewidth": 0.8}
    handles = [Line2D([], [], label=label, **look) for label, look in looks.items()]
    fig.legend(handles=handles, loc="outside lower center", ncols=4)


@styled
def plot_paths(panels: dict[str, dict[str, Any]]) -> tuple[Figure, pd.DataFrame]:
    """Draw the ions' positions over the top view of the bottom layer, coloured by time.

    Open circles mark where each ion starts.

    Args:
        panels: title to {"atoms": structure, "paths": table of `motion.diffusion.ion_paths`}.

    Returns:
        the figure; the positions drawn: panel, ion, time_ps, x, y (Å).
    """
    fig, axes = map_panels(len(panels), next(iter(panels.values()))["atoms"])
    every = {
        title: panel["paths"][panel["paths"]["time_ps"].isin(_drawn_times(panel["paths"]))]
        for title, panel in panels.items()
    }
    table = pd.concat([paths.assign(panel=title) for title, paths in every.items()])
    limits = {"vmin": table["time_ps"].min(), "vmax": table["time_ps"].max()}
    for ax, (title, paths) in zip(axes, every.items(), strict=True):
        atoms = panels[title]["atoms"]
        dots = _draw_paths(ax, atoms, paths, limits)
        ax.set_title(title, loc="center")
    scale_bar(axes[0], 3.0)
    handles = atom_handles(atoms[roles.bottom(atoms)], look="pale", label="{}")
    start: dict[str, Any] = {
        "marker": "o",
        "color": "black",
        "markerfacecolor": "none",
        "linestyle": "none",
    }
    handles.append(Line2D([], [], label="start of an ion", **start))
    fig.legend(handles=handles, loc="outside lower center", ncols=legend_columns(len(panels)))
    fig.colorbar(dots, ax=axes, location="bottom", label="Time (ps)", shrink=0.5, aspect=35)
    return fig, table[["panel", "ion", "time_ps", "x", "y"]].reset_index(drop=True)


def _draw_paths(
    ax: Axes, atoms: Atoms, paths: pd.DataFrame, limits: dict[str, Any]
) -> PathCollection:
    draw_atoms(ax, atoms[roles.bottom(atoms)], scale=0.7, look="pale")
    dots = ax.scatter(
        paths["x"],
        paths["y"],
        c=paths["time_ps"],
        s=1.5,
        linewidths=0,
        rasterized=True,
        zorder=3,
        **limits,
    )
    start = paths.groupby("ion").first()
    rings: dict[str, Any] = {
        "s": 22,
        "facecolors": "none",
        "edgecolors": "black",
        "linewidths": 0.9,
    }
    ax.scatter(start["x"], start["y"], zorder=4, **rings)
    draw_cell(ax, atoms)
    return dots


def _drawn_times(paths: pd.DataFrame) -> np.ndarray:
    times = paths["time_ps"].unique()
    return times[:: max(1, -(-len(paths) // POSITIONS))]
