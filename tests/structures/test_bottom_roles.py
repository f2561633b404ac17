"""Roles of bottom layers by elements, bonds and planes, each case right or refused."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import fcc111, graphene, mx2
from layers import DATA, from_file, mxene, put_on

from anodeflow.errors import StructureError
from anodeflow.stages.dynamics.stability import start_bonds
from anodeflow.structures import roles
from anodeflow.structures.inspection import check_structure
from anodeflow.structures.role_guessing import guess_layer_tags
from anodeflow.structures.sites import hollow_sites


def by_height(layer: Atoms) -> list[tuple[str, int]]:
    """Return element and tag of every atom from below."""
    tags = guess_layer_tags(layer, "bottom")
    order = np.lexsort((layer.numbers, layer.positions[:, 2].round(3)))
    return [(layer.symbols[i], int(tags[i])) for i in order]


def test_a_bare_mxene_faces_with_its_metal_and_has_metal_x_bonds_alone():
    layer = from_file(DATA / "Ti3C2_bare.poscar", "bottom")
    assert [
        (s, t) for s, t in zip(layer.symbols, layer.get_tags(), strict=True) if t in (1, 3)
    ] == [
        ("Ti", 1),
        ("Ti", 3),
    ]
    found = check_structure(layer, layer)
    assert set(found.bonds) == {"metal_x", "metal_metal"}
    assert found.bonds["metal_x"].count == 12
    first, second, _ = start_bonds(layer)
    assert {(layer.symbols[i], layer.symbols[j]) for i, j in zip(first, second, strict=True)} == {
        ("Ti", "C")
    }
    assert len(first) == 12  # each of two C has six Ti
    assert sorted((c.x, c.termination) for c in found.coordination) == [(3, 0), (6, 0)]


def test_the_oxygen_of_oh_is_the_termination_and_its_hydrogen_has_a_role_of_its_own():
    layer = from_file(DATA / "Ti3C2OH2.vasp", "bottom")
    tagged = sorted(zip(layer.symbols, layer.get_tags().tolist(), strict=True))
    assert tagged[2:5] == [("H", 4), ("H", 4), ("O", 1)] and tagged[5] == ("O", 3)
    bonds = check_structure(layer, layer).bonds["metal_termination"]
    oxygen = layer.positions[layer.symbols == "O"]
    titanium = layer.positions[layer.symbols == "Ti"]
    # By hand: O above the middle of a triangle of Ti, 3.088 Å apart.
    rise = np.abs(oxygen[:, None, 2] - titanium[None, :, 2]).min()
    assert bonds.mean == pytest.approx(np.hypot(3.088 / np.sqrt(3), rise), abs=1e-4)
    assert 2.18 < bonds.mean < 2.19 and bonds.count == 6
    large = from_file(DATA / "Ti3C2OH2.vasp", "bottom").repeat((4, 4, 1))
    assert len(hollow_sites(large)) == 2 * 16


@pytest.mark.parametrize(
    ("layer", "tags"),
    [
        (mx2("MoS2", vacuum=10.0), [("S", 1), ("Mo", 0), ("S", 3)]),
        (mx2("TiS2", "1T", a=3.4, thickness=2.8, vacuum=9.0), [("S", 1), ("Ti", 0), ("S", 3)]),
        (mxene(termination="Cl"), [("Cl", 1), ("Ti", 0), ("C", 2), ("Ti", 0), ("Cl", 3)]),
        (mxene(termination="S", x="N"), [("S", 1), ("Ti", 0), ("N", 2), ("Ti", 0), ("S", 3)]),
        (mxene()[1:], [("Ti", 1), ("C", 2), ("Ti", 0), ("O", 3)]),
        (mxene(metal="La", lattice=3.9, metal_termination_height=0.7),
         [("O", 1), ("La", 0), ("C", 2), ("La", 0), ("O", 3)]),
    ],
    ids=["2H", "1T", "Cl", "nitride", "half bare", "large metal"],
)  # fmt: skip
def test_terminations_are_what_has_metal_on_one_side(layer, tags):
    assert by_height(layer) == tags


@pytest.mark.parametrize(
    ("heights", "symbols", "tags"),
    [
        ([1.6, 0.0, 0.0], "FeB2", [3, 1, 1]),
        ([-1.6, 0.0, 0.0], "FeB2", [1, 3, 3]),
        ([1.6, 0.0, 0.0, -1.6], "FeB2Fe", [3, 2, 2, 1]),
    ],
)
def test_a_flat_plane_of_boron_is_a_face_or_x_by_the_metal_beside_it(heights, symbols, tags):
    """As FeB2, a honeycomb of boron with iron above its hollows, and with iron on both sides."""
    places = np.array([[0, 0], [2, 1], [1, 2], [0, 0]])[: len(heights)] / 3
    layer = Atoms(symbols, cell=[3.05, 3.05, 30, 90, 90, 120], pbc=True)
    layer.set_scaled_positions(np.column_stack([places, 0.5 + np.array(heights) / 30]))
    assert guess_layer_tags(layer, "bottom").tolist() == tags


def test_janus_layers_ordered_metals_and_nh_have_the_roles_of_their_places():
    janus = mx2("MoS2", vacuum=10.0)
    janus.symbols[1] = "Se"
    assert by_height(janus) == [("S", 1), ("Mo", 0), ("Se", 3)]
    ordered = mxene(n=2)
    ordered.symbols[[1, 5]] = "Mo"
    assert [tag for _, tag in by_height(ordered)] == [1, 0, 2, 0, 2, 0, 3]
    nh = mxene(termination="N")
    nh = put_on(nh, "H", [[0, 0, 1.02]], atom=4)
    assert by_height(nh)[-2:] == [("N", 3), ("H", 4)] and ("C", 2) in by_height(nh)


def test_o_f_and_oh_in_one_face_are_one_plane():
    layer = mxene(2)
    upper = np.flatnonzero(layer.positions[:, 2] > 17)
    layer.symbols[upper[:2]] = "F"
    layer.positions[upper[:2], 2] += 0.3
    layer = put_on(layer, "H", [[0, 0, 0.98]], atom=upper[3])
    tags = guess_layer_tags(layer, "bottom")
    assert (tags[upper] == roles.UPPER_TERMINATION).all()
    assert (tags == 3).sum() == 4 and tags[-1] == roles.TERMINATION_HYDROGEN


def without(layer: Atoms, atoms) -> Atoms:
    """Return a layer without some of its atoms."""
    return layer[np.setdiff1d(np.arange(len(layer)), atoms)]


UPPER_O = [4, 9, 14, 19]  # of mxene(2)


def test_one_of_four_terminations_may_be_missing_and_half_of_them_may_not():
    assert by_height(without(mxene(2), UPPER_O[:1]))[-1] == ("O", 3)
    with pytest.raises(StructureError, match=r"upper face .* no plane .*2 of O at 17\.23 Å, 4 of"):
        guess_layer_tags(without(mxene(2), UPPER_O[:2]), "bottom")


def on_top(symbols: str, places, layer: Atoms | None = None) -> Atoms:
    """Return a layer, Ti2CO2 if none is given, with atoms placed from its highest one."""
    layer = mxene(2) if layer is None else layer
    return put_on(layer, symbols, places, atom=int(layer.positions[:, 2].argmax()))


WATER = [[0, 0, 2.6], [0.76, 0, 3.19], [-0.76, 0, 3.19]]
MOS2 = mx2("MoS2", vacuum=0.0)
MOS2.cell[2], MOS2.pbc = [0, 0, 6.15], True


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (on_top("Fe", [[0, 1.75, 1.0]]), r"upper face .* no plane .*1 of Fe at 18\.23 Å"),
        (on_top("Fe", [[0, 1.75, 1.0]], mxene()), r"atom 5 \(Fe\) is the outermost metal"),
        (on_top("Fe", [[0, 1.75, 1.9]], mxene()[1:4]), r"atom 3 \(Fe\) is the outermost metal"),
        (on_top("O", [[0, 0, 1.3]]), r"atom 20 \(O\) .* no bonded metal"),
        (on_top("Zn", [[0, 1.7, 1.0]]), r"atom 20 \(Zn\) is an ion"),
        (on_top("Na", [[0, 1.7, 1.5]]), r"atom 20 \(Na\) is an ion"),
        (on_top("OH2", WATER), r"belongs to H2O, which does not spread"),
        (MOS2.repeat((1, 1, 2)), r"holds 2 layers without vacuum \(the widest gap is 3\.0 Å"),
        (graphene(vacuum=8.0), "one flat plane"),
        (fcc111("Cu", (1, 1, 3), vacuum=8.0), "nothing but metal"),
        (Atoms("CH", [[0, 0, 5], [0, 0, 6.1]], cell=[2.5, 2.5, 20], pbc=True), "not spread"),
    ],
    ids=["Fe", "Fe plane", "Fe on bare", "peroxide", "Zn", "Na", "water", "bulk", "flat", "slab",
         "molecule"],
)  # fmt: skip
def test_what_is_no_bottom_layer_is_refused_by_what_is_wrong(layer, sentence):
    with pytest.raises(StructureError, match=sentence):
        guess_layer_tags(layer, "bottom")


def test_two_layers_in_vacuum_and_a_bulk_crystal_are_no_bottom_layer():
    two = mxene()
    above = two.copy()
    above.positions[:, 2] += 7.5
    with pytest.raises(StructureError, match="holds 2 layers"):
        guess_layer_tags(two + above, "bottom")
    crystal = mxene()[1:4]
    crystal = put_on(crystal, "V", [[0, 0, 2.2]], atom=2)
    crystal.cell[2] = [0, 0, 6.8]
    with pytest.raises(StructureError, match="bonded to its own image along z"):
        guess_layer_tags(crystal, "bottom")


def test_one_layer_of_a_crystal_is_a_layer():
    assert by_height(MOS2) == [("S", 1), ("Mo", 0), ("S", 3)]


def test_a_nonmetal_that_is_neither_x_nor_termination_is_named():
    methoxy = put_on(mxene(2), "C", [[0, 0, 1.42]], atom=UPPER_O[0])
    with pytest.raises(StructureError, match=r"atom 20 \(C\) .* no bonded metal above or below"):
        guess_layer_tags(methoxy, "bottom")
