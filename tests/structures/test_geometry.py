"""Heights of layers and stacks that were wrapped into their cell."""

import numpy as np
import pytest
from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.builders.layers import build_layer, build_unit
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.geometry import heights
from anodeflow.structures.inspection import check_structure
from anodeflow.structures.spacing import spacing_of


@pytest.fixture
def stack(study_config):
    """m-goh of the study, as built."""
    layers = study_config["structures"]["layers"]
    settings = study_config["structures"]["stacks"]["m-goh"]
    top = build_layer(layers["graphene-oh"], cell_height=40.0, base=layers["graphene"])
    return stack_layers(
        build_layer(layers["ti2co2"], cell_height=40.0),
        top,
        strained=settings["strained"],
        spacing=settings["spacing"],
        registry=settings["registry"],
        strain_limit=0.03,
        cell_height=40.0,
    )


def wrapped(atoms, lift):
    """Move all atoms up by `lift` (Å) and fold them into the cell."""
    moved = atoms.copy()
    moved.positions[:, 2] += lift
    moved.wrap()
    return moved


def test_atoms_in_one_piece_keep_their_heights_to_the_last_bit(stack):
    for lift in (0.0, -7.3, 25.0, 400.0):
        moved = stack.copy()
        moved.positions[:, 2] += lift
        assert np.array_equal(heights(moved), moved.positions[:, 2])


@pytest.mark.parametrize("lift", np.arange(-20.0, 20.0, 1.7))
def test_a_wrapped_stack_has_the_spacing_and_thickness_of_the_whole_one(stack, lift):
    folded = wrapped(stack, lift)
    found, whole = check_structure(folded, folded), check_structure(stack, stack)
    assert found.thickness == pytest.approx(whole.thickness, abs=1e-9)
    assert found.spacing == pytest.approx(whole.spacing, abs=1e-9)
    for convention in ("sheet", "all"):
        expected = spacing_of(stack, convention=convention)
        assert spacing_of(folded, convention=convention) == pytest.approx(expected, abs=1e-9)
    assert not check_structure(folded, stack).changed


def test_a_plane_that_the_boundary_cuts_is_one_plane(study_config):
    layer = build_unit(study_config["structures"]["layers"]["ti2co2"], cell_height=40.0)
    layer = layer.repeat((4, 4, 1))
    lower = layer.get_tags() == roles.LOWER_TERMINATION
    layer.positions[lower, 2] += 0.05 * (-1.0) ** np.arange(lower.sum())
    folded = wrapped(layer, -layer.positions[lower, 2].mean())
    assert np.ptp(folded.positions[lower, 2]) > 39
    thickness = check_structure(folded, folded).thickness
    assert thickness == pytest.approx(check_structure(layer, layer).thickness, abs=1e-9)


def test_a_gap_wider_than_the_vacuum_is_no_vacuum():
    tags = [roles.LOWER_TERMINATION, roles.METAL, roles.UPPER_TERMINATION, roles.SHEET]
    z = np.array([1.0, 2.0, 3.0, 13.0])
    positions = np.column_stack([np.zeros((4, 2)), z])
    stack = Atoms("OTiOC", positions, cell=(3, 3, 18), pbc=True, tags=tags)
    assert np.array_equal(heights(stack), z)
    assert spacing_of(wrapped(stack, 7.0), convention="sheet") == pytest.approx(10.0)


def test_a_cell_that_is_open_along_z_is_left_alone():
    atoms = Atoms("C2", [(0, 0, -1.0), (0, 0, 11.0)], cell=(3, 3, 10), pbc=(True, True, False))
    assert heights(atoms).tolist() == [-1.0, 11.0]


@pytest.mark.parametrize("lift", np.arange(0.0, 40.0, 3.1))
@pytest.mark.parametrize("outside", [[2.1], [-2.0], [2.1, -2.0], [4.0, 2.1, -3.0]])
def test_ions_outside_the_layers_go_with_the_nearer_one(stack, lift, outside):
    z = stack.positions[:, 2]
    heights_of_ions = [z.max() + height if height > 0 else z.min() + height for height in outside]
    ions = Atoms(f"Na{len(outside)}", [(1.0, 1.0, height) for height in heights_of_ions])
    ions.set_tags(roles.ION)
    filled = stack + ions
    folded = wrapped(filled, lift)
    found, facing = heights(folded), filled.get_tags() == roles.UPPER_TERMINATION
    expected = filled.positions[:, 2] - filled.positions[facing, 2].mean()
    assert found - found[facing].mean() == pytest.approx(expected, abs=1e-9)


def test_a_spacing_that_is_not_positive_is_refused_with_its_depth(stack):
    sunk = stack.copy()
    sunk.positions[roles.top(stack), 2] -= spacing_of(stack, convention="sheet") + 0.25
    with pytest.raises(StructureError, match=r"lies 0\.25 Å below the facing plane"):
        spacing_of(sunk, convention="sheet")
    with pytest.raises(StructureError, match=r"below the facing plane"):
        check_structure(sunk, stack)
