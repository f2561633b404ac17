"""Supercells that a matrix gives: their atoms counted, measured and turned by other means."""

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import neighbor_list
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.atom_counts import layer_atoms
from anodeflow.structures.builders.ions import fill_ions
from anodeflow.structures.builders.layers import build_layer, build_unit
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.files import read_structure, write_structure
from anodeflow.structures.sites import hollow_kinds, hollow_sites

ROOT7 = [[3, 1], [-1, 2]]
"""√7 × √7: 3² − 3·1 + 1² = 7 unit cells, turned by arctan(√3/5) = 19.1°."""

SIZES = [ROOT7, [[2, 1], [-1, 1]], [[2, 0], [1, 3]], [[1, -2], [2, 0]]]


def shells(atoms: Atoms) -> np.ndarray:
    """Return the 20 shortest distances from each atom (N, 20), Å, in order."""
    first, distance = neighbor_list("id", atoms, 6.0)
    return np.array([np.sort(distance[first == i])[:20] for i in range(len(atoms))])


def stack(**sizes) -> Atoms:
    layers = {"bottom": TI2CO2, "top": GRAPHENE}
    ends = [
        build_layer(layer | {"size": sizes[end]}, cell_height=HEIGHT)
        for end, layer in layers.items()
    ]
    how = {"strained": "share", "spacing": 3.5, "registry": (0.0, 0.0), "strain_limit": 0.03}
    return stack_layers(*ends, cell_height=HEIGHT, **how)


@pytest.mark.parametrize("size", SIZES)
def test_every_atom_of_a_supercell_has_the_surroundings_that_it_has_in_the_unit_cell(size):
    unit = build_unit(TI2CO2, cell_height=HEIGHT)
    layer = build_layer(TI2CO2 | {"size": size}, cell_height=HEIGHT)
    count = round(np.linalg.det(size))
    assert len(layer) == count * len(unit)
    assert layer_atoms({"ti2co2": TI2CO2 | {"size": size}}, "ti2co2") == len(layer)
    order = np.argsort(layer.get_tags(), kind="stable")
    expected = np.repeat(shells(unit)[np.argsort(unit.get_tags(), kind="stable")], count, axis=0)
    # The two metals have alike surroundings by symmetry, so tags alone put rows in order.
    assert shells(layer)[order] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("size", SIZES)
def test_its_first_vector_lies_along_x_and_the_unit_cells_are_turned_and_not_mirrored(size):
    unit = build_unit(TI2CO2, cell_height=HEIGHT)
    layer = build_layer(TI2CO2 | {"size": size}, cell_height=HEIGHT)
    vectors = np.asarray(size) @ unit.cell.array[:2, :2]
    assert layer.cell[0] == pytest.approx([np.linalg.norm(vectors[0]), 0, 0], abs=1e-9)
    assert layer.cell.volume == pytest.approx(np.linalg.det(vectors) * HEIGHT)
    assert layer.cell[1, 1] > 0
    turn = -np.angle(complex(*vectors[0]))
    # From the C of a unit cell to its upper Ti, which in a mirrored layer would lie elsewhere.
    bond = unit.get_distance(2, 3, mic=True, vector=True)[:2] @ [1, 1j] * np.exp(1j * turn)
    carbon, metal = (np.flatnonzero(layer.get_tags() == tag) for tag in (roles.X, roles.METAL))
    upper = metal[layer.positions[metal, 2] > HEIGHT / 2]
    for atom in carbon:
        found = layer.get_distances(atom, upper, mic=True, vector=True)[:, :2] @ [1, 1j]
        assert np.abs(found - bond).min() < 1e-9


def test_a_diagonal_matrix_is_the_supercell_of_its_two_numbers():
    one, other = (
        build_layer(TI2CO2 | {"size": size}, cell_height=HEIGHT)
        for size in ([4, 2], [[4, 0], [0, 2]])
    )
    assert np.array_equal(one.positions, other.positions)
    assert np.array_equal(one.cell, other.cell)


def test_a_matrix_survives_the_structure_file(tmp_path):
    layer = build_layer(GRAPHENE | {"size": ROOT7}, cell_height=HEIGHT)
    write_structure(tmp_path / "layer.extxyz", layer)
    read = read_structure(tmp_path / "layer.extxyz")
    assert np.array_equal(read.info["size"], ROOT7)
    assert read.positions == pytest.approx(layer.positions, abs=1e-7)


def test_a_turned_stack_is_strained_by_the_ratio_of_its_cells_and_keeps_its_bonds():
    built = stack(bottom=[[4, 1], [-1, 3]], top=[[5, 2], [-2, 3]])
    lengths = 3.03 * np.sqrt(13), 2.46 * np.sqrt(19)
    common = np.mean(lengths)
    assert built.cell.cellpar() == pytest.approx([common, common, HEIGHT, 90, 90, 120])
    assert built.info["strain_bottom"] == pytest.approx(common / lengths[0] - 1)
    assert built.info["strain_top"] == pytest.approx(common / lengths[1] - 1)
    sheet = built[roles.sheet(built)]
    nearest = np.sort(sheet.get_all_distances(mic=True), axis=1)[:, 1:4]
    bond = 2.46 / np.sqrt(3) * common / lengths[1]
    assert nearest == pytest.approx(np.full((38, 3), bond))


def test_ions_fill_the_hollows_of_a_turned_stack():
    built = stack(bottom=[[4, 1], [-1, 3]], top=[[5, 2], [-2, 3]])
    hollows = hollow_sites(built)
    assert len(hollows) == 2 * 13
    assert np.bincount(hollow_kinds(built)).tolist() == [13, 13]
    filled = fill_ions(built, element="Na", count=3, spacing=4.3)
    ions = filled.positions[roles.ions(filled), :2]
    facing = filled.get_distances(len(filled) - 1, np.flatnonzero(roles.facing(filled)), mic=True)
    assert np.ptp(np.sort(facing)[:3]) == pytest.approx(0.0, abs=1e-6)
    assert len({tuple(ion) for ion in ions.round(3)}) == 3


def test_supercells_of_different_shapes_are_refused():
    with pytest.raises(StructureError, match=r"angles of 120\.00 and 96\.59°"):
        stack(bottom=[4, 4], top=[[5, 0], [2, 5]])
