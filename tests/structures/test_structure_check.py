"""The structure check: numbers of Table 1 from known geometries, and every flagged change."""

import numpy as np
import pytest
from ase import Atoms
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.errors import StructureError
from anodeflow.structures.builders.ions import build_bulk, fill_ions
from anodeflow.structures.builders.layers import build_layer, build_unit
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.inspection import check_structure
from anodeflow.structures.structure_check import Coordination, StructureCheck


def make_stack(group: str) -> Atoms:
    settings = {
        "builder": "functionalised",
        "base": "graphene",
        "group": group,
        "carrier": "middle",
    }
    return stack_layers(
        build_layer(TI2CO2, cell_height=HEIGHT),
        build_layer(settings, cell_height=HEIGHT, base=GRAPHENE),
        strained="top",
        spacing=4.5,
        registry=(0.0, 0.0),
        strain_limit=0.03,
        cell_height=HEIGHT,
    )


@pytest.mark.parametrize("size", [[1, 1], [4, 4]])
def test_ti2co2_gives_the_distances_of_its_geometry(size):
    layer = build_layer({**TI2CO2, "size": size}, cell_height=HEIGHT)
    check = check_structure(layer, layer)
    cells = size[0] * size[1]
    across = 3.03 / np.sqrt(3)
    for kind, distance, count in (
        ("metal_x", np.hypot(across, 1.313), 6),
        ("metal_termination", np.hypot(across, 0.919), 6),
        ("metal_metal", 3.03, 6),
    ):
        assert check.bonds[kind].mean == pytest.approx(distance)
        assert check.bonds[kind].std == pytest.approx(0.0, abs=1e-9)
        assert check.bonds[kind].count == count * cells
    assert check.thickness == pytest.approx(4.464)
    assert check.spacing is None
    assert check.coordination == (Coordination(x=3, termination=3, metals=2 * cells),)
    assert check.termination_site == "fcc"
    assert check.changed is False
    assert check.changes == ()


def test_the_spread_of_bonds_is_that_of_the_atoms():
    layer = build_layer(TI2CO2, cell_height=HEIGHT)
    moved = layer.copy()
    titanium = np.flatnonzero(moved.get_tags() == 0)
    moved.positions[titanium] += np.random.default_rng(0).normal(0, 0.03, (32, 3))
    distances = moved.get_all_distances(mic=True)[titanium][:, moved.get_tags() == 2]
    bonded = distances[distances < 2.6]
    found = check_structure(moved, layer).bonds["metal_x"]
    assert found.std == pytest.approx(bonded.std())
    assert found.mean == pytest.approx(bonded.mean())


def test_a_thicker_mxene_has_two_kinds_of_metal():
    unit = build_unit({**TI2CO2, "n": 2}, cell_height=HEIGHT)
    assert check_structure(unit, unit).coordination == (
        Coordination(x=3, termination=3, metals=2),
        Coordination(x=6, termination=0, metals=1),
    )


def test_the_published_collapse_of_thickness_is_flagged():
    # MACE-MP-0 raw data of the study: 3.856 Å where 4.46 Å was expected.
    start = build_unit(TI2CO2, cell_height=HEIGHT)
    thin = start.copy()
    thin.positions[:, 2] = HEIGHT / 2 + (thin.positions[:, 2] - HEIGHT / 2) * 3.856 / 4.464
    check = check_structure(thin, start)
    assert check.thickness == pytest.approx(3.856)
    assert check.changed is True
    assert check.changes == ("The thickness went from 4.464 to 3.856 Å, by -13.6 %.",)


def test_a_thickness_within_five_percent_is_no_change():
    start = build_unit(TI2CO2, cell_height=HEIGHT)
    thin = start.copy()
    thin.positions[:, 2] = HEIGHT / 2 + (thin.positions[:, 2] - HEIGHT / 2) * 0.96
    assert check_structure(thin, start).changed is False


def test_another_polytype_of_the_same_thickness_is_flagged_by_its_sites():
    start = build_layer(TI2CO2, cell_height=HEIGHT)
    other = build_layer({**TI2CO2, "site": "hcp"}, cell_height=HEIGHT)
    check = check_structure(other, start)
    assert check.termination_site == "hcp"
    assert check.coordination == (Coordination(x=3, termination=3, metals=32),)
    assert "32 of 32 terminations left their site: fcc became hcp." in check.changes


def test_one_termination_on_top_of_its_metal_is_flagged():
    start = build_layer(TI2CO2, cell_height=HEIGHT)
    moved = start.copy()
    oxygen = int(np.flatnonzero(moved.get_tags() == 3)[0])
    titanium = np.flatnonzero(moved.get_tags() == 0)
    nearest = titanium[np.argmin(moved.get_distances(oxygen, titanium, mic=True))]
    moved.positions[oxygen] = moved.positions[nearest] + [0, 0, 1.65]
    check = check_structure(moved, start)
    assert check.termination_site == "fcc 31, top 1"
    assert any("coordination of 2 of 32 metal atoms" in change for change in check.changes)
    assert any("2 bonds broke inside the bottom layer" in change for change in check.changes)


def test_graphene_alone_gives_its_bond_and_no_mxene_numbers():
    layer = build_layer(GRAPHENE, cell_height=HEIGHT)
    check = check_structure(layer, layer)
    assert check.model_dump()["bonds"] == {
        "sheet": {
            "mean": pytest.approx(2.46 / np.sqrt(3)),
            "std": pytest.approx(0.0, abs=1e-9),
            "count": 75,
        }
    }
    assert check.thickness is None
    assert check.termination_site is None
    assert check.coordination == ()


def test_a_stack_with_ions_is_unchanged_against_itself_and_comes_back_from_its_file(tmp_path):
    filled = fill_ions(make_stack("epoxide"), element="Na", count=8, spacing=4.5)
    check = check_structure(filled, filled)
    assert check.spacing == pytest.approx(4.5)
    assert check.changed is False
    check.write(tmp_path / "check.json")
    assert StructureCheck.read(tmp_path / "check.json") == check


def test_moving_an_ion_or_the_layers_apart_is_no_change_of_structure():
    start = fill_ions(make_stack("epoxide"), element="Na", count=1, spacing=4.5)
    moved = start.copy()
    moved.positions[-1, :2] += [3.0, 1.0]
    moved.positions[moved.get_tags() >= 10, 2] += 1.0
    assert check_structure(moved, start).changes == ()


def test_a_broken_epoxide_is_flagged_in_the_top_layer():
    start = make_stack("epoxide")
    broken = start.copy()
    oxygen = int(np.flatnonzero(broken.get_tags() == 11)[0])
    broken.positions[oxygen, 2] -= 0.7
    changes = check_structure(broken, start).changes
    assert len(changes) == 1
    assert changes[0].startswith("2 bonds broke inside the top layer, among them C")


def test_a_proton_that_goes_over_to_the_mxene_is_flagged():
    start = make_stack("hydroxyl")
    moved = start.copy()
    hydrogen = int(np.flatnonzero(moved.get_tags() == 12)[0])
    facing = int(np.flatnonzero(moved.get_tags() == 3)[0])
    moved.positions[hydrogen] = moved.positions[facing] + [0, 0, 0.97]
    changes = check_structure(moved, start).changes
    assert any("1 bond broke inside the top layer" in change for change in changes)
    assert any("1 bond formed between the layers" in change for change in changes)


def test_a_bulk_metal_has_nothing_to_check():
    bulk = build_bulk("Na", structure="bcc", lattice=4.2)
    check = check_structure(bulk, bulk)
    assert check.bonds == {}
    assert check.changed is False


def test_a_start_with_other_atoms_is_refused():
    layer = build_layer(TI2CO2, cell_height=HEIGHT)
    with pytest.raises(StructureError, match="cannot be checked against"):
        check_structure(layer, build_layer(GRAPHENE, cell_height=HEIGHT))
