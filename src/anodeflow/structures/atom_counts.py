"""How many atoms a structure of the configuration will have, before it is built."""

from collections.abc import Mapping
from typing import Any

from anodeflow.structures.supercells import cells_in

GROUP_ATOMS = {"epoxide": 1, "epoxide-top": 1, "hydroxyl": 2}


def unit_atoms(layer: Mapping[str, Any]) -> int | None:
    """Return how many atoms the unit cell of a layer has; None where its builder has to tell.

    layer: its entry of the configuration.
    """
    if layer["builder"] == "mxene":
        return 2 * int(layer["n"]) + 3  # n + 1 metals, n X, two terminations
    return 2 if layer["builder"] == "honeycomb" else None


def hollows(layer: Mapping[str, Any]) -> int | None:
    """Return how many hollows for ions a bottom layer has: one for each atom that faces the sheet.

    layer: its entry of the configuration. None where its own file has to tell.
    """
    return cells_in(layer["size"]) if layer["builder"] == "mxene" else None


def layer_atoms(layers: Mapping[str, Mapping[str, Any]], name: str) -> int | None:
    """Return how many atoms a layer has as it enters a stack, its group included; None likewise.

    layers: all of the configuration, by their names.
    """
    layer = layers[name]
    if layer["builder"] == "functionalised":
        base = layer_atoms(layers, layer["base"])
        return None if base is None else base + GROUP_ATOMS[layer["group"]]
    unit = unit_atoms(layer)
    return None if unit is None else unit * cells_in(layer["size"])
