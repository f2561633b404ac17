"""Figure of where runs with ions ended: the last frame of each, from above and from the side."""

import math

import numpy as np
import pandas as pd
from ase import Atoms
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from anodeflow.figures.atoms import cell_outline, inside_cell, positions_table
from anodeflow.figures.side_views import corner_bar, draw_view, element_legend
from anodeflow.figures.style import PAGE_MM, figure, styled
from anodeflow.stages.dynamics.trajectory import Trajectory

RUNS_PER_ROW = 3

LARGEST_SCALE = 3.5
"""Most that 1 Å may take on the page, in mm."""

MARGIN = 1.2
"""Room around the cell and the outermost atoms, Å."""

TITLE_MM = 9.0
LEGEND_MM = 8.0


@styled
def plot_last_frames(runs: dict[str, Trajectory]) -> tuple[Figure, pd.DataFrame]:
    """Draw the last frame of each run from above and, beside it, from the side, along x.

    The cell is dashed; from the side it goes on above and below. All views share one scale.

    Args:
        runs: title to run, whose last frame is drawn with its time and the run's temperature.

    Returns:
        the figure; the positions drawn, folded into the cell in the plane: run, symbol, tag, x, y,
        z (Å), time_ps.
    """
    frames = {title: last_frame(run) for title, run in runs.items()}
    columns = min(len(runs), RUNS_PER_ROW)
    spans = np.array([np.ptp(cell_outline(atoms), axis=0) for atoms in frames.values()])
    above, depth = spans.max(axis=0) + 2 * MARGIN
    heights = _row_heights(list(frames.values()), columns, at_least=depth)
    scale = min(PAGE_MM / (columns * (above + depth)), LARGEST_SCALE)
    fig, axes = figure(
        scale * columns * (above + depth),
        scale * sum(heights) + TITLE_MM * len(heights) + LEGEND_MM,
        nrows=len(heights),
        ncols=2 * columns,
        squeeze=False,
        width_ratios=[above, depth] * columns,
        height_ratios=heights,
    )
    pairs = axes.reshape(-1, 2)
    for unused in pairs[len(runs) :].flat:
        unused.remove()
    for place, (pair, (title, atoms)) in enumerate(zip(pairs, frames.items(), strict=False)):
        height = heights[place // columns]
        draw_view(pair[0], atoms, view="top", size=(above, height))
        draw_view(pair[1], atoms, view="side", size=(depth, height))
        _draw_sides_of_cell(pair[1], atoms, width=depth)
        pair[0].set_title(f"{title}\n{_when(runs[title])}")
    corner_bar(pairs[0, 0])
    handles = element_legend(frames.values())
    fig.legend(handles=handles, loc="outside lower center", ncols=8, handletextpad=0.1)
    table = positions_table(frames, named="run")
    times = {title: run.times_ps[-1] for title, run in runs.items()}
    return fig, table.assign(time_ps=table["run"].map(times))


def last_frame(run: Trajectory) -> Atoms:
    """Return the last frame of a run, its atoms folded into the cell in the plane (Å)."""
    atoms: Atoms = run.initial.copy()
    atoms.set_positions(run.positions[-1], apply_constraint=False)
    return inside_cell(atoms)


def _row_heights(frames: list[Atoms], columns: int, *, at_least: float) -> list[float]:
    """Give each row the height (Å) of its highest frame, or that of the cell from above."""
    tall = [max(np.ptp(atoms.positions[:, 2]) + 2 * MARGIN, at_least) for atoms in frames]
    rows = math.ceil(len(frames) / columns)
    return [max(tall[row * columns : (row + 1) * columns]) for row in range(rows)]


def _draw_sides_of_cell(axes: Axes, atoms: Atoms, *, width: float) -> None:
    """Show the cell from the side as two dashed lines, in the middle of the view."""
    sides = cell_outline(atoms)[:, 1]
    low, high = sides.min(), sides.max()
    for side in (low, high):
        axes.axvline(side, linestyle="--", color="0.2", linewidth=0.8, zorder=3)
    axes.set_xlim((low + high - width) / 2, (low + high + width) / 2)


def _when(run: Trajectory) -> str:
    """Say the time of the last frame, the run's temperature, and whether the run broke."""
    asked = run.settings.get("temperature")
    parts = [f"{run.times_ps[-1]:.4g} ps"]
    parts.append("temperature not said" if asked is None else f"{asked:g} K")
    return ", ".join(parts if run.stable else [*parts, "unstable"])
