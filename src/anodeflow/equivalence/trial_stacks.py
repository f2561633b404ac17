"""Structures on which a model's configured and plain calculators are compared."""

from collections.abc import Mapping
from typing import Any

from ase import Atom, Atoms

from anodeflow.structures import roles
from anodeflow.structures.builders.ions import fill_ions
from anodeflow.structures.builders.layers import build_layer, build_unit
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.stiffness import stiffnesses

SEED = 1

ION_HEIGHT = 2.2
"""Of the ion above a trial cell, Å."""


def build_stack(structures: Mapping[str, Any], name: str, *, ions: int) -> Atoms:
    """Build a stack from the config's section `structures`, with so many ions in its gap.

    Raises StructureError where the rules that build it would.
    """
    stack, height = structures["stacks"][name], structures["cell_height"]
    ends: list[Atoms] = []
    for end in ("bottom", "top"):
        layer = structures["layers"][stack[end]]
        base = structures["layers"].get(layer.get("base"))
        ends.append(build_layer(layer, cell_height=height, base=base))
        ends[-1].info["name"] = stack[end]
    settings = {key: stack[key] for key in ("strained", "spacing", "registry")}
    limits = {"strain_limit": structures["strain_limit"], "cell_height": height}
    bottom, top = ends
    built = stack_layers(
        bottom, top, **settings, **limits, stiffnesses=stiffnesses(structures, name)
    )
    if not ions:
        return built
    kind = structures["ions"]
    return fill_ions(built, element=kind["element"], count=ions, spacing=kind["spacing"])


def rattled_stacks(
    structures: Mapping[str, Any], fillings: Mapping[str, int], *, rattle: float
) -> dict[str, Any]:
    """Return each stack of `fillings` with its ions, displaced at random, by its name.

    rattle: standard deviation of each coordinate's displacement (Å), so that no force vanishes by
    symmetry; always the same displacements.
    """
    stacks = {}
    for name, ions in fillings.items():
        atoms = build_stack(structures, name, ions=ions)
        atoms.rattle(rattle, seed=SEED)
        stacks[f"{name} with {ions} {structures['ions']['element']}"] = atoms
    return stacks


def trial_cells(
    structures: Mapping[str, Any], fillings: Mapping[str, int], *, rattle: float
) -> dict[str, Atoms]:
    """Return the unit cell of each layer of the stacks of `fillings`, by the layer's name.

    There is an ion on it where one of them has ions: a model that never meets the ion need not know
    it. Of a layer with a group it is the cell of the sheet that carries it; rattle: as in
    `rattled_stacks`.
    """
    layers, element = structures["layers"], structures["ions"]["element"]
    ends = [structures["stacks"][name][end] for name in fillings for end in ("bottom", "top")]
    with_ion = any(fillings.values())
    cells = {}
    for name in dict.fromkeys(layers[end].get("base", end) for end in ends):
        unit = build_unit(layers[name], cell_height=structures["cell_height"])
        if with_ion:
            x, y, z = unit.positions[unit.positions[:, 2].argmax()]
            unit.append(Atom(element, (x, y, z + ION_HEIGHT), tag=roles.ION))
        unit.rattle(rattle, seed=SEED)
        cells[f"{name} with {element}" if with_ion else name] = unit
    return cells
