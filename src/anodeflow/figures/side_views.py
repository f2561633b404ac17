"""A structure seen from the side or from above: circles and half bonds."""

from collections.abc import Iterable

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Polygon

from anodeflow.figures.atoms import (
    ION,
    RADIUS_SCALE,
    cell_outline,
    colour_of,
    colours_of,
    draw_bar,
    drawn_bonds,
    element_handle,
    pale,
)
from anodeflow.structures import roles

BOND_WIDTH = 0.22
"""Width of a drawn bond in Å."""

SHEET_RADIUS_SCALE = 0.28
"""Scale of the radii of a partner sheet seen from above, so that groups and ions under it show."""

PALENESS = 0.45
"""Share of white in the colours of a bottom layer seen from above, under a partner layer."""


def draw_view(axes: Axes, atoms: Atoms, *, view: str, size: tuple[float, float]) -> None:
    """Draw circles and half bonds from the farthest to the nearest, in a window of this size (Å).

    From the side one looks along x, which for the cells of this project is a close-packed row.

    Args:
        axes: to draw in.
        atoms: (Å) with tags, z along the third vector, folded into the cell (`atoms.inside_cell`).
        view: "side" or "top".
        size: width and height of the window, Å.
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


def corner_bar(axes: Axes) -> None:
    """Draw a scale bar in the lower left corner of a view."""
    (left, right), bottom = axes.get_xlim(), axes.get_ylim()[0]
    start = (left + 0.02 * (right - left), bottom + 0.03 * (right - left))
    draw_bar(axes, start, 5.0 if right - left > 12 else 1.0)


def element_legend(drawn: Iterable[Atoms]) -> list[Line2D]:
    """Make a legend entry for each element of some structures, and for their ions."""
    kinds = {
        (bool(ion), int(number), str(symbol))
        for atoms in drawn
        for ion, number, symbol in zip(roles.ions(atoms), atoms.numbers, atoms.symbols, strict=True)
    }
    return [
        element_handle(
            f"{symbol} (ion)" if ion else symbol,
            ION if ion else colour_of(symbol),
            size=4 + 3 * covalent_radii[number],
        )
        for ion, number, symbol in sorted(kinds)
    ]


def _looks(atoms: Atoms, view: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the colours (N, 3) and radii (N,) in Å of all atoms."""
    colours = colours_of(atoms)
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
    halves: list[tuple[float, Patch]] = []
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
