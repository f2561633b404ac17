"""What all pictures of atoms share: colours, sizes, bonds, the cell, scale bars, legends."""

import numpy as np
import pandas as pd
from ase import Atoms
from ase.data import atomic_numbers
from ase.data.colors import jmol_colors
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.typing import ColorType

from anodeflow.structures import roles
from anodeflow.structures.bonds import find_bonds
from anodeflow.structures.metal_atoms import metal_atoms

RADIUS_SCALE = 0.5
"""Circles are covalent radii times this, so that the lower layer shows between the upper atoms."""

ION = (0.56, 0.36, 0.82)
"""Colour of ions, whatever their element, in which nothing else is drawn."""

# CPK where the convention is strong; ASE's own colours of these are too pale in print.
COLOURS = {
    "H": (1.0, 1.0, 1.0),
    "C": (0.30, 0.30, 0.30),
    "O": (0.84, 0.19, 0.12),
    "Na": ION,
    "Ti": (0.62, 0.71, 0.78),
}


def colour_of(symbol: str) -> ColorType:
    """Return the colour of an element, red, green and blue from 0 to 1."""
    found: ColorType = COLOURS.get(symbol, tuple(jmol_colors[atomic_numbers[symbol]]))
    return found


def colours_of(atoms: Atoms) -> np.ndarray:
    """Return the colour of each atom (N, 3), from 0 to 1: of its element, or that of ions."""
    found = np.array([colour_of(symbol) for symbol in atoms.symbols])
    found[roles.ions(atoms)] = ION
    return found


def pale(colour: ColorType, *, white: float = 0.55) -> ColorType:
    """Mix a colour with this share of white, for what lies behind."""
    red, green, blue = ((1 - white) * channel + white for channel in to_rgb(colour))
    return red, green, blue


def inside_cell(atoms: Atoms) -> Atoms:
    """Return a copy whose atoms are folded into the cell in the plane; heights stay."""
    folded: Atoms = atoms.copy()
    folded.wrap(pbc=(True, True, False), eps=1e-3)
    return folded


def positions_table(drawn: dict[str, Atoms], *, named: str) -> pd.DataFrame:
    """Tabulate the atoms of structures: name (column `named`), symbol, tag and x, y, z in Å."""
    tables = {
        name: pd.DataFrame({"symbol": list(atoms.symbols), "tag": atoms.get_tags()}).join(
            pd.DataFrame(atoms.positions, columns=["x", "y", "z"])
        )
        for name, atoms in drawn.items()
    }
    return pd.concat(tables, names=[named]).reset_index(named).reset_index(drop=True)


def cell_outline(atoms: Atoms) -> np.ndarray:
    """Give the corners of the lateral cell (4, 2), Å, in order around it."""
    found: np.ndarray = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) @ atoms.cell.array[:2, :2]
    return found


def drawn_bonds(atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
    """List the bonds inside the layers, none between metal atoms or to ions, in both directions.

    Returns the atom (B,) that each starts from, and its vector (B, 3) in Å.
    """
    first, second, vectors = find_bonds("ijD", atoms)
    layer, metals = roles.top(atoms).astype(int) + 2 * roles.ions(atoms), metal_atoms(atoms)
    bonded = (layer[first] == layer[second]) & (layer[first] < 2)
    bonded &= ~(metals[first] & metals[second])
    return first[bonded], vectors[bonded]


def draw_bar(ax: Axes, start: tuple[float, float], length: float) -> None:
    """Draw a scale bar of `length` Å from `start` (x, y) on."""
    x, y = start
    ax.plot([x, x + length], [y, y], color="black", linewidth=1.5, solid_capstyle="butt", zorder=4)
    ax.annotate(
        f"{length:g} Å",
        (x + length / 2, y),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
        fontsize=7,
    )


def element_handle(label: str, colour: ColorType, *, size: float) -> Line2D:
    """Make the legend entry of an element: a circle of this size in pt."""
    return Line2D(
        [],
        [],
        linestyle="none",
        marker="o",
        markersize=size,
        markerfacecolor=colour,
        markeredgecolor="0.2",
        label=label,
    )
