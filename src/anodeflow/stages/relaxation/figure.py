"""The figure of relaxed stacks: each from the side and from above, on one scale."""

import numpy as np
import pandas as pd
from ase import Atoms
from ase.data import chemical_symbols, covalent_radii
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from anodeflow.figures.atoms import cell_outline, colour_of, draw_bar, element_handle, inside_cell
from anodeflow.figures.side_views import draw_view
from anodeflow.figures.style import PAGE_MM, figure, styled

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
        draw_view(side, atoms, view="side", size=(widths[column], heights[0]))
        draw_view(above, atoms, view="top", size=(widths[column], heights[1]))
        side.set_title(title, loc="center")
    axes[0, 0].set_ylabel("side")
    axes[1, 0].set_ylabel("top")
    _scale_bar(axes[1, 0])
    fig.legend(handles=_legend(drawn), loc="outside lower center", ncols=12, handletextpad=0.1)
    return fig, _table(drawn)


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
