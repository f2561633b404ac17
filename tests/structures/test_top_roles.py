"""Sheets and the groups that hang on them, each case right or refused."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import graphene, mx2
from layers import DATA, from_file, mxene, put_on, sheet
from study import TI2CO2

from anodeflow.errors import StructureError
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.role_guessing import guess_layer_tags
from anodeflow.structures.spacing import spacing_of


def test_an_epoxide_of_a_file_leaves_the_spacing_to_the_carbon_plane():
    layer = build_layer(
        {"builder": "file", "path": str(DATA / "C8O.vasp"), "role": "top", "size": [2, 2]},
        cell_height=40.0,
    )
    below = build_layer({**TI2CO2, "size": [3, 3]}, cell_height=40.0)
    settings = {"strained": "top", "registry": (0.0, 0.0), "strain_limit": 0.1}
    stack = stack_layers(below, layer, spacing=3.5, cell_height=40.0, **settings)
    z, facing = stack.positions[:, 2], stack.get_tags() == 3
    carbon = (stack.symbols == "C") & (z > z[facing].max())
    assert z[carbon] - z[facing].mean() == pytest.approx(np.full(32, 3.5))
    assert set(stack.get_tags()[(stack.symbols == "O") & (z > z[facing].max() + 0.1)]) == {11}
    assert spacing_of(stack, convention="sheet") == pytest.approx(3.5)


@pytest.mark.parametrize(
    ("symbols", "places", "tags"),
    [
        ("O", [[0.71, 0, -1.25]], [11]),
        ("F", [[0, 0, -1.45]], [11]),
        ("Cl", [[0, 0, 1.8]], [11]),
        ("OH", [[0, 0, -1.5], [0.93, 0, -1.79]], [11, 12]),
        ("NH2", [[0, 0, -1.45], [0.8, 0.3, -1.95], [-0.8, 0.3, -1.95]], [11, 12, 12]),
        ("CH3", [[0, 0, 1.55], [1, 0, 1.9], [-0.5, 0.9, 1.9], [-0.5, -0.9, 1.9]], [11, 12, 12, 12]),
        ("COH", [[0, 0, 1.5], [0.9, 0, 2.5], [1.8, 0, 2.2]], [11, 11, 12]),
        ("H", [[0, 0, 1.1]], [12]),
        ("OOH", [[0, 0, -1.45], [1.38, 0, -1.9], [1.6, 0, -2.85]], [11, 11, 12]),
        ("NO2", [[0, 0, 1.5], [1.1, 0, 1.9], [-1.1, 0, 1.9]], [11, 11, 11]),
        ("OC", [[0, 0, 1.45], [1.37, 0, 1.86]], [11, 11]),
        ("SO3", [[0, 0, 1.8], [1.35, 0, 2.2], [-0.68, 1.17, 2.2], [-0.68, -1.17, 2.2]], [11] * 4),
    ],
    ids=["epoxide", "F", "Cl", "OH", "NH2", "CH3", "COH", "H", "OOH", "NO2", "OC", "SO3"],
)  # fmt: skip
def test_what_hangs_on_a_sheet_is_a_group(symbols, places, tags):
    plain = sheet()
    neighbour = np.argsort(plain.get_distances(0, range(len(plain)), mic=True))[1]
    along = plain.get_distance(0, int(neighbour), mic=True, vector=True)[:2]
    places = np.array(places, dtype=float)
    if symbols == "O":
        places[0, :2] = along / 2
    found = guess_layer_tags(put_on(plain, symbols, places), "top")
    assert found.tolist() == [10] * len(plain) + tags


def buckled(symbols: str, lattice: float, buckling: float) -> Atoms:
    """Return a honeycomb whose second atom is higher."""
    cell = [[lattice, 0, 0], [-lattice / 2, lattice * np.sqrt(3) / 2, 0], [0, 0, 20]]
    places = [[0, 0, 10], [0, lattice / np.sqrt(3), 10 + buckling]]
    return Atoms(symbols, positions=places, cell=cell, pbc=True)


@pytest.mark.parametrize(
    "layer",
    [buckled("BN", 2.5, 0.0), buckled("Si2", 3.86, 0.45), buckled("As2", 3.61, 1.4),
     buckled("AlN", 3.12, 0.0), mx2("MoS2", vacuum=10.0), mx2("WSe2", a=3.3, vacuum=10.0), mxene()],
    ids=["h-BN", "silicene", "arsenene", "AlN", "MoS2", "WSe2", "MXene"],
)  # fmt: skip
def test_a_sheet_of_one_or_several_planes_is_all_sheet(layer):
    assert set(guess_layer_tags(layer, "top").tolist()) == {10}


def test_fully_covered_and_porous_sheets_keep_sheet_and_groups_apart():
    fluorinated = put_on(buckled("C2", 2.58, 0.49), "F", [[0, 0, -1.38]])
    fluorinated = put_on(fluorinated, "F", [[0, 0, 1.38]], atom=1)
    assert guess_layer_tags(fluorinated, "top").tolist() == [10, 10, 11, 11]
    porous = sheet(6)
    neighbours = [int(i) for i in np.argsort(porous.get_distances(0, range(72), mic=True))[1:4]]
    hydrogen = [porous.get_distance(i, 0, mic=True, vector=True) * 1.09 / 1.42 for i in neighbours]
    for atom, place in zip(neighbours, hydrogen, strict=True):
        porous = put_on(porous, "H", [place * 0.9], atom=atom)
    del porous[0]
    assert set(guess_layer_tags(porous, "top").tolist()) == {10}


def test_a_vacancy_and_an_atom_on_mos2_leave_its_planes_sheet():
    layer = mx2("MoS2", vacuum=10.0, size=(3, 3, 1))
    highest = int(layer.positions[:, 2].argmax())
    assert guess_layer_tags(put_on(layer, "O", [[0, 0, 1.5]], atom=highest), "top")[-1] == 11
    del layer[highest]
    assert set(guess_layer_tags(layer, "top").tolist()) == {10}


def test_bilayers_are_sheets_and_crystals_of_two_layers_are_not(tmp_path):
    one = graphene(vacuum=0.0)
    one.cell[2], one.pbc = [0, 0, 3.35], True
    assert set(guess_layer_tags(one, "top").tolist()) == {10}
    two = one.repeat((1, 1, 2))
    with pytest.raises(StructureError, match=r"holds 2 layers without vacuum .* 3\.4 Å"):
        guess_layer_tags(two, "top")
    two.cell[2] = [0, 0, 25]
    two.write(tmp_path / "bilayer.vasp")
    assert np.ptp(from_file(tmp_path / "bilayer.vasp", "top").positions[:, 2]) == pytest.approx(
        3.35
    )


@pytest.mark.parametrize(
    ("symbols", "places", "sentence"),
    [
        ("Fe", [[1.23, 0.71, 1.5]], r"atom 32 \(Fe\) lies on the sheet"),
        ("Mg", [[1.23, 0.71, 2.0]], r"atom 32 \(Mg\) lies on the sheet"),
        ("Li", [[1.23, 0.71, 1.7]], r"atom 32 \(Li\) is an ion"),
        ("OH2", [[0, 0, 3], [0.76, 0, 3.6], [-0.76, 0, 3.6]], "belongs to H2O"),
    ],
)
def test_what_is_neither_sheet_nor_group_is_refused(symbols, places, sentence):
    with pytest.raises(StructureError, match=sentence):
        guess_layer_tags(put_on(sheet(), symbols, places), "top")


def test_an_atom_adsorbed_on_another_layer_as_top_is_refused():
    with pytest.raises(StructureError, match=r"\(Fe\) lies on the sheet"):
        from_file(DATA / "Ti2CO2_Fe_adsorbed.vasp", "top")


@pytest.mark.parametrize(("symbol", "height"), [("S", 1.05), ("P", 1.35), ("Si", 0.6)])
def test_an_atom_that_fills_a_hole_of_the_sheet_is_of_the_sheet(symbol, height):
    doped = sheet()
    doped.symbols[0] = symbol
    doped.positions[0, 2] += height
    assert set(guess_layer_tags(doped, "top").tolist()) == {10}
