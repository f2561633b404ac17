"""What the configuration alone tells of layers and stacks is what their builder says of them."""

import itertools
from functools import cache

import numpy as np
import pytest
import yaml
from ase import Atoms
from study import GRAPHENE, TI2CO2

from anodeflow.errors import StructureError
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.planned_stacks import check_planned_layer, check_planned_stack
from anodeflow.structures.stiffness import stiffnesses

ROOT7, LONG = [[3, 1], [-1, 2]], [[5, 5], [-5, 0]]


def section(bottom=None, top=None, *, cell_height=40.0, strain_limit=0.03, **stack) -> dict:
    layers = {"below": TI2CO2 | {"stiffness": 302} | (bottom or {})}
    layers |= {"above": GRAPHENE | {"stiffness": 438} | (top or {})}
    whole = {"strained": "top", "spacing": 3.5, "registry": (0.0, 0.0)} | stack
    whole |= {"bottom": "below", "top": "above"}
    return {"layers": layers, "stacks": {"s": whole}, "cell_height": cell_height} | {
        "strain_limit": strain_limit
    }


def said(run) -> str:
    try:
        run()
    except StructureError as error:
        return str(error)
    return ""


@cache
def layer(name: str, settings: str) -> Atoms:
    found = build_layer(yaml.safe_load(settings), cell_height=60.0)
    found.info["name"] = name
    return found


def built(structures: dict) -> None:
    """Build the stack, in cells in which the layers have vacuum."""
    stack = structures["stacks"]["s"]
    layers = [
        layer(name, yaml.safe_dump(structures["layers"][name])) for name in ("below", "above")
    ]
    how = {key: stack[key] for key in ("strained", "spacing", "registry")}
    how |= {key: structures[key] for key in ("cell_height", "strain_limit")}
    stack_layers(*layers, **how, stiffnesses=stiffnesses(structures, "s"))


WAYS = ["top", "bottom", "share", "stiffness", "top-unscaled"]
SIZES = [[4, 4], [5, 5], [4, 5], ROOT7, LONG, [[4, 1], [-1, 5]]]


@pytest.mark.parametrize("strained", WAYS)
def test_angles_and_strains_are_those_of_the_builder(strained):
    """For every limit and cell the same sentence, or none from both."""
    seen = set()
    for below, above in itertools.product(SIZES, SIZES):
        for limit in (0.0, 0.03, 0.3):
            structures = section(
                {"size": below}, {"size": above}, strained=strained, strain_limit=limit
            )
            planned = said(lambda: check_planned_stack(structures, "s"))  # noqa: B023
            found = said(lambda: built(structures))  # noqa: B023
            if (
                planned or "Å apart" not in found
            ):  # of atoms that no longer fit, if they do not scale
                assert planned == found, (below, above, limit)
            seen.add(planned.split(" would be ")[-1][:9] if planned else planned)
    assert {"", "strained "} <= seen and len(seen) > 2


@pytest.mark.parametrize(
    ("bottom", "top", "stack", "extent"),
    [
        ({}, {}, {}, 4.464 + 3.5),
        ({"n": 4}, {}, {}, 2 * 0.919 + 8 * 1.313 + 3.5),
        ({}, {"buckling": 0.6}, {"spacing": 6.0}, 4.464 + 6.0 + 0.3),
        ({}, {"buckling": -0.6}, {}, 4.464 + 3.5 + 0.3),
    ],
)
def test_the_vacuum_is_that_of_the_builder(bottom, top, stack, extent):
    for height in (8.0, extent + 19.9, extent + 20.1):
        structures = section(bottom, top, cell_height=height, **stack)
        planned = said(lambda: check_planned_stack(structures, "s"))  # noqa: B023
        assert planned == said(lambda: built(structures))  # noqa: B023
        assert bool(planned) == (height < extent + 20)
        if planned:
            assert f"the stack leaves {height - extent:.1f} Å of vacuum" in planned


@pytest.mark.parametrize("layer", [TI2CO2, TI2CO2 | {"n": 3}, GRAPHENE | {"buckling": -0.7}])
def test_a_layer_without_vacuum_is_refused_as_by_its_builder(layer):
    thickness = np.ptp(build_layer(layer, cell_height=60.0).positions[:, 2])
    for height in (8.0, thickness + 19.9, thickness + 20.1):
        planned = said(lambda: check_planned_layer(layer, cell_height=height))  # noqa: B023
        assert planned == said(lambda: build_layer(layer, cell_height=height))  # noqa: B023
        assert bool(planned) == (height < thickness + 20)


def test_of_files_nothing_is_known_and_of_a_group_its_sheet():
    file = {"builder": "file", "path": "sheet.xyz", "role": "top", "size": [9, 9]}
    structures = section()
    structures["layers"]["above"] = file
    check_planned_stack(structures, "s")
    check_planned_layer(file, cell_height=1.0)
    group = {"builder": "functionalised", "base": "sheet", "group": "epoxide", "carrier": 0}
    structures["layers"] |= {"above": group, "sheet": GRAPHENE | {"size": [6, 6]}}
    check_planned_layer(group, cell_height=1.0)
    with pytest.raises(StructureError, match=r"'above' would be strained by -17\.89 %"):
        check_planned_stack(structures, "s")
