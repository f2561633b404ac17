"""The figure of energies along the lowest walk of an ion round the cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from ase.geometry import find_mic
from ase.utils.forcecurve import fit_images
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.interpolate import PchipInterpolator

from anodeflow.errors import known
from anodeflow.figures.style import PAGE_MM, REFERENCE_GREY, figure, styled
from anodeflow.stages.barriers.paths import FoundPath
from anodeflow.stages.barriers.results import HopRow, NetworkResult, Step
from anodeflow.structures import roles

ROW_MM = 55.0
LEGEND_MM = 9.0
PANELS_PER_ROW = 3

HEAD = 0.13
"""Share of a panel's height above the curves for each model's line of words."""

COLUMNS = ("stack", "model", "shown", "step", "hop", "path", "image", "distance", "energy_eV")


@dataclass(frozen=True)
class _Profile:
    """Energies (eV) along a hop, at its images and between them, by distance (Å) from its start.

    images: which image of which path each is.
    """

    images: pd.DataFrame
    distances: np.ndarray
    energies: np.ndarray
    between: np.ndarray
    fitted: np.ndarray

    def backward(self) -> "_Profile":
        """Return it from its end to its start."""
        length = self.distances[-1]
        return _Profile(
            self.images[::-1],
            length - self.distances[::-1],
            self.energies[::-1],
            length - self.between[::-1],
            self.fitted[::-1],
        )


@styled
def plot_profiles(panels: dict[str, list[dict[str, Any]]]) -> tuple[Figure, pd.DataFrame]:
    """Draw the energy along the lowest walk of each stack that winds round the cell.

    Dots are images, larger ones the sites; lines are the spline through energies and forces of
    each path. Where a path ends at a site that is part of another one, a dotted line leads to that.
    Energies are those above the lowest site that the ion can reach, so that the highest saddle is
    the percolation barrier in one direction.

    Args:
        panels: stack to entries {"model", "colour", "network", "paths"}: a `NetworkResult` and the
            `FoundPath` by their labels.

    Returns:
        the figure; rows of stack, model and those of `walk_profile`.
    """
    columns = min(len(panels), PANELS_PER_ROW)
    rows = -(-len(panels) // columns)
    legend_rows = 1 if columns == PANELS_PER_ROW else 2
    size = (PAGE_MM * max(columns, 2) / PANELS_PER_ROW, rows * ROW_MM + legend_rows * LEGEND_MM)
    fig, axes = figure(*size, nrows=rows, ncols=columns, squeeze=False, sharey=True)
    shown = []
    for ax, (stack, entries) in zip(axes.flat, panels.items(), strict=False):
        for line, entry in enumerate(entries):
            walk = walk_profile(entry["network"], entry["paths"])
            _draw_entry(ax, entry, walk, line)
            shown.append(walk.assign(stack=stack, model=entry["model"]))
        ax.set_title(stack)
        if not ax.lines:
            ax.set_xticks([])
            continue
        ax.set_xlabel("Distance along the walk (Å)")
    for ax in axes.flat[len(panels) :]:
        ax.remove()
    for ax in axes[:, 0]:
        ax.set_ylabel("Energy above the lowest site (eV)")
    table = pd.concat(shown, ignore_index=True)
    _finish(fig, axes[0, 0], panels, table)
    return fig, table[list(COLUMNS)].astype(dict.fromkeys(("step", "hop", "image"), "Int64"))


def walk_profile(network: NetworkResult, paths: Mapping[str, FoundPath]) -> pd.DataFrame:
    """Tabulate the energies along the lowest walk of a network.

    Args:
        network: with its walk, which may be empty.
        paths: by their labels, those of the walk among them.

    Returns:
        rows of shown (image, line, joint, no walk), step, hop, path, image, distance (Å, the
        ion's own way) and energy_eV above the lowest site of the part that the walk is in.
    """
    one = network.percolation_barrier.one_direction
    if one is None or not network.walk:
        return pd.DataFrame([{"shown": "no walk"}], columns=list(COLUMNS))
    lowest = max(network.hops[step.hop].saddle_eV for step in network.walk) - one
    parts, travelled = [], 0.0
    for number, step in enumerate(network.walk):
        part = _step_rows(network, step, paths)
        part["distance"] += travelled - part["distance"].min()
        travelled = float(part["distance"].max())
        parts.append(part.assign(step=number))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(energy_eV=table["energy_eV"] - lowest).reindex(columns=COLUMNS)


def _step_rows(network: NetworkResult, step: Step, paths: Mapping[str, FoundPath]) -> pd.DataFrame:
    """Tabulate a step of a walk, its energies above the lowest site of the network."""
    hop = network.hops[step.hop]
    path = paths[hop.path]
    if hop.then is None:
        profile = _profile(path, hop.saddle_eV)
        ends = [path.edge[0], path.edge[1]]
        # `either_way` may write a hop the other way round than the path that it is equivalent to.
        # ASSUME: where symmetry makes both ends alike, the hop runs as its path does.
        turned = network.sites[hop.start].like != network.sites[_stays(network, ends[0])].like
    else:
        profile, ends = _over_a_site(network, hop, path, paths[hop.then])
        turned = False
    if turned != step.backward:
        profile, ends = profile.backward(), ends[::-1]
    images = profile.images.assign(distance=profile.distances)
    lines = pd.DataFrame({"distance": profile.between, "energy_eV": profile.fitted})
    joints = [
        _joint(network, path, end, place, float(profile.energies[place]), profile.distances[place])
        for end, place in zip(ends, (0, -1), strict=True)
    ]
    shown = [images.assign(shown="image", energy_eV=profile.energies), lines.assign(shown="line")]
    shown += [joint for joint in joints if joint is not None]
    return pd.concat(shown, ignore_index=True).assign(hop=step.hop)


def _over_a_site(
    network: NetworkResult, hop: HopRow, path: FoundPath, then: FoundPath
) -> tuple[_Profile, list[int]]:
    """Return the profile of a hop that leads up one path and down another, and its ends."""
    top = network.sites[known(hop.over)].like
    from_top = [network.sites[one.edge[0]].like == top for one in (path, then)]
    up, down = _profile(path, hop.saddle_eV), _profile(then, hop.saddle_eV)
    up = up.backward() if from_top[0] else up
    down = down if from_top[1] else down.backward()
    both = _Profile(
        pd.concat([up.images, down.images]),
        np.append(up.distances, up.distances[-1] + down.distances),
        np.append(up.energies, down.energies),
        np.append(up.between, up.distances[-1] + down.between),
        np.append(up.fitted, down.fitted),
    )
    ends = [
        one.edge[1] if first else one.edge[0]
        for one, first in zip((path, then), from_top, strict=True)
    ]
    return both, ends


def _stays(network: NetworkResult, site: int) -> int:
    """Return the site that stands for one."""
    within = network.sites[site].within
    return site if within is None else within


def _joint(
    network: NetworkResult, path: FoundPath, end: int, place: int, energy: float, at: float
) -> pd.DataFrame | None:
    """Tabulate the way from the end of a path to the site that this end is part of, if any."""
    of = _stays(network, end)
    if of == end:
        return None
    away = np.subtract(network.sites[of].position, network.sites[end].position)
    length = float(find_mic(away, path.images[0].cell, pbc=(True, True, False))[1])
    distances = [at - length, at] if place == 0 else [at, at + length]
    energies = [network.sites[of].energy_eV, energy]
    rows = {"distance": distances, "energy_eV": energies if place == 0 else energies[::-1]}
    return pd.DataFrame(rows).assign(shown="joint")


def _profile(path: FoundPath, saddle: float) -> _Profile:
    """Return a path's energies, its highest image at `saddle`, by the distance of its ion."""
    places = np.array([image.positions[roles.ions(image)][0] for image in path.images])
    steps = find_mic(np.diff(places, axis=0), path.images[0].cell, pbc=(True, True, False))[1]
    distances = np.append(0.0, np.cumsum(steps))
    fit = fit_images(path.images)
    shift = saddle - path.energies[path.top]
    # The spline is along the way of all atoms; the ion's own way grows with it.
    along = PchipInterpolator(fit.path, distances)
    return _Profile(
        images=pd.DataFrame({"image": range(len(path.images))}).assign(path=path.label),
        distances=distances,
        energies=path.energies + shift,
        between=along(fit.fit_path),
        fitted=fit.fit_energies + path.energies[0] + shift,
    )


def _draw_entry(ax: Axes, entry: dict[str, Any], walk: pd.DataFrame, line: int) -> None:
    """Draw a model's walk, with its barrier on line `line` of the panel."""
    colour = entry["colour"]
    barrier = entry["network"].percolation_barrier.one_direction
    words = entry["network"].no_walk if barrier is None else f"{barrier:.3f} eV"
    place = {"color": colour, "transform": ax.transAxes, "va": "top", "fontsize": 7}
    ax.text(0.03, 0.97 - 0.09 * line, words, **place)
    for _, step in walk.groupby("step"):
        smooth, images = step[step["shown"] == "line"], step[step["shown"] == "image"]
        joints = step[step["shown"] == "joint"]
        ax.plot(smooth["distance"], smooth["energy_eV"], color=colour, linewidth=1.1)
        ax.plot(images["distance"], images["energy_eV"], ".", color=colour, markersize=4)
        for first in range(0, len(joints), 2):
            pair = joints.iloc[first : first + 2]
            ax.plot(pair["distance"], pair["energy_eV"], ":", color=colour, linewidth=0.9)
        rest = step[step["shown"] != "line"].sort_values("distance").iloc[[0, -1]]
        ax.plot(rest["distance"], rest["energy_eV"], "o", color=colour, markersize=4.5)
    if barrier is not None:
        ax.axhline(barrier, color=colour, linestyle="--", linewidth=0.6, zorder=1)


def _finish(
    fig: Figure, first: Axes, panels: dict[str, list[dict[str, Any]]], table: pd.DataFrame
) -> None:
    entries = [entry for group in panels.values() for entry in group]
    looks = {entry["model"]: {"color": entry["colour"]} for entry in entries}
    if (table["shown"] == "image").any():
        looks["site"] = {"color": REFERENCE_GREY, "marker": "o", "linestyle": "none"}
        looks["image"] = {"color": REFERENCE_GREY, "marker": ".", "linestyle": "none"}
        barrier = {"color": REFERENCE_GREY, "linestyle": "--", "linewidth": 0.6}
        looks["barrier in one direction"] = barrier
    if (table["shown"] == "joint").any():
        looks["downhill to the site"] = {"color": REFERENCE_GREY, "linestyle": ":"}
    handles = [Line2D([], [], label=label, **look) for label, look in looks.items()]
    ncols = 6 if len(panels) >= PANELS_PER_ROW else 3
    fig.legend(handles=handles, loc="outside lower center", ncols=ncols)
    # Head room for the barriers, which are written into the panels.
    low, high = first.get_ylim()
    most = max(len(group) for group in panels.values())
    first.set_ylim(low, high + HEAD * most * (high - low))
