"""Pictures of structures: each from the side and from above."""

import numpy as np
import pandas as pd
from ase import Atoms
from ase.data import chemical_symbols, covalent_radii
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Polygon

from anodeflow.figures.atoms import (
    RADIUS_SCALE,
    cell_outline,
    colour_of,
    draw_bar,
    drawn_bonds,
    element_handle,
    inside_cell,
    pale,
)
from anodeflow.figures.style import PAGE_MM, figure, styled
from anodeflow.structures import roles

BOND_WIDTH = 0.22
"""Width of a drawn bond in Å."""

SHEET_RADIUS_SCALE = 0.28
"""Scale of the radii of a partner sheet seen from above, so that groups and ions under it show."""

PALENESS = 0.45
"""Share of white in the colours of a bottom layer seen from above, under a partner layer."""

LARGEST_SCALE = 5.0
"""Most that 1 Å may take on the page, in mm: a unit cell need not fill it."""

MARGIN = 1.2
"""Room around the outermost atoms in Å."""

TITLES_AND_LEGEND_MM = 16.0


@styled
def plot_structures(structures: dict[str, Atoms]) -> tuple[Figure, pd.DataFrame]:
    """Draw every structure from the side, along its first vector, and from the top.

    Args:
        structures: title of the column -> atoms (Å) with tags, z along the third vector.

    Returns:
        The figure, a page wide and on one scale, and a table of the positions drawn, folded into
        the cell: structure, symbol, tag, x, y, z in Å.
    """
    drawn = {title: inside_cell(atoms) for title, atoms in structures.items()}
    widths = [np.ptp(cell_outline(atoms)[:, 0]) + 2 * MARGIN for atoms in drawn.values()]
    heights = [
        max(np.ptp(atoms.positions[:, 2]) for atoms in drawn.values()) + 2 * MARGIN,
        max(np.ptp(cell_outline(atoms)[:, 1]) for atoms in drawn.values()) + 2 * MARGIN,
    ]
    scale = min(PAGE_MM / sum(widths), LARGEST_SCALE)
    fig, axes = figure(
        PAGE_MM,
        scale * sum(heights) + TITLES_AND_LEGEND_MM,
        nrows=2,
        ncols=len(drawn),
        squeeze=False,
        width_ratios=widths,
        height_ratios=heights,
    )
    for column, (title, atoms) in enumerate(drawn.items()):
        side, above = axes[:, column]
        _draw(side, atoms, view="side", size=(widths[column], heights[0]))
        _draw(above, atoms, view="top", size=(widths[column], heights[1]))
        side.set_title(title, loc="center")
    axes[0, 0].set_ylabel("side")
    axes[1, 0].set_ylabel("top")
    _scale_bar(axes[1, 0])
    fig.legend(handles=_legend(drawn), loc="outside lower center", ncols=12, handletextpad=0.1)
    return fig, _table(drawn)


def _draw(axes: Axes, atoms: Atoms, *, view: str, size: tuple[float, float]) -> None:
    """Draw circles and half bonds from the farthest to the nearest, in a window of this size (Å).

    From the side one looks along x, which for the cells of this project is a close-packed row.
    """
    turn = [[0, 1, 0], [0, 0, 1], [1, 0, 0]] if view == "side" else np.eye(3)
    seen = atoms.positions @ np.transpose(turn)
    colours, radii = _looks(atoms, view)
    patches = [
        *_circles(seen, colours, radii),
        *_half_bonds(atoms, seen, np.asarray(turn), colours),
    ]
    ordered = [patch for _, patch in sorted(patches, key=lambda item: item[0])]
    axes.add_collection(PatchCollection(ordered, match_original=True))
    if view == "side":
        middle = (seen[:, :2].max(axis=0) + seen[:, :2].min(axis=0)) / 2
    else:
        outline = cell_outline(atoms)
        middle = outline.mean(axis=0)
        axes.add_patch(Polygon(outline, fill=False, linestyle="--", edgecolor="0.2", zorder=3))
    axes.set_xlim(middle[0] - size[0] / 2, middle[0] + size[0] / 2)
    axes.set_ylim(middle[1] - size[1] / 2, middle[1] + size[1] / 2)
    axes.set_aspect("equal")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _looks(atoms: Atoms, view: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the colours (N, 3) and radii (N,) in Å of all atoms."""
    colours = np.array([colour_of(symbol) for symbol in atoms.symbols])
    radii = RADIUS_SCALE * covalent_radii[atoms.numbers]
    if view == "top" and roles.top(atoms).any():
        below, sheet = roles.bottom(atoms), roles.sheet(atoms)
        for i in np.flatnonzero(below):
            colours[i] = pale(colours[i], white=PALENESS)
        radii[sheet] *= SHEET_RADIUS_SCALE / RADIUS_SCALE
    return colours, radii


def _circles(seen: np.ndarray, colours: np.ndarray, radii: np.ndarray) -> list[tuple[float, Patch]]:
    return [
        (
            position[2],
            Circle(position[:2], radius, facecolor=colour, edgecolor="0.15", linewidth=0.35),
        )
        for position, colour, radius in zip(seen, colours, radii, strict=True)
    ]


def _half_bonds(
    atoms: Atoms, seen: np.ndarray, turn: np.ndarray, colours: np.ndarray
) -> list[tuple[float, Patch]]:
    """Return each bond as two halves in the colours of its atoms.

    A bond across the boundary of the cell shows as the half inside.
    """
    halves = []
    for i, vector in zip(*drawn_bonds(atoms), strict=True):
        vector = turn @ vector
        length = np.hypot(vector[0], vector[1])
        if length < BOND_WIDTH:
            continue
        start, end = seen[i, :2], seen[i, :2] + vector[:2] / 2
        across = BOND_WIDTH / 2 * np.array([-vector[1], vector[0]]) / length
        corners = [start + across, end + across, end - across, start - across]
        patch = Polygon(corners, facecolor=colours[i], edgecolor="0.15", linewidth=0.15)
        # Behind its own atom, in front of all that lies deeper.
        halves.append((min(seen[i, 2], seen[i, 2] + vector[2] / 4) - 1e-3, patch))
    return halves


def _scale_bar(axes: Axes) -> None:
    (left, right), bottom = axes.get_xlim(), axes.get_ylim()[0]
    start = (left + 0.02 * (right - left), bottom + 0.03 * (right - left))
    draw_bar(axes, start, 5.0 if right - left > 12 else 1.0)


def _legend(drawn: dict[str, Atoms]) -> list[Line2D]:
    numbers = np.unique(np.concatenate([atoms.numbers for atoms in drawn.values()]))
    return [
        element_handle(symbol, colour_of(symbol), size=4 + 3 * covalent_radii[number])
        for number, symbol in ((number, chemical_symbols[number]) for number in numbers)
    ]


def _table(drawn: dict[str, Atoms]) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "structure": title,
                    "symbol": list(atoms.symbols),
                    "tag": atoms.get_tags(),
                    "x": atoms.positions[:, 0],
                    "y": atoms.positions[:, 1],
                    "z": atoms.positions[:, 2],
                }
            )
            for title, atoms in drawn.items()
        ],
        ignore_index=True,
    )
