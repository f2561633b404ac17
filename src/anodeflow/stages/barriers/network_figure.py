"""The figure of an ion's network: its sites and hops over the bottom layer, from above."""

from typing import Any

import numpy as np
import pandas as pd
from ase import Atoms
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from anodeflow.figures.style import styled
from anodeflow.figures.top_view import (
    EDGE,
    atom_handles,
    draw_atoms,
    draw_cell,
    lateral_images,
    legend_columns,
    map_panels,
    scale_bar,
)
from anodeflow.stages.barriers.results import NetworkResult
from anodeflow.structures import roles

SITE_COLOURS, HOP_COLOURS = "Reds_r", "viridis"
"""Dark is low: where the ion is, and by which hops it first gets away, stands out."""

CLEAR = 0.9
"""Share of the colours that is used: the rest is too pale on white."""

NEAREST = np.array(list(np.ndindex(5, 5))) - 2
"""Cells in which a hop may start of which a part is seen in cell 0."""

FROM, TO = ["x", "y"], ["to_x", "to_y"]

WALK: dict[str, Any] = {"colors": "black", "linewidths": 4.0, "zorder": 2.5}

GROUP: dict[str, Any] = {
    "marker": "D",
    "markersize": 4.0,
    "markerfacecolor": "white",
    "markeredgecolor": "black",
    "markeredgewidth": 0.8,
}

COLUMNS = ("panel", "shown", "number", "energy_eV", "x", "y", "to_x", "to_y", "start", "end")


@styled
def plot_network(panels: dict[str, dict[str, Any]]) -> tuple[Figure, pd.DataFrame]:
    """Draw the sites and hops of one ion over the top view of the bottom layer.

    Sites are circles coloured by their energy, hops straight lines coloured by that of their
    saddle, both above the lowest site and with one scale for all panels; of hops between the same
    two sites the lowest is on top. Hops that leave the cell end at its edge. The lowest walk that
    winds round the cell has a black outline. Sites that are part of another one are not drawn; the
    colours of the others end at the highest saddle, as no hop leads to what lies above it. Groups
    on the sheet are white diamonds.

    Args:
        panels: title to {"atoms": the host, "network": a `NetworkResult`}.

    Returns:
        the figure; rows of panel, shown (site, hop, group, one direction, both directions), number
        of the site, the hop, or the atom of a group on the sheet, energy_eV, x, y of the site, the
        atom or the hop's start and to_x, to_y of its end (Å), its start and end, in_walk.
    """
    fig, axes = map_panels(len(panels), next(iter(panels.values()))["atoms"], bars=2)
    tables = {title: shown_of(**panel) for title, panel in panels.items()}
    table = pd.concat([rows.assign(panel=title) for title, rows in tables.items()])
    energies = {kind: rows["energy_eV"] for kind, rows in table.groupby("shown")}
    hops = energies.get("hop", pd.Series(dtype=float))
    sites = energies.get("site", hops[:0]).clip(upper=hops.max() if len(hops) else None)
    scales = {"site": _scale(sites, SITE_COLOURS), "hop": _scale(hops, HOP_COLOURS)}
    for ax, (title, rows) in zip(axes, tables.items(), strict=True):
        _draw_panel(ax, panels[title]["atoms"], rows, scales)
        ax.set_title(f"{title}\n{_barriers(panels[title]['network'])}", loc="center")
    scale_bar(axes[0], 3.0)
    atoms = next(iter(panels.values()))["atoms"]
    handles = atom_handles(atoms[roles.bottom(atoms)], look="pale", label="{}")
    if "group" in energies:
        handles.append(Line2D([], [], linestyle="", label="group on the sheet", **GROUP))
    if table["in_walk"].any():
        handles.append(Line2D([], [], color="black", linewidth=4.0, label="lowest walk"))
    fig.legend(handles=handles, loc="outside lower center", ncols=legend_columns(len(panels)))
    bar: dict[str, Any] = {"location": "bottom", "shrink": 0.5, "aspect": 35}
    for shown, label in (("hop", "Saddle of a hop"), ("site", "Site")):
        if shown in energies:
            scale, label = scales[shown], f"{label}, above the lowest (eV)"
            extend = "max" if energies[shown].max() > scale.norm.vmax else "neither"
            fig.colorbar(scale, ax=axes, label=label, extend=extend, **bar)
    return fig, table[[*COLUMNS, "in_walk"]].reset_index(drop=True)


def shown_of(atoms: Atoms, network: NetworkResult) -> pd.DataFrame:
    """Tabulate what is drawn of a network and of the groups that it goes round.

    Columns are those that `plot_network` returns, without the panel.
    """
    walked = {step.hop for step in network.walk}
    rows: list[dict[str, Any]] = [
        {"shown": "site", "number": number, "energy_eV": site.energy_eV}
        | {"x": site.position[0], "y": site.position[1]}
        for number, site in enumerate(network.sites)
        if site.within is None
    ]
    for number, hop in enumerate(network.hops):
        x, y, _ = network.sites[hop.start].position
        rows.append(
            {"shown": "hop", "number": number, "energy_eV": hop.saddle_eV, "x": x, "y": y}
            | {"to_x": x + hop.vector[0], "to_y": y + hop.vector[1]}
            | {"start": hop.start, "end": hop.end, "in_walk": number in walked}
        )
    groups = np.flatnonzero(np.isin(atoms.get_tags(), (roles.SHEET_GROUP, roles.SHEET_HYDROGEN)))
    for atom in groups:
        x, y, _ = atoms.positions[atom]
        rows.append({"shown": "group", "number": atom, "x": x, "y": y})
    barrier = network.percolation_barrier
    rows.append({"shown": "one direction", "energy_eV": barrier.one_direction})
    rows.append({"shown": "both directions", "energy_eV": barrier.both_directions})
    table = pd.DataFrame(rows, columns=[*COLUMNS, "in_walk"])
    whole = dict.fromkeys(("number", "start", "end"), "Int64")
    numbers = dict.fromkeys(("energy_eV", "x", "y", "to_x", "to_y"), "float64")
    return table.astype(whole | numbers).assign(in_walk=table["in_walk"].eq(True))


def _scale(energies: pd.Series, colours: str) -> ScalarMappable:
    """Return the colours from the lowest energy to the highest."""
    norm = Normalize(energies.min(), energies.max()) if len(energies) else Normalize()
    return ScalarMappable(norm, _clear(colours))


def _clear(name: str) -> Colormap:
    """Return the dark part of a colour map."""
    return ListedColormap(colormaps[name](np.linspace(0, CLEAR, 256)))


def _barriers(network: NetworkResult) -> str:
    """Say the percolation barriers in few words."""
    one = network.percolation_barrier.one_direction
    both = network.percolation_barrier.both_directions
    if one is None:
        return network.no_walk
    return f"one direction {one:.3f} eV, both " + ("none" if both is None else f"{both:.3f} eV")


def _draw_panel(
    ax: Axes, atoms: Atoms, rows: pd.DataFrame, scales: dict[str, ScalarMappable]
) -> None:
    draw_atoms(ax, atoms[roles.bottom(atoms)], scale=0.7, look="pale")
    draw_cell(ax, atoms)
    draw_walk(ax, atoms, rows)
    hops = rows[rows["shown"] == "hop"].sort_values("energy_eV", ascending=False, kind="stable")
    lines, of = _in_cell(atoms, hops)
    colours = scales["hop"].to_rgba(hops["energy_eV"].to_numpy()[of])
    own: dict[str, Any] = {"colors": colours, "linewidths": 1.8, "zorder": 3}
    ax.add_collection(LineCollection(list(lines), **own), autolim=False)
    draw_groups(ax, atoms, rows)
    for _, site in rows[rows["shown"] == "site"].iterrows():
        x, y = lateral_images(atoms, site[["x", "y"]].to_numpy(float)).T
        face = scales["site"].to_rgba(site["energy_eV"])
        ax.scatter(x, y, s=26, color=[face], edgecolors="black", linewidths=0.6, zorder=6)


def draw_walk(ax: Axes, atoms: Atoms, rows: pd.DataFrame, **look: Any) -> None:
    """Draw the hops of the lowest walk as black lines; rows: of `shown_of`; look: as of WALK."""
    lines, _ = _in_cell(atoms, rows[rows["in_walk"]])
    ax.add_collection(LineCollection(list(lines), **WALK | look), autolim=False)


def draw_groups(ax: Axes, atoms: Atoms, rows: pd.DataFrame) -> None:
    """Draw the atoms of groups on the sheet as diamonds; rows: of `shown_of`."""
    for place in rows.loc[rows["shown"] == "group", ["x", "y"]].to_numpy(float):
        x, y = lateral_images(atoms, place).T
        ax.plot(x, y, linestyle="", zorder=5, **GROUP)


def _in_cell(atoms: Atoms, hops: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Give the parts of hops and of their periodic images that are in the cell, or on its edge.

    Returns both ends (L, 2, 2) of each in the plane, Å, and which of the hops (L,) each is of.
    """
    lateral = atoms.cell.array[:2, :2]
    start, end = (hops[names].to_numpy() @ np.linalg.inv(lateral) for names in (FROM, TO))
    # A relaxed ion may lie outside the cell: its hop is drawn from where it is folded to.
    begin = ((start % 1.0)[:, None] + NEAREST).reshape(-1, 2)
    way = np.repeat(end - start, len(NEAREST), axis=0)
    way[np.abs(way) < 1e-9] = 1e-9
    crossings = np.sort([(-EDGE - begin) / way, (1 + EDGE - begin) / way], axis=0)
    enters = np.maximum(crossings[0].max(axis=1), 0.0)
    leaves = np.minimum(crossings[1].min(axis=1), 1.0)
    parts = np.stack([enters, leaves], axis=1)
    ends = begin[:, None] + parts[:, :, None] * way[:, None]
    # Of a hop that leads out from a site on an edge nothing is seen there.
    outside = (ends.max(axis=1) < EDGE) | (ends.min(axis=1) > 1 - EDGE)
    leads_out = (outside & (np.abs(way) > 2 * EDGE)).any(axis=1)
    seen = np.flatnonzero((leaves > enters) & ~leads_out)
    found: np.ndarray = ends[seen] @ lateral
    return found, seen // len(NEAREST)
