"""A stack, its layers, and the potential whose adhesion curve is known."""

import pytest
from study import GRAPHENE, TI2CO2
from toy import Toy

from anodeflow.structures import roles
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers


@pytest.fixture(scope="module")
def layers():
    return [build_layer(settings, cell_height=40.0) for settings in (TI2CO2, GRAPHENE)]


@pytest.fixture(scope="module")
def stack(layers):
    return stack_layers(
        *layers,
        strained="top",
        spacing=3.5,
        registry=(0.0, 0.0),
        strain_limit=0.03,
        cell_height=40.0,
    )


@pytest.fixture
def toy(stack):
    z, tags = stack.positions[:, 2], stack.get_tags()
    planes = {tag: z[roles.facing(stack)].mean() for tag in roles.BOTTOM_TAGS if tag in tags}
    planes[roles.SHEET] = z[roles.sheet(stack)].mean()
    # The two metal planes share a tag: the springs pull them to their common mean height.
    return Toy({t: z[tags == t].mean() - plane for t, plane in planes.items()})
