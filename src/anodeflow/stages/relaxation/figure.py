"""The figure of relaxed stacks: each from the side and from above, on one scale."""

import numpy as np
import pandas as pd
from ase import Atoms
from matplotlib.figure import Figure

from anodeflow.figures.atoms import cell_outline, inside_cell, positions_table
from anodeflow.figures.side_views import corner_bar, draw_view, element_legend
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
    corner_bar(axes[1, 0])
    handles = element_legend(drawn.values())
    fig.legend(handles=handles, loc="outside lower center", ncols=12, handletextpad=0.1)
    return fig, positions_table(drawn, named="structure")
