"""The lateral cell as the ground of a map: outline, atoms seen from above, panels on a page."""

from typing import Any

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon
from matplotlib.typing import ColorType

from anodeflow.figures.atoms import cell_outline, colour_of, draw_bar, element_handle, pale
from anodeflow.figures.style import PAGE_MM, figure

PANELS_PER_ROW = 3

ROOM = 0.8
"""Room around the cell, Å."""

EDGE = 0.02
"""Fraction of the cell over which an atom on its edge is shown on the opposite edge as well."""

TITLE_MM = 7.0

MARK: dict[str, Any] = {"marker": "+", "linestyle": "none", "color": "black", "markersize": 4}
"""Look of a cross of `mark_atoms`."""

BARS_MM = 20.0
"""Height for a colour bar and a legend below the panels."""

BAR_MM = 11.0
"""Height for each further colour bar."""


def map_panels(count: int, atoms: Atoms, *, bars: int = 1) -> tuple[Figure, list[Axes]]:
    """Lay out `count` maps of the lateral cell of `atoms`, three to a row, at equal scale.

    `bars` is the number of colour bars that will stand below them.
    """
    columns = min(count, PANELS_PER_ROW)
    rows = -(-count // columns)
    corners = cell_outline(atoms)
    width, height = np.ptp(corners, axis=0) + 2 * ROOM
    page = PAGE_MM * columns / PANELS_PER_ROW
    panel_mm = page / columns * height / width
    below = BARS_MM + (bars - 1) * BAR_MM
    fig, axes = figure(
        page, rows * (panel_mm + TITLE_MM) + below, nrows=rows, ncols=columns, squeeze=False
    )
    for ax in axes.flat[count:]:
        ax.remove()
    return fig, list(axes.flat[:count])


def legend_columns(count: int) -> int:
    """Say how many entries of a legend fit side by side below `count` maps."""
    return 2 * min(count, PANELS_PER_ROW)


def draw_cell(ax: Axes, atoms: Atoms) -> None:
    """Draw the outline of the lateral cell and give the axes its size, without ticks."""
    corners = cell_outline(atoms)
    ax.add_patch(Polygon(corners, fill=False, edgecolor="black", linewidth=0.8, zorder=5))
    low, high = corners.min(axis=0) - ROOM, corners.max(axis=0) + ROOM
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal", xticks=[], yticks=[])
    ax.set_frame_on(False)


def scale_bar(ax: Axes, length: float) -> None:
    """Draw a bar of `length` Å in the corner that a hexagonal cell leaves free."""
    x, y = ax.get_xlim()[0] + ROOM / 2, ax.get_ylim()[0] + ROOM
    draw_bar(ax, (x, y), length)


def shown_images(atoms: Atoms, i: int) -> np.ndarray:
    """Give the lateral positions (K, 2), Å, at which atom `i` is shown: one, more on an edge."""
    return lateral_images(atoms, atoms.positions[i, :2])


def lateral_images(atoms: Atoms, place: np.ndarray) -> np.ndarray:
    """Give where a place (2,) in the plane is shown in the cell (K, 2), Å: more on an edge."""
    lateral = atoms.cell.array[:2, :2]
    home = (place @ np.linalg.inv(lateral)) % 1.0
    images = home + np.array(list(np.ndindex(3, 3))) - 1
    found: np.ndarray = images[np.all((images > -EDGE) & (images < 1 + EDGE), axis=1)] @ lateral
    return found


def mark_atoms(ax: Axes, atoms: Atoms) -> None:
    """Mark atoms from above by crosses, which leave what lies below visible."""
    points = np.vstack([shown_images(atoms, i) for i in range(len(atoms))])
    ax.plot(points[:, 0], points[:, 1], **MARK)


def draw_atoms(ax: Axes, atoms: Atoms, *, scale: float, look: str) -> None:
    """Draw atoms from above as circles of `scale` covalent radii, high ones over low ones.

    `look` is "full", or "pale" for a background; `scale` is a ratio.
    """
    circles, faces = [], []
    for i in np.argsort(atoms.positions[:, 2], kind="stable"):
        for point in shown_images(atoms, i):
            circles.append(Circle(point, scale * covalent_radii[atoms.numbers[i]]))
            faces.append(_face(atoms.symbols[i], look))
    ax.add_collection(PatchCollection(circles, facecolors=faces, edgecolors="0.25", linewidths=0.5))


def atom_handles(atoms: Atoms, *, look: str, label: str) -> list[Line2D]:
    """Make a legend entry for each element of `atoms`; `label` has a place for the symbol."""
    return [
        element_handle(label.format(symbol), _face(symbol, look), size=5)
        for symbol in dict.fromkeys(atoms.get_chemical_symbols())
    ]


def _face(symbol: str, look: str) -> ColorType:
    colour = colour_of(symbol)
    return pale(colour) if look == "pale" else colour
