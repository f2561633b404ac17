"""Layers: their geometry against published distances and against counting by hand."""

import ase.build
import ase.io
import numpy as np
import pytest
from ase import Atoms
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.builders.layers import build_layer, build_unit
from anodeflow.structures.role_guessing import guess_layer_tags


def functionalised(group: str) -> Atoms:
    settings = {
        "builder": "functionalised",
        "base": "graphene",
        "group": group,
        "carrier": "middle",
    }
    return build_layer(settings, cell_height=HEIGHT, base=GRAPHENE)


def lateral_fractions(unit: Atoms, tag: int) -> np.ndarray:
    return unit.get_scaled_positions()[unit.get_tags() == tag, :2]


def test_ti2co2_has_the_published_bond_lengths_and_thickness():
    unit = build_unit(TI2CO2, cell_height=HEIGHT)
    titanium, carbon, oxygen = (unit.get_tags() == tag for tag in (0, 2, 3))
    distances = unit.get_all_distances(mic=True)
    # MACE-MPA-0 row of the study's Table 1: Ti–C 2.187, Ti–O 1.976 Å, thickness 4.463 Å.
    assert distances[titanium][:, carbon].min() == pytest.approx(2.187, abs=1e-3)
    assert distances[titanium][:, oxygen].min() == pytest.approx(1.976, abs=1e-3)
    assert np.ptp(unit.positions[:, 2]) == pytest.approx(4.464, abs=1e-9)


def test_ti2co2_atoms_lie_on_the_documented_lateral_sites():
    unit = build_unit(TI2CO2, cell_height=HEIGHT)
    order = np.argsort(unit.positions[:, 2])
    assert [unit.symbols[i] for i in order] == ["O", "Ti", "C", "Ti", "O"]
    assert unit.get_tags()[order].tolist() == [1, 0, 2, 0, 3]
    expected = [[2 / 3, 1 / 3], [1 / 3, 2 / 3], [0, 0], [2 / 3, 1 / 3], [1 / 3, 2 / 3]]
    assert unit.get_scaled_positions()[order, :2] == pytest.approx(np.array(expected), abs=1e-9)


def test_a_layer_lies_in_the_middle_of_an_upright_hexagonal_cell():
    for settings in (TI2CO2, GRAPHENE):
        unit = build_unit(settings, cell_height=HEIGHT)
        lattice = settings["lattice"]
        assert unit.cell.cellpar() == pytest.approx([lattice, lattice, 40, 90, 90, 120])
        heights = unit.positions[:, 2]
        assert (heights.max() + heights.min()) / 2 == pytest.approx(HEIGHT / 2)
        assert unit.pbc.all()
        assert unit.info["seed"] == "none (deterministic)"


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("site", ["fcc", "hcp"])
def test_every_metal_of_a_thicker_mxene_has_six_neighbours(n: int, site: str):
    unit = build_unit({**TI2CO2, "n": n, "site": site}, cell_height=HEIGHT)
    # Counted over images by a supercell, not by the neighbour list that the check uses.
    large = unit.repeat((3, 3, 1))
    distances = large.get_all_distances(mic=True)
    titanium = np.flatnonzero(large.get_tags() == roles.METAL)
    others = large.get_tags() != roles.METAL
    assert len(unit) == (n + 1) + n + 2
    assert ((distances[titanium][:, others] < 2.4).sum(axis=1) == 6).all()


def test_hcp_terminations_sit_above_the_outermost_x():
    unit = build_unit({**TI2CO2, "site": "hcp"}, cell_height=HEIGHT)
    carbon = lateral_fractions(unit, roles.X)
    for face in (roles.LOWER_TERMINATION, roles.UPPER_TERMINATION):
        assert lateral_fractions(unit, face) == pytest.approx(carbon)


def test_the_supercell_repeats_the_unit_in_every_role():
    layer = build_layer(TI2CO2, cell_height=HEIGHT)
    assert np.bincount(layer.get_tags()).tolist() == [32, 16, 16, 16]
    assert layer.cell.lengths()[:2] == pytest.approx([12.12, 12.12])


def test_graphene_has_three_neighbours_at_a_over_root_three():
    layer = build_layer(GRAPHENE, cell_height=HEIGHT)
    distances = np.sort(layer.get_all_distances(mic=True), axis=1)
    assert distances[:, 1:4] == pytest.approx(np.full((50, 3), 2.46 / np.sqrt(3)))
    assert (distances[:, 4] > 2.4).all()


def test_a_buckled_honeycomb_has_the_buckling_asked_for():
    silicene = {
        "builder": "honeycomb",
        "elements": ["Si", "Si"],
        "lattice": 3.87,
        "buckling": 0.45,
        "size": [1, 1],
    }
    assert np.ptp(build_unit(silicene, cell_height=HEIGHT).positions[:, 2]) == pytest.approx(0.45)


def test_an_epoxide_bridges_a_bond_on_the_lower_face():
    layer = functionalised("epoxide")
    oxygen = int(np.flatnonzero(layer.get_tags() == roles.SHEET_GROUP)[0])
    to_oxygen = np.sort(layer.get_distances(oxygen, range(50), mic=True))
    assert layer.get_chemical_formula() == "C50O"
    # Half a C–C bond aside and 1.25 Å below its middle.
    expected = np.hypot(2.46 / np.sqrt(3) / 2, 1.25)
    assert to_oxygen[:2] == pytest.approx([expected, expected])
    assert to_oxygen[2] > 2.2
    assert layer.positions[oxygen, 2] < layer.positions[:50, 2].min() - 1.2


def test_a_hydroxyl_hangs_below_one_carbon_at_its_bond_lengths():
    layer = functionalised("hydroxyl")
    oxygen, hydrogen = 50, 51
    assert layer.get_tags()[50:].tolist() == [roles.SHEET_GROUP, roles.SHEET_HYDROGEN]
    to_oxygen = np.sort(layer.get_distances(oxygen, range(50), mic=True))
    assert to_oxygen[0] == pytest.approx(1.5)
    assert to_oxygen[1] > 2.2
    carbon = int(np.argmin(layer.get_distances(oxygen, range(50), mic=True)))
    assert layer.get_distance(oxygen, hydrogen) == pytest.approx(0.98)
    assert layer.get_angle(carbon, oxygen, hydrogen) == pytest.approx(107.0)
    assert layer.positions[hydrogen, 2] < layer.positions[oxygen, 2]


@pytest.mark.parametrize("group", ["epoxide", "hydroxyl"])
def test_a_group_is_put_on_the_same_atom_every_time(group: str):
    first, second = functionalised(group), functionalised(group)
    assert np.array_equal(first.positions, second.positions)
    assert np.linalg.norm(first.positions[50, :2] - first.cell.array[:2, :2].sum(axis=0) / 2) < 2.46


def test_a_functionalised_layer_has_no_unit_cell():
    settings = {
        "builder": "functionalised",
        "base": "graphene",
        "group": "epoxide",
        "carrier": "middle",
    }
    with pytest.raises(StructureError, match=r"graphene.*no primitive cell"):
        build_unit(settings, cell_height=HEIGHT)


@pytest.mark.parametrize(
    ("base", "sentence"),
    [
        (None, "needs a plain layer as its base"),
        (TI2CO2, "is a bottom layer"),
    ],
)
def test_a_group_needs_a_partner_layer_as_its_base(base: dict | None, sentence: str):
    settings = {
        "builder": "functionalised",
        "base": "ground",
        "group": "epoxide",
        "carrier": "middle",
    }
    with pytest.raises(StructureError, match=f"'ground'.*{sentence}|{sentence}"):
        build_layer(settings, cell_height=HEIGHT, base=base)


def test_an_unknown_element_is_named():
    with pytest.raises(StructureError, match="'Tj' is not a chemical element"):
        build_unit({**TI2CO2, "metal": "Tj"}, cell_height=HEIGHT)
    with pytest.raises(StructureError, match="'X' is not a chemical element"):
        build_unit({**GRAPHENE, "elements": ["C", "X"]}, cell_height=HEIGHT)


def test_atoms_on_top_of_each_other_are_refused_with_their_distance():
    with pytest.raises(StructureError, match=r"0\.46 Å apart, at least 0\.6 Å"):
        build_unit({**GRAPHENE, "lattice": 0.8}, cell_height=HEIGHT)


def test_a_layer_without_vacuum_is_refused():
    with pytest.raises(StructureError, match=r"leaves 3\.5 Å of vacuum in a cell 8\.0 Å high"):
        build_unit(TI2CO2, cell_height=8.0)


def from_file(path, **settings) -> Atoms:
    settings = {"builder": "file", "path": str(path), "size": [1, 1], **settings}
    return build_unit(settings, cell_height=HEIGHT)


def test_an_untagged_file_gets_its_tags_from_role_and_height(tmp_path):
    unit = build_unit(TI2CO2, cell_height=HEIGHT)
    wanted = unit.get_tags()
    unit.set_tags(0)
    ase.io.write(tmp_path / "layer.cif", unit)
    read = from_file(tmp_path / "layer.cif", role="bottom")
    assert sorted(zip(read.get_tags(), read.symbols, strict=True)) == sorted(
        zip(wanted, unit.symbols, strict=True)
    )
    assert (from_file(tmp_path / "layer.cif", role="top").get_tags() == roles.SHEET).all()


def test_a_file_with_60_degrees_and_a_layer_across_the_boundary_is_the_same_layer(tmp_path):
    unit = build_unit(TI2CO2, cell_height=30.0)
    turned = unit.copy()
    turned.set_cell(np.vstack([unit.cell[0], unit.cell[0] + unit.cell[1], unit.cell[2]]))
    turned.positions[:, 2] -= 15.0
    turned.rotate(17, "z", rotate_cell=True)
    turned.wrap()
    assert np.ptp(turned.positions[:, 2]) > 20
    ase.io.write(tmp_path / "layer.extxyz", turned)
    read = from_file(tmp_path / "layer.extxyz", role="bottom")
    plain = build_unit(TI2CO2, cell_height=HEIGHT)
    assert read.get_tags().tolist() == plain.get_tags().tolist()
    assert read.cell.array == pytest.approx(plain.cell.array, abs=1e-6)
    # Equal up to a lateral shift of the whole layer: compare all distances, images included.
    assert np.sort(read.repeat((3, 3, 1)).get_all_distances(mic=True), axis=None) == pytest.approx(
        np.sort(plain.repeat((3, 3, 1)).get_all_distances(mic=True), axis=None), abs=1e-6
    )


def test_a_layer_cut_in_two_is_whole_again_even_in_a_cell_that_its_file_calls_open(tmp_path):
    unit = build_unit(TI2CO2, cell_height=30.0)
    unit.positions[:, 2] -= 15.0
    unit.wrap()
    unit.pbc = (True, True, False)
    ase.io.write(tmp_path / "layer.extxyz", unit)
    read = from_file(tmp_path / "layer.extxyz", role="bottom")
    plain = build_unit(TI2CO2, cell_height=HEIGHT)
    assert read.positions[:, 2] == pytest.approx(plain.positions[:, 2], abs=1e-6)


def test_mos2_from_a_file_is_a_bottom_layer(tmp_path):
    ase.io.write(tmp_path / "mos2.xyz", ase.build.mx2("MoS2", vacuum=10.0), format="extxyz")
    layer = from_file(tmp_path / "mos2.xyz", role="bottom")
    assert sorted(zip(layer.symbols, layer.get_tags().tolist(), strict=True)) == [
        ("Mo", 0),
        ("S", 1),
        ("S", 3),
    ]


def test_files_that_hold_no_hexagonal_layer_are_refused(tmp_path):
    ase.io.write(tmp_path / "cubic.cif", ase.build.bulk("NaCl", "rocksalt", a=5.6, cubic=True))
    with pytest.raises(StructureError, match=r"cubic\.cif.*are 90\.0° apart.*hexagonal"):
        from_file(tmp_path / "cubic.cif", role="top")
    with pytest.raises(StructureError, match=r"none\.cif does not exist"):
        from_file(tmp_path / "none.cif", role="top")
    (tmp_path / "noise.cif").write_text("this is no structure\n")
    with pytest.raises(StructureError, match=r"noise\.cif cannot be read"):
        from_file(tmp_path / "noise.cif", role="top")


def test_a_file_with_the_tags_of_another_program_is_refused(tmp_path):
    unit = build_unit(GRAPHENE, cell_height=HEIGHT)
    unit.set_tags([1, 2])
    ase.io.write(tmp_path / "slab.extxyz", unit)
    with pytest.raises(StructureError, match=r"atom 0 \(C\) has the tag 1 .*it is 10"):
        from_file(tmp_path / "slab.extxyz", role="top")


def test_a_flat_sheet_from_a_file_cannot_be_a_bottom_layer(tmp_path):
    ase.io.write(tmp_path / "flat.cif", build_unit(GRAPHENE, cell_height=HEIGHT))
    with pytest.raises(StructureError, match="one flat plane"):
        from_file(tmp_path / "flat.cif", role="bottom")


def test_a_bare_bottom_layer_from_a_file_has_its_outermost_planes_as_faces(tmp_path):
    unit = build_unit(TI2CO2, cell_height=HEIGHT)
    ase.io.write(tmp_path / "bare.cif", unit[[atom.symbol != "O" for atom in unit]])
    layer = from_file(tmp_path / "bare.cif", role="bottom")
    order = np.argsort(layer.positions[:, 2])
    assert [layer.symbols[i] for i in order] == ["Ti", "C", "Ti"]
    assert layer.get_tags()[order].tolist() == [1, 2, 3]


def test_a_nonmetal_between_metals_is_no_termination_whatever_its_element():
    unit = build_unit({**TI2CO2, "x": "Se"}, cell_height=HEIGHT)
    wanted = unit.get_tags()
    unit.set_tags(0)
    assert guess_layer_tags(unit, "bottom").tolist() == wanted.tolist()


def test_groups_on_a_sheet_from_a_file_are_told_from_the_sheet(tmp_path):
    layer = functionalised("hydroxyl")
    wanted = layer.get_tags()
    layer.set_tags(0)
    ase.io.write(tmp_path / "sheet.extxyz", layer)
    read = from_file(tmp_path / "sheet.extxyz", role="top")
    assert read.get_tags().tolist() == wanted.tolist()
