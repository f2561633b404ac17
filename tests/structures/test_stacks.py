"""Stacks: strain, spacing and registry recomputed from the atoms, and every refusal."""

import numpy as np
import pytest
from ase import Atoms
from ase.geometry import get_distances
from scipy.optimize import minimize_scalar
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers


@pytest.fixture(scope="module")
def mxene() -> Atoms:
    return build_layer(TI2CO2, cell_height=HEIGHT)


@pytest.fixture(scope="module")
def graphene() -> Atoms:
    return build_layer(GRAPHENE, cell_height=HEIGHT)


def stack(bottom: Atoms, top: Atoms, **options) -> Atoms:
    settings = {
        "strained": "top",
        "spacing": 3.5,
        "registry": (0.0, 0.0),
        "strain_limit": 0.03,
        "cell_height": HEIGHT,
    }
    return stack_layers(bottom, top, **{**settings, **options})


@pytest.mark.parametrize(
    ("strained", "length", "bottom_strain", "top_strain"),
    [
        ("top", 12.12, 0.0, 12.12 / 12.30 - 1),
        ("bottom", 12.30, 12.30 / 12.12 - 1, 0.0),
        ("share", 12.21, 12.21 / 12.12 - 1, 12.21 / 12.30 - 1),
    ],
)
def test_the_strain_of_each_layer_is_written_down(
    mxene, graphene, strained, length, bottom_strain, top_strain
):
    built = stack(mxene, graphene, strained=strained)
    assert built.cell.lengths() == pytest.approx([length, length, HEIGHT])
    assert built.info["strained"] == strained
    assert built.info["strain_bottom"] == pytest.approx(bottom_strain, abs=1e-9)
    assert built.info["strain_top"] == pytest.approx(top_strain, abs=1e-9)


def test_the_cell_by_stiffness_costs_least(mxene, graphene):
    stiffnesses = [302.0, 438.0]  # N/m
    built = stack(mxene, graphene, strained="stiffness", stiffnesses=stiffnesses)
    layers = list(zip(stiffnesses, (12.12, 12.30), strict=True))

    def cost(length):
        """Energy of both layers, N/m Å², each K ε² times its own area."""
        strains = [(stiffness, length / own - 1, own**2) for stiffness, own in layers]
        return sum(stiffness * strain**2 * area for stiffness, strain, area in strains)

    cheapest = minimize_scalar(cost, bounds=(12.0, 12.5), options={"xatol": 1e-9}, method="bounded")
    assert built.cell.lengths()[:2] == pytest.approx(cheapest.x, abs=1e-6)
    assert cost(built.cell.lengths()[0]) < 0.6 * min(cost(12.12), cost(12.30))
    assert 0 < -built.info["strain_top"] < built.info["strain_bottom"]  # the softer takes more
    alike = stack(mxene, graphene, strained="stiffness", stiffnesses=[1.0, 1.0])
    assert alike.cell.lengths()[0] == pytest.approx(12.21)


def test_layers_of_7net_l3i5_cost_0_21_in_the_cell_by_stiffness_where_graphene_alone_cost_0_87():
    stiffnesses = [302.0, 438.0]  # N/m
    layers = [TI2CO2 | {"lattice": 3.042}, GRAPHENE | {"lattice": 2.467}]
    built = stack(
        *(build_layer(layer, cell_height=HEIGHT) for layer in layers),
        strained="stiffness",
        stiffnesses=stiffnesses,
    )
    to_eV_nm2 = 6.2415  # of J/m²
    own, strained = np.array([4 * 3.042, 5 * 2.467]), built.cell.lengths()[0]
    cost = stiffnesses * (strained / own - 1) ** 2
    assert cost.sum() * to_eV_nm2 == pytest.approx(0.21, abs=0.005)
    in_given_cell = stiffnesses * (4 * 3.03 / own - 1) ** 2
    assert in_given_cell.sum() * to_eV_nm2 == pytest.approx(0.87, abs=0.015)


def test_a_stack_by_stiffness_needs_that_of_both_layers(mxene, graphene):
    with pytest.raises(StructureError, match="needs the stiffness of both layers"):
        stack(mxene, graphene, strained="stiffness")


def test_a_strained_sheet_has_bonds_scaled_by_its_strain(mxene, graphene):
    built = stack(mxene, graphene)
    sheet = built[roles.sheet(built)]
    nearest = np.sort(sheet.get_all_distances(mic=True), axis=1)[:, 1:4]
    expected = 2.46 / np.sqrt(3) * (1 + built.info["strain_top"])
    assert nearest == pytest.approx(np.full((50, 3), expected))


def test_an_unstrained_layer_keeps_all_its_distances(mxene, graphene):
    built = stack(mxene, graphene)
    kept = built[roles.bottom(built)]
    assert kept.get_all_distances(mic=True) == pytest.approx(mxene.get_all_distances(mic=True))


@pytest.mark.parametrize("spacing", [2.8, 3.5, 5.5])
def test_the_spacing_is_the_height_of_the_sheet_over_the_facing_plane(mxene, graphene, spacing):
    built = stack(mxene, graphene, spacing=spacing)
    heights = built.positions[:, 2]
    assert heights[built.get_tags() == 10].mean() - heights[
        built.get_tags() == 3
    ].mean() == pytest.approx(spacing)
    assert built.info["spacing_built"] == spacing
    assert (heights.max() + heights.min()) / 2 == pytest.approx(HEIGHT / 2)


def test_the_registry_shifts_the_top_layer_in_fractions_of_the_common_cell(mxene, graphene):
    plain, shifted = stack(mxene, graphene), stack(mxene, graphene, registry=(0.25, 0.5))
    moved = shifted.positions - plain.positions
    assert moved[roles.bottom(plain)] == pytest.approx(0.0)
    expected = 0.25 * plain.cell[0] + 0.5 * plain.cell[1]
    assert moved[roles.top(plain)] == pytest.approx(np.tile(expected, (50, 1)))


def test_groups_move_with_their_sheet(mxene):
    settings = {
        "builder": "functionalised",
        "base": "graphene",
        "group": "hydroxyl",
        "carrier": "middle",
    }
    layer = build_layer(settings, cell_height=HEIGHT, base=GRAPHENE)
    built = stack(mxene, layer)
    top = built[roles.top(built)]
    assert top.get_distance(50, 51, mic=True) == pytest.approx(0.98, abs=0.02)
    assert get_distances(top.positions[50], top.positions[:50], top.cell, top.pbc)[
        1
    ].min() == pytest.approx(1.5, abs=0.01)


def test_names_and_builder_are_in_the_metadata(mxene, graphene):
    named = mxene.copy()
    named.info["name"] = "ti2co2"
    info = stack(named, graphene).info
    assert (info["builder"], info["bottom"], info["top"]) == ("stack", "ti2co2", "C50")


def test_the_layers_given_are_left_as_they_are(mxene, graphene):
    before = mxene.positions.copy(), graphene.positions.copy(), graphene.cell.array.copy()
    stack(mxene, graphene)
    assert np.array_equal(mxene.positions, before[0])
    assert np.array_equal(graphene.positions, before[1])
    assert np.array_equal(graphene.cell.array, before[2])


def test_a_strain_above_the_limit_is_refused_with_its_numbers(mxene, graphene):
    with pytest.raises(StructureError, match=r"'C50' would be strained by -1\.46 %.* 1\.00 %"):
        stack(mxene, graphene, strain_limit=0.01)
    small = build_layer({**GRAPHENE, "size": [4, 4]}, cell_height=HEIGHT)
    with pytest.raises(StructureError, match=r"top layer.*12\.120 Å below, 9\.840 Å above"):
        stack(mxene, small)


def test_cells_of_different_angles_are_refused(mxene):
    square = Atoms("C4", positions=np.zeros((4, 3)), cell=[12.12, 12.12, 40], tags=[10] * 4)
    with pytest.raises(StructureError, match=r"angles of 120\.00 and 90\.00°"):
        stack(mxene, square)


def test_a_layer_to_strain_that_the_schema_does_not_list_is_refused(mxene, graphene):
    with pytest.raises(StructureError, match="strained is 'both'; allowed are top, bottom, share"):
        stack(mxene, graphene, strained="both")


def test_layers_that_touch_are_refused(mxene, graphene):
    with pytest.raises(StructureError, match=r"at least 0\.6 Å"):
        stack(mxene, graphene, spacing=0.1)


def test_layers_in_the_wrong_place_are_refused(mxene, graphene):
    with pytest.raises(StructureError, match=r"cannot lie below: it has atoms with tag 10 \(sheet"):
        stack(graphene, graphene)
    with pytest.raises(StructureError, match=r"cannot lie on top: it has atoms with tag 0 \(metal"):
        stack(mxene, mxene)
    with pytest.raises(StructureError, match=r"it has no atom with tag 3 \(facing termination\)"):
        stack(mxene[mxene.get_tags() != 3], graphene)


def test_too_little_vacuum_is_refused(mxene, graphene):
    with pytest.raises(StructureError, match=r"17\.0 Å of vacuum .* 25\.0 Å high"):
        stack(mxene, graphene, cell_height=25.0)
