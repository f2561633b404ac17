"""The stability watch: silent on thermal motion, one sentence for each way to fall apart."""

import numpy as np
import pytest
from ase import Atoms

from anodeflow.stages.dynamics.stability import StabilityWatch, start_bonds
from anodeflow.structures import roles

FACING_HEIGHT, SHEET_HEIGHT = 22.232, 26.2


@pytest.fixture
def stack():
    """Ti2CO2 2x2 with a sheet of the same cell and one ion between them."""
    third = 1 / 3
    rows = [
        ("O", 1, 2 * third, third, 17.768),
        ("Ti", 0, third, 2 * third, 18.687),
        ("C", 2, 0, 0, 20),
        ("Ti", 0, 2 * third, third, 21.313),
        ("O", 3, third, 2 * third, FACING_HEIGHT),
        ("C", 10, 0, 0, SHEET_HEIGHT),
        ("C", 10, third, 2 * third, SHEET_HEIGHT),
    ]
    cell = np.array([[2.9, 0, 0], [-1.45, 2.9 * np.sqrt(3) / 2, 0], [0, 0, 40]])
    positions = [
        [(x * cell[0] + y * cell[1])[0], (x * cell[0] + y * cell[1])[1], z] for *_, x, y, z in rows
    ]
    unit = Atoms(
        [row[0] for row in rows],
        positions=positions,
        cell=cell,
        pbc=True,
        tags=[row[1] for row in rows],
    )
    atoms = unit.repeat((2, 2, 1))
    atoms += Atoms("Na", positions=[[0, 0, 24.2]], tags=[roles.ION])
    return atoms


@pytest.fixture
def watch(stack):
    return StabilityWatch(stack, max_spacing=6.0, max_bond_stretch=1.5, max_temperature_K=900.0)


def verdict(watch, positions, **changes):
    return watch.check(positions, **{"temperature": 300.0, "energy": -1.0} | changes)


def test_each_metal_has_six_bonds_and_each_sheet_atom_three(stack):
    first, second, offset = start_bonds(stack)
    metals = np.flatnonzero(stack.get_tags() == roles.METAL)
    assert all((first == metal).sum() == 6 for metal in metals)
    for atom in np.flatnonzero(roles.sheet(stack)):
        assert (first == atom).sum() + (second == atom).sum() == 3
    assert len(first) == 6 * 8 + 3 * 8 / 2
    lengths = np.linalg.norm(stack.positions[second] + offset - stack.positions[first], axis=1)
    minimum_image = [stack.get_distance(i, j, mic=True) for i, j in zip(first, second, strict=True)]
    assert np.allclose(lengths, minimum_image)


def test_thermal_motion_and_drift_over_cell_borders_are_no_failure(stack, watch):
    rng = np.random.default_rng(2)
    for drift in (0, 1, 5):
        positions = stack.positions + 0.1 * rng.standard_normal((len(stack), 3))
        assert verdict(watch, positions + drift * stack.cell[0]) == ""


def test_a_sheet_that_goes_through_the_facing_plane_is_reported(stack, watch):
    positions = stack.positions.copy()
    positions[roles.top(stack), 2] -= 4.2  # from 3.968 Å above it
    assert verdict(watch, positions) == "the sheet went through the facing plane, 0.23 Å below it"


def test_a_detached_sheet_is_reported(stack, watch):
    positions = stack.positions.copy()
    positions[roles.top(stack), 2] += 2.1
    assert "the sheet detached: spacing 6.07 Å (limit 6 Å)" in verdict(watch, positions)


@pytest.mark.parametrize(("tag", "other"), [(roles.METAL, "C"), (roles.SHEET, "C")])
def test_a_broken_bond_is_reported_with_its_atoms_and_lengths(stack, watch, tag, other):
    positions = stack.positions.copy()
    atom = np.flatnonzero(stack.get_tags() == tag)[0]
    positions[atom, 0] += 1.3
    sentence = verdict(watch, positions)
    assert sentence.startswith("the bond ")
    assert f"{stack.symbols[atom]}{atom}" in sentence
    assert "(limit 1.5 times)" in sentence


@pytest.mark.parametrize(
    ("height", "inside"),
    [
        (FACING_HEIGHT - 0.9, True),
        (FACING_HEIGHT - 1.1, False),
        (SHEET_HEIGHT + 0.9, True),
        (SHEET_HEIGHT + 1.1, False),
    ],
)
def test_an_ion_may_enter_the_planes_by_one_angstrom_but_not_leave_the_gap(
    stack, watch, height, inside
):
    positions = stack.positions.copy()
    positions[-1, 2] = height
    assert ("the ion Na28 left the gap" in verdict(watch, positions)) is not inside


def test_runaway_heat_is_reported(stack, watch):
    sentence = verdict(watch, stack.positions, temperature=1200.0)
    assert sentence == "the temperature reached 1200 K (limit 900)"


@pytest.mark.parametrize("quantity", ["temperature", "energy"])
def test_a_number_that_is_not_finite_is_reported(stack, watch, quantity):
    assert "is not finite" in verdict(watch, stack.positions, **{quantity: np.nan})


def test_a_stack_without_ions_or_bonds_is_watched_too(stack, watch):
    bare = stack[roles.facing(stack) | roles.sheet(stack)]
    bare.positions[:] *= [3, 3, 1]
    bare.set_cell(bare.cell.array * [[3], [3], [1]])
    watch = StabilityWatch(bare, max_spacing=6.0, max_bond_stretch=1.5, max_temperature_K=900.0)
    assert not len(watch.first)
    assert verdict(watch, bare.positions) == ""
