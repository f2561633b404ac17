"""The figure of energy maps: what it costs to hold the ion at a place, from above."""

from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from anodeflow.figures.style import styled
from anodeflow.figures.top_view import (
    MARK,
    draw_cell,
    lateral_images,
    legend_columns,
    map_panels,
    mark_atoms,
    scale_bar,
)
from anodeflow.stages.barriers.map_grid import Grid
from anodeflow.stages.barriers.network_figure import GROUP, draw_groups, draw_walk, shown_of
from anodeflow.stages.barriers.results import EnergyMap, NetworkResult
from anodeflow.structures import roles

LEVELS = 24
COLOURS = "viridis"
WALK_WIDTH = 2.0

SITE: dict[str, Any] = {
    "marker": "o",
    "markersize": 4.0,
    "markerfacecolor": "white",
    "markeredgecolor": "black",
    "markeredgewidth": 0.8,
}


@styled
def plot_energy_map(panels: dict[str, dict[str, Any]]) -> tuple[Figure, pd.DataFrame]:
    """Draw the energy of an ion that is held at each place, with the network's sites and walk.

    All panels share the colours, which end at the highest saddle of their networks; places that are
    left out of the map are blank. Sites that are part of another one are not drawn.

    Args:
        panels: title to {"found": an `EnergyMap`, "network": a `NetworkResult`, "atoms": the host}.

    Returns:
        the figure; rows of panel, shown (point, site, group, or hop of the walk), number,
        energy_eV, x, y and, of a hop, to_x, to_y (Å).
    """
    fig, axes = map_panels(len(panels), next(iter(panels.values()))["atoms"])
    top = max(_highest_saddle(panel["network"]) for panel in panels.values())
    known = [e for panel in panels.values() for e in panel["found"].energies_eV if e is not None]
    levels = np.linspace(min([0.0, *known]), top, LEVELS)
    scale = ScalarMappable(Normalize(levels[0], levels[-1]), COLOURS)
    tables = []
    for ax, (title, panel) in zip(axes, panels.items(), strict=True):
        points, rows = _points(**panel), shown_of(panel["atoms"], panel["network"])
        _draw_panel(ax, panel["atoms"], panel["found"], rows, levels)
        ax.set_title(f"{title}\n{_ways(panel['found'])}", loc="center")
        shown = rows[rows["shown"].isin(["site", "group"]) | rows["in_walk"]]
        tables.append(pd.concat([points, shown]).assign(panel=title))
    scale_bar(axes[0], 3.0)
    table = pd.concat(tables)
    fig.legend(
        handles=_handles(next(iter(panels.values()))["atoms"], table),
        loc="outside lower center",
        ncols=legend_columns(len(panels)),
    )
    extend = "max" if max(known, default=top) > top else "neither"
    bar: dict[str, Any] = {"location": "bottom", "shrink": 0.5, "aspect": 35, "extend": extend}
    fig.colorbar(scale, ax=axes, label="Ion held there, above the lowest site (eV)", **bar)
    names = ["panel", "shown", "number", "energy_eV", "x", "y", "to_x", "to_y"]
    return fig, table[names].reset_index(drop=True)


def _highest_saddle(network: NetworkResult) -> float:
    """Return the highest saddle of a network's hops, eV, or 1 eV where it has none."""
    return max((hop.saddle_eV for hop in network.hops), default=1.0)


def _points(found: EnergyMap, network: NetworkResult, atoms: Atoms) -> pd.DataFrame:
    """Tabulate the points of a map."""
    x, y = Grid(atoms.cell.array[:2, :2], found.shape).places.T
    energies = np.array(found.energies_eV, dtype=float)
    rows = {"shown": "point", "number": np.arange(len(x)), "energy_eV": energies, "x": x, "y": y}
    return pd.DataFrame(rows).astype({"number": "Int64"})


def _ways(found: EnergyMap) -> str:
    """Say in few words over what the lowest ways lead."""
    if found.one_direction_eV is None:
        return "no way round the cell"
    both = found.both_directions_eV
    shown = "none" if both is None else f"≤ {both:.3f} eV"
    return f"way ≤ {found.one_direction_eV:.3f} eV, both {shown}"


def _draw_panel(
    ax: Axes, atoms: Atoms, found: EnergyMap, rows: pd.DataFrame, levels: np.ndarray
) -> None:
    energies = np.array(found.energies_eV, dtype=float).reshape(found.shape)
    closed = np.ma.masked_invalid(np.pad(energies, (0, 1), mode="wrap"))
    corners = np.array(list(np.ndindex(closed.shape))) / found.shape
    x, y = (corners @ atoms.cell.array[:2, :2]).T.reshape(2, *closed.shape)
    if closed.count():
        ax.contourf(x, y, closed, levels, cmap=COLOURS, extend="max")
        ax.contour(x, y, closed, levels[::4], colors="white", linewidths=0.3)
    draw_cell(ax, atoms)
    mark_atoms(ax, atoms[roles.facing(atoms)])
    draw_walk(ax, atoms, rows, linewidths=WALK_WIDTH)
    draw_groups(ax, atoms, rows)
    for place in rows.loc[rows["shown"] == "site", ["x", "y"]].to_numpy(float):
        ax.plot(*lateral_images(atoms, place).T, linestyle="", zorder=6, **SITE)


def _handles(atoms: Atoms, table: pd.DataFrame) -> list[Line2D]:
    """Make the entries of the legend."""
    facing = "/".join(dict.fromkeys(atoms[roles.facing(atoms)].get_chemical_symbols()))
    handles = [
        Line2D([], [], linestyle="", label="site", **SITE),
        Line2D([], [], label=f"facing {facing}", **MARK),
    ]
    if table["in_walk"].eq(True).any():
        handles.append(Line2D([], [], color="black", linewidth=WALK_WIDTH, label="lowest walk"))
    if (table["shown"] == "group").any():
        handles.append(Line2D([], [], linestyle="", label="group on the sheet", **GROUP))
    return handles
