"""Figure of hops against temperature: rates of the runs, and the fit to all of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from anodeflow.errors import known
from anodeflow.figures.style import COLUMN_MM, PAGE_MM, REFERENCE_GREY, figure, styled
from anodeflow.stages.motion.activation_results import Activation, HopsAtTemperature

ROW_MM, LEGEND_MM = 52.0, 12.0

CENTRED: dict[str, Any] = {"ha": "center", "va": "center"}

APART = 0.015
"""Distance of the points of two models at one temperature, as a share of the axis."""

MARGIN = 2.0
"""Factor that the axis reaches beyond points and lines; bands may leave it."""

NOTHING_DRAWN = (1e-3, 1.0)
"""Ends of the axis of rates where no run could be analysed, 1/ps."""

LEAST_RATIO = 100.0
"""Of the ends of the axis, that it has two powers of ten."""

LINE = 0.08
"""Height of a line of text, as a share of a panel."""

NETWORK: dict[str, Any] = {"marker": "x", "markersize": 5, "linestyle": ":", "linewidth": 0.8}
"""Look of what a network predicts."""

RATES = ("rate_per_ps", "rate_low_per_ps", "rate_high_per_ps")
COLUMNS = ["stack", "ions", "model", "shown", "temperature", "hops", "watched_ion_ps", *RATES]


@styled
def plot_activation(entries: Sequence[Mapping[str, Any]]) -> tuple[Figure, pd.DataFrame]:
    """Draw rates on a logarithmic axis over 1000/T, a column for each stack, a row for each count.

    A point is all runs of a temperature, with its Poisson interval; an arrow points down from the
    upper bound where no hop was seen. The line is the fit, in the band of its 95 % interval; in the
    corner stands its energy. Crosses on a dotted line are the rates that the network of sites and
    saddles predicts at the temperatures of the runs.

    Args:
        entries: dicts of stack, ions, label (of the model), colour, activation (`Activation`),
            predicted (rates in 1/ps by temperature in K, None where there is none).

    Returns:
        the figure; what it shows, rates in 1/ps and temperatures in K.
    """
    stacks = list(dict.fromkeys(entry["stack"] for entry in entries))
    counts = sorted({entry["ions"] for entry in entries})
    narrow = len(stacks) == 1
    fig, axes = figure(
        COLUMN_MM if narrow else PAGE_MM,
        len(counts) * ROW_MM + LEGEND_MM * (2 if narrow else 1),
        nrows=len(counts),
        ncols=len(stacks),
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    table = pd.DataFrame([row for entry in entries for row in _rows(entry)], columns=COLUMNS)
    models = len({entry["label"] for entry in entries})
    axes[0, 0].set(yscale="log", ylim=_limits(table, models))
    inverse = 1000 / table["temperature"]
    step = APART * float(inverse.max() - inverse.min())
    for (row, column), ax in np.ndenumerate(axes):
        stack, count = stacks[column], counts[row]
        own = [e for e in entries if (e["stack"], e["ions"]) == (stack, count)]
        for place, entry in enumerate(own):
            shift = step * (place - (len(own) - 1) / 2)
            _draw_entry(ax, entry["activation"], entry["colour"], shift)
            _draw_prediction(ax, entry["predicted"], entry["colour"], shift)
            _write_energy(ax, entry["activation"], entry["colour"], len(own) - 1 - place)
        _label(ax, f"{stack}, {count} ion{'s' if count > 1 else ''}", bool(own))
        _add_temperatures(ax, table["temperature"][table["shown"] == "runs"].unique().tolist())
    for ax in axes[-1]:
        ax.set_xlabel("1000/T (1/K)")
    for ax in axes[:, 0]:
        ax.set_ylabel("Hops per ion (1/ps)")
    fig.legend(
        handles=_handles(entries, table), loc="outside lower center", ncols=2 if narrow else 4
    )
    return fig, table


def _rows(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: Activation = entry["activation"]
    about = {"stack": entry["stack"], "ions": entry["ions"], "model": entry["label"]}
    runs = [about | {"shown": "runs"} | dict(one) for one in found.temperatures]
    fit = [about | {"shown": "fit"} | dict(point) for point in found.line]
    network = [
        about | {"shown": "network", "temperature": temperature, "rate_per_ps": rate}
        for temperature, rate in sorted(entry["predicted"].items())
        if rate
    ]
    return runs + fit + network


def _limits(table: pd.DataFrame, lines: int) -> tuple[float, float]:
    """Return the ends of the axis of rates (1/ps): all drawn, above so many lines of text."""
    lows = table["rate_low_per_ps"].where(table["shown"] == "runs", table["rate_per_ps"])
    drawn = pd.concat([lows, table["rate_per_ps"], table["rate_high_per_ps"]])[lambda x: x > 0]
    if drawn.empty:
        return NOTHING_DRAWN
    low, high = float(drawn.min()) / MARGIN, float(drawn.max()) * MARGIN
    low = min(low, high / LEAST_RATIO)
    return low * (low / high) ** (LINE * lines), high


def _draw_entry(ax: Axes, found: Activation, colour: str, shift: float) -> None:
    for one in found.temperatures:
        _draw_point(ax, one, colour, 1000 / one.temperature + shift)
    if found.line:
        x = [1000 / point.temperature for point in found.line]
        low, high = ([getattr(point, end) for point in found.line] for end in RATES[1:])
        ax.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
        ax.plot(x, [point.rate_per_ps for point in found.line], color=colour, lw=1.0)


def _draw_prediction(
    ax: Axes, predicted: Mapping[float, float | None], colour: str, shift: float
) -> None:
    """Draw the rates (1/ps) of a network by temperature (K), those that are none left out."""
    rates = {1000 / temperature: rate for temperature, rate in sorted(predicted.items()) if rate}
    if rates:
        x = np.array(list(rates)) + shift
        ax.plot(x, list(rates.values()), color=colour, zorder=4, **NETWORK)


def _draw_point(ax: Axes, one: HopsAtTemperature, colour: str, x: float) -> None:
    value, low, high = (known(getattr(one, name)) for name in RATES)
    if one.hops:
        arms = [[value - low], [high - value]]
        ax.errorbar(x, value, yerr=arms, fmt="o", color=colour, elinewidth=0.8, zorder=3)
        return
    arrow = {"arrowstyle": "<-", "color": colour, "linewidth": 0.8, "shrinkB": 2}
    ax.annotate("", (x, high), xytext=(0, -13), textcoords="offset points", arrowprops=arrow)
    ax.plot(x, high, "o", color=colour, markerfacecolor="white", zorder=3)


def _write_energy(ax: Axes, found: Activation, colour: str, line: int) -> None:
    """Write the activation energy with its interval on a line of the panel, from below."""
    told = "no fit"
    if found.energy is not None:
        told = f"{found.energy:.2f} ({found.energy_low:.2f} to {found.energy_high:.2f}) eV"
    ax.text(0.03, 0.04 + LINE * line, told, color=colour, fontsize=7, transform=ax.transAxes)


def _label(ax: Axes, title: str, drawn: bool) -> None:
    ax.set_title(title)
    if not drawn:
        ax.text(0.5, 0.5, "not run", color=REFERENCE_GREY, **CENTRED, transform=ax.transAxes)


def _add_temperatures(ax: Axes, temperatures: Sequence[float]) -> None:
    ax.tick_params(top=False)
    top = ax.secondary_xaxis("top")
    top.set_xticks([1000 / one for one in temperatures], [f"{one:g} K" for one in temperatures])
    top.tick_params(pad=1)


def _handles(entries: Sequence[Mapping[str, Any]], table: pd.DataFrame) -> list[Line2D]:
    looks: dict[str, dict[str, Any]] = {
        entry["label"]: {"color": entry["colour"], "marker": "o"} for entry in entries
    }
    if (table["hops"] == 0).any():
        look = {"color": "0.3", "marker": "o", "markerfacecolor": "white", "linestyle": "none"}
        looks["no hop: upper bound"] = look
    if (table["shown"] == "network").any():
        looks["predicted by the network"] = {"color": "0.3", **NETWORK}
    return [Line2D([], [], label=label, **look) for label, look in looks.items()]
