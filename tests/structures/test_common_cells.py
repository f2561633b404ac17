"""Common cells of two layers, against pymatgen's search and stacks that are built in them."""

import math

import numpy as np
import pytest
from ase import Atoms
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.structures import roles
from anodeflow.structures.builders.layers import build_layer, build_unit
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.common_cells import CommonCell, common_cells

STIFFNESSES = (302.0, 438.0)  # N/m
MOST = 170.0  # Å², of a cell in pymatgen's search


def unit(layer: dict) -> Atoms:
    return build_unit(layer, cell_height=HEIGHT)


def cells(atom_limit: int = 160, **options) -> list[CommonCell]:
    options = {"strain_limit": 0.03, "stiffnesses": STIFFNESSES} | options
    return common_cells(unit(TI2CO2), unit(GRAPHENE), atom_limit=atom_limit, **options)


def counts(cell: CommonCell) -> tuple[int, int]:
    return tuple(round(np.linalg.det(size)) for size in cell.sizes)


def rotation(first: np.ndarray, second: np.ndarray) -> float:
    """Return the angle between two vectors (2,), of those that a hexagonal lattice allows."""
    turned = math.degrees(np.angle(complex(*first) / complex(*second))) % 60
    return round(min(turned, 60 - turned), 4) + 0.0


def by_pymatgen(layers: list[dict]) -> dict[tuple[int, int, float], float]:
    """Return the ratio of lengths of each common hexagonal cell, by its unit cells and rotation."""
    zsl = pytest.importorskip("pymatgen.analysis.interfaces.zsl")
    search = zsl.ZSLGenerator(
        max_area=MOST, max_length_tol=0.07, max_angle_tol=0.01, max_area_ratio_tol=0.14
    )
    lower, upper = (unit(layer).cell.array[:2] for layer in layers)
    found = {}
    for match in search(upper, lower):
        ends = match.substrate_sl_vectors, match.film_sl_vectors
        vectors = [np.asarray(end)[:, :2] for end in ends]
        lengths = [np.linalg.norm(vector, axis=1) for vector in vectors]
        angles = [np.abs(v[0] @ v[1]) / np.linalg.norm(v, axis=1).prod() for v in vectors]
        if not np.allclose([np.ptp(length) for length in lengths], 0, atol=1e-6):
            continue
        if not np.allclose(angles, 0.5, atol=1e-6):
            continue
        areas = [abs(np.linalg.det(v)) for v in vectors]
        own = [np.linalg.det(cell[:, :2]) for cell in (lower, upper)]
        cells = tuple(round(area / one) for area, one in zip(areas, own, strict=True))
        found[(*cells, rotation(vectors[0][0], vectors[1][0]))] = lengths[1][0] / lengths[0][0]
    return found


@pytest.mark.parametrize(
    "layers", [[TI2CO2, GRAPHENE], [TI2CO2 | {"lattice": 2.9}, GRAPHENE | {"lattice": 2.51}]]
)
def test_pymatgen_finds_the_same_cells_with_the_same_strains_and_rotations(layers):
    expected = {kind: ratio for kind, ratio in by_pymatgen(layers).items() if abs(ratio - 1) < 0.05}
    for bottom, top, angle in list(expected):  # cells that repeat a smaller one
        for factor in range(2, 8):
            expected.pop((factor * bottom, factor * top, angle), None)
    found = {
        (*counts(cell), round(cell.rotation, 4)): (1 + cell.strains[0]) / (1 + cell.strains[1])
        for cell in common_cells(*map(unit, layers), strain_limit=0.05, atom_limit=400)
    }
    areas = [np.linalg.det(unit(layer).cell.array[:2, :2]) for layer in layers]
    small = {
        kind: ratio
        for kind, ratio in found.items()
        if max(np.multiply(kind[:2], areas)) < MOST and abs(ratio - 1) < 0.05
    }
    assert len(expected) > 8
    assert small == pytest.approx(expected)


def test_every_cell_is_built_with_the_strain_the_atoms_and_the_rotation_that_are_told():
    for cell in cells():
        bottom, top = (
            build_layer(layer | {"size": size}, cell_height=HEIGHT)
            for layer, size in zip((TI2CO2, GRAPHENE), cell.sizes, strict=True)
        )
        built = stack_layers(
            bottom,
            top,
            strained="stiffness",
            spacing=3.5,
            registry=(0.0, 0.0),
            strain_limit=0.03,
            cell_height=HEIGHT,
            stiffnesses=STIFFNESSES,
        )
        assert len(built) == cell.atoms
        assert built.cell.lengths()[:2] == pytest.approx(cell.length)
        assert built.info["strain_bottom"] == pytest.approx(cell.strains[0])
        assert built.info["strain_top"] == pytest.approx(cell.strains[1])
        assert rotation(*lattice_vectors(built)) == pytest.approx(cell.rotation, abs=1e-3)


def lattice_vectors(stack: Atoms) -> list[np.ndarray]:
    """Return a shortest lattice vector of each layer of a stack, from its atoms."""
    found = []
    for alike in (roles.facing(stack), roles.sheet(stack)):
        layer = stack[alike]
        vectors = layer.get_distances(0, range(1, len(layer)), mic=True, vector=True)[:, :2]
        lengths = np.linalg.norm(vectors, axis=1)
        # The nearest atom of a sheet is of the other sublattice.
        shortest = lengths.min() * (1 if stack.get_tags()[alike][0] == 3 else np.sqrt(3))
        found.append(vectors[np.isclose(lengths, shortest, rtol=1e-3)][0])
    return found


def test_the_cell_of_the_study_is_among_them_at_its_cost():
    (found,) = [cell for cell in cells() if cell.sizes == ([[4, 0], [0, 4]], [[5, 0], [0, 5]])]
    assert (found.atoms, found.rotation) == (130, 0.0)
    # K ε² of both per area, and 1 eV/nm² = 0.1602 J/m².
    expected = np.dot(STIFFNESSES, np.square(found.strains)) / 0.1602176634
    assert found.energy == pytest.approx(expected)


def test_without_stiffness_both_layers_take_the_mean_and_no_energy_is_told():
    found = cells(stiffnesses=None)
    assert {cell.energy for cell in found} == {None}
    for cell in found:
        own = np.array([3.03, 2.46]) * np.sqrt(counts(cell))
        assert cell.length == pytest.approx(own.mean())
        assert cell.strains == pytest.approx(tuple(own.mean() / own - 1))


def test_limits_hold_and_a_looser_one_finds_more():
    found, more = cells(), cells(strain_limit=0.05)
    assert {*map(repr, found)} < {*map(repr, more)}
    assert max(abs(strain) for cell in found for strain in cell.strains) <= 0.03
    assert max(cell.atoms for cell in found) <= 160 < max(cell.atoms for cell in cells(200))
    assert cells(atom_limit=6) == []
    assert [cell.atoms for cell in found] == sorted(cell.atoms for cell in found)
