"""Pictures of structures: each from the side and from above."""

import numpy as np
import pandas as pd
from ase import Atoms
from ase.data import covalent_radii
from ase.data.colors import jmol_colors
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Polygon

from anodeflow.figures.style import PAGE_MM, figure, styled
from anodeflow.structures import roles
from anodeflow.structures.bonds import find_bonds

RADIUS_SCALE = 0.5
"""Circles are covalent radii times this, so that the lower layer shows between the upper atoms."""

BOND_WIDTH = 0.22
"""Width of a drawn bond in Å."""

SHEET_RADIUS_SCALE = 0.28
"""The same for a partner sheet seen from above, so that groups and ions under it show."""

PALENESS = 0.45
"""Share of white in the colours of a bottom layer seen from above, under a partner layer."""

LARGEST_SCALE = 5.0
"""Most that 1 Å may take on the page, in mm: a unit cell need not fill it."""

MARGIN = 1.2
"""Room around the outermost atoms in Å."""

TITLES_AND_LEGEND_MM = 16.0

# CPK where the convention is strong; ASE's own colours of these are too pale in print.
COLOURS = {
    "H": (1.0, 1.0, 1.0),
    "C": (0.30, 0.30, 0.30),
    "O": (0.84, 0.19, 0.12),
    "Na": (0.56, 0.36, 0.82),
    "Ti": (0.62, 0.71, 0.78),
}


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
    widths = [np.ptp(_outline(atoms)[:, 0]) + 2 * MARGIN for atoms in drawn.values()]
    heights = [
        max(np.ptp(atoms.positions[:, 2]) for atoms in drawn.values()) + 2 * MARGIN,
        max(np.ptp(_outline(atoms)[:, 1]) for atoms in drawn.values()) + 2 * MARGIN,
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


def inside_cell(atoms: Atoms) -> Atoms:
    folded = atoms.copy()
    folded.wrap(pbc=(True, True, False), eps=1e-3)
    return folded


def _outline(atoms: Atoms) -> np.ndarray:
    """Return the corners (4, 2) of the in-plane cell in Å."""
    a, b = atoms.cell.array[:2, :2]
    return np.array([np.zeros(2), a, a + b, b])


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
        outline = _outline(atoms)
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
        colours[below] += PALENESS * (1 - colours[below])
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


def drawn_bonds(atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
    """List the bonds inside the layers, none between metal atoms or to ions, in both directions.

    Returns the atom (B,) that each starts from, and its vector (B, 3) in Å.
    """
    first, second, vectors = find_bonds("ijD", atoms)
    layer, own_tags = roles.top(atoms).astype(int) + 2 * roles.ions(atoms), atoms.get_tags()
    bonded = (layer[first] == layer[second]) & (layer[first] < 2)
    bonded &= (own_tags[first] != roles.METAL) | (own_tags[second] != roles.METAL)
    return first[bonded], vectors[bonded]


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


def colour_of(symbol: str) -> tuple[float, ...]:
    return COLOURS.get(symbol, tuple(jmol_colors[Atoms(symbol).numbers[0]]))


def _scale_bar(axes: Axes) -> None:
    (left, right), bottom = axes.get_xlim(), axes.get_ylim()[0]
    length = 5.0 if right - left > 12 else 1.0
    start, height = left + 0.02 * (right - left), bottom + 0.03 * (right - left)
    axes.plot([start, start + length], [height, height], color="black", linewidth=1.5, zorder=4)
    axes.annotate(
        f"{length:g} Å",
        (start + length / 2, height),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
    )


def _legend(drawn: dict[str, Atoms]) -> list[Line2D]:
    symbols = {symbol for atoms in drawn.values() for symbol in atoms.symbols}
    return [
        Line2D(
            [],
            [],
            linestyle="none",
            marker="o",
            markersize=4 + 3 * covalent_radii[Atoms(symbol).numbers[0]],
            markerfacecolor=colour_of(symbol),
            markeredgecolor="0.15",
            label=symbol,
        )
        for symbol in sorted(symbols, key=lambda symbol: Atoms(symbol).numbers[0])
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
