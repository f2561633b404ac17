"""Builders of two-dimensional layers: MXenes, honeycomb sheets, sheets with a group, files.

Every layer comes out with the cell a (1, 0), a (-1/2, √3/2), or a supercell of it whose first
vector is turned to x, its height along z, periodic in all three directions, in the middle of the
cell, and with the tags of `structures.roles`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import make_supercell

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.builders.cells import CORNERS, SEED, assemble_layer
from anodeflow.structures.builders.checks import (
    refuse_close_atoms,
    refuse_thin_vacuum,
    refuse_unknown_elements,
)
from anodeflow.structures.builders.groups import ADD_GROUP, bond_of, middle_atom
from anodeflow.structures.builders.layer_files import build_from_file
from anodeflow.structures.supercells import supercell_matrix


def build_unit(settings: dict[str, Any], *, cell_height: float) -> Atoms:
    """Build the primitive cell of a layer from its settings.

    `cell_height` is the length of the cell along z (Å). `settings` is one layer of the config, with
    lengths in Å; its key `builder` is mxene, honeycomb or file.

    Raises StructureError for a functionalised layer, which has no primitive cell, an unknown
    element, atoms closer than 0.6 Å, less than 20 Å of vacuum, or a file that does not hold a
    hexagonal layer.
    """
    builder = settings["builder"]
    if builder == "functionalised":
        raise StructureError(
            f"a functionalised layer ({settings['base']} with one {settings['group']}) has no "
            "primitive cell: use its base layer where a unit cell is needed."
        )
    unit = UNIT_BUILDERS[builder](settings, cell_height)
    refuse_thin_vacuum(unit, "the layer")
    refuse_close_atoms(unit)
    unit.info = {"builder": builder, "seed": SEED}
    return unit


def build_layer(
    settings: dict[str, Any], *, cell_height: float, base: dict[str, Any] | None = None
) -> Atoms:
    """Build a layer as it enters a stack: the supercell, with its group if it has one.

    `cell_height` is in Å; `base` holds the settings of the layer that a functionalised one is made
    from, and is not used for others.

    Raises StructureError as `build_unit` does, and if a group cannot be put on the base.
    """
    if settings["builder"] == "functionalised":
        return _build_functionalised(settings, base, cell_height)
    layer = repeat_unit(build_unit(settings, cell_height=cell_height), settings["size"])
    layer.info["size"] = settings["size"]
    return layer


def repeat_unit(unit: Atoms, size: Sequence[Any]) -> Atoms:
    """Make the supercell of a layer with its first vector along x and its second towards +y.

    So two layers whose supercells have one shape lie in one cell, however their unit cells are
    turned in it.

    Args:
        unit: unit cell (N atoms), upright.
        size: [n, m] times its vectors, or a matrix [[a, b], [c, d]] of the supercell's vectors in
            those of the unit cell, with a d - b c > 0.
    """
    (along_a, mixed), (other, along_b) = supercell_matrix(size)
    layer: Atoms
    if not (mixed or other):
        layer = unit.repeat((along_a, along_b, 1))
        return layer
    layer = make_supercell(unit, [[along_a, mixed, 0], [other, along_b, 0], [0, 0, 1]])
    # Of one shape with the cell that it had, so that its atoms are turned and nothing else.
    layer.set_cell(layer.cell.standard_form()[0] + 0.0, scale_atoms=True)
    layer.info = dict(unit.info)
    return layer


def _build_mxene(settings: dict[str, Any], cell_height: float) -> Atoms:
    """Build M(n+1)X(n)T2 by ABC stacking of the planes T-M-X-M-...-M-T.

    Each plane is shifted against the one below by C → B → A → C, the (111) planes of rocksalt; for
    n = 1 this puts each termination above the metal of the opposite side. At site `hcp` the two
    terminations sit above the outermost X instead.
    """
    metal, x, termination = settings["metal"], settings["x"], settings["termination"]
    refuse_unknown_elements([metal, x, termination])
    inner = 2 * settings["n"] + 1
    symbols = [termination, *[x if i % 2 else metal for i in range(inner)], termination]
    tags = [
        roles.LOWER_TERMINATION,
        *[roles.X if i % 2 else roles.METAL for i in range(inner)],
        roles.UPPER_TERMINATION,
    ]
    outer_step = settings["metal_termination_height"]
    steps = [outer_step, *[settings["metal_x_height"]] * (inner - 1), outer_step]
    z = np.concatenate([[0.0], np.cumsum(steps)])
    corners = [(2 - plane) % 3 for plane in range(inner + 2)]
    if settings["site"] == "hcp":
        corners[0], corners[-1] = corners[2], corners[-3]
    return assemble_layer(symbols, CORNERS[corners], z, tags, settings["lattice"], cell_height)


def _build_honeycomb(settings: dict[str, Any], cell_height: float) -> Atoms:
    refuse_unknown_elements(settings["elements"])
    z = np.array([0.0, settings["buckling"]])
    tags = [roles.SHEET, roles.SHEET]
    return assemble_layer(
        settings["elements"], CORNERS[1:], z, tags, settings["lattice"], cell_height
    )


def _build_functionalised(
    settings: dict[str, Any], base: dict[str, Any] | None, cell_height: float
) -> Atoms:
    """Put one group on the lower face of the base layer.

    `carrier` in the settings is middle, for the atom nearest the cell's middle, or a seed, with
    which the atom is drawn at random; the seed then stands in info["seed"].
    """
    name, group, carrier = settings["base"], settings["group"], settings["carrier"]
    if base is None or base["builder"] == "functionalised":
        raise StructureError(
            f"a functionalised layer needs a plain layer as its base and {name!r} is none: name a "
            "honeycomb layer or one from a file."
        )
    layer = build_layer(base, cell_height=cell_height)
    if not roles.sheet(layer).any():
        raise StructureError(
            f"the base {name!r} of a functionalised layer is a bottom layer: name a partner layer, "
            "such as a honeycomb one."
        )
    if carrier == "middle":
        atom = middle_atom(layer)
    else:
        atom = int(np.random.default_rng(carrier).choice(np.flatnonzero(roles.sheet(layer))))
        layer.info["seed"] = carrier
    ADD_GROUP[group](layer, *bond_of(layer, atom, name))
    refuse_close_atoms(layer)
    layer.info.update({"builder": "functionalised", "base": name, "group": group, "carrier": atom})
    return layer


UNIT_BUILDERS: dict[str, Callable[[dict[str, Any], float], Atoms]] = {
    "mxene": _build_mxene,
    "honeycomb": _build_honeycomb,
    "file": build_from_file,
}
