"""Layers and stacks without tags, as files of other programs hold them."""

import numpy as np
from ase import Atoms
from ase.build import graphene
from places import ROOT
from study import TI2CO2

from anodeflow.structures.builders.layers import build_unit

DATA = ROOT / "tests/data/layers"


def from_file(path, role: str, **settings) -> Atoms:
    """Build the unit cell of a layer from a file, in a cell 40 Å high."""
    settings = {"builder": "file", "path": str(path), "role": role, "size": [1, 1], **settings}
    return build_unit(settings, cell_height=40.0)


def mxene(cells: int = 1, **settings) -> Atoms:
    """Return Ti2CO2, or another by its settings, without tags, in a cell 30 Å high."""
    layer = build_unit({**TI2CO2, **settings}, cell_height=30.0)
    layer.set_tags(0)
    layer.info = {}
    return layer.repeat((cells, cells, 1))


def sheet(cells: int = 4) -> Atoms:
    """Return graphene in a cell 20 Å high, 10 Å above its floor."""
    layer = graphene(size=(cells, cells, 1), vacuum=10.0)
    layer.pbc = True
    return layer


def put_on(layer: Atoms, symbols: str, places, *, atom: int = 0) -> Atoms:
    """Add atoms at places (N, 3), Å, seen from an atom of the layer."""
    return layer + Atoms(symbols, positions=layer.positions[atom] + np.array(places))


def stack(ion: str = "Na") -> Atoms:
    """Return Ti2CO2 (10 to 14.4 Å) below graphene at 18.4 Å, an ion at 16.4 Å, without tags."""
    cell = np.array([[2.46, 0, 0], [-1.23, 2.130422493309719, 0], [0, 0, 30]])
    corners = np.array([[0, 0], [2, 1], [1, 2]])[[0, 1, 2, 0, 1, 0, 2, 2]] / 3
    heights = np.array([10.0, 10.9, 12.2, 13.5, 14.4, 18.4, 18.4, 16.4]) / 30
    return Atoms(
        ["O", "Ti", "C", "Ti", "O", "C", "C", ion],
        scaled_positions=np.column_stack([corners, heights]),
        cell=cell,
        pbc=True,
    )


STACK_TAGS = [1, 0, 2, 0, 3, 10, 10, 20]
