"""Stacks and layers of other programs, however they lie in their cell."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixScaled
from layers import STACK_TAGS, put_on, stack

from anodeflow.errors import StructureError
from anodeflow.structures.orientation import find_axes, find_orientation
from anodeflow.structures.role_guessing import guess_stack_tags
from anodeflow.structures.spacing import spacing_of


def brought(atoms: Atoms) -> Atoms:
    """Return a stack of another program with its roles, as an import makes it."""
    found = find_orientation(atoms, ions=["Na"]).apply(atoms)
    found.set_tags(guess_stack_tags(found, ions=["Na"]))
    return found


def lengths(atoms: Atoms) -> np.ndarray:
    """Return all distances, images in the plane included, which no cell may change."""
    large = atoms.copy()
    large.pbc = (True, True, False)
    return np.sort(large.repeat((3, 3, 1)).get_all_distances(mic=True), axis=None)


def lifted(height: float) -> Atoms:
    """Return the stack higher by some Å, folded into its cell."""
    atoms = stack()
    atoms.positions[:, 2] += height
    atoms.wrap()
    return atoms


def turned(atoms: Atoms) -> Atoms:
    """Return a structure rotated by 180° about x with its cell."""
    atoms = atoms.copy()
    atoms.rotate(180, "x", rotate_cell=True)
    return atoms


def with_cell(cell, *, pbc=True, atoms: Atoms | None = None) -> Atoms:
    """Return the stack with other cell vectors, atoms left where they are."""
    atoms = stack() if atoms is None else atoms
    atoms.set_cell(cell)
    atoms.pbc = pbc
    return atoms


CELL = stack().cell.array
TILT = np.array([[0, 0, 0], [0, 0, 0], [3.0, 2.0, 0]])


def about_z(angle: float) -> Atoms:
    """Return the stack rotated about z with its cell."""
    atoms = stack()
    atoms.rotate(angle, "z", rotate_cell=True)
    return atoms


def folded_with_tilt() -> Atoms:
    """Return the stack in a cell whose third vector leans, folded into it."""
    atoms = with_cell(CELL + TILT)
    atoms.positions[:, 2] += 13.0
    atoms.wrap()
    return atoms


OPEN = (True, True, False)
CASES = {
    "as it should be": stack(),
    "folded in the MXene": lifted(17.0),
    "folded in the gap": lifted(13.0),
    "folded in the sheet": lifted(11.6),
    "sheet at minus and plus nothing": lifted(11.6 - 1e-9),
    "open and folded": with_cell(CELL, pbc=OPEN, atoms=lifted(13.0)),
    "upside down": turned(stack()),
    "upside down and folded": turned(lifted(5.0)),
    "vacuum first": with_cell(CELL[[2, 0, 1]]),
    "vacuum second": with_cell(CELL[[0, 2, 1]]),
    "left-handed": with_cell(CELL[[1, 0, 2]]),
    "c down": with_cell(CELL * [[1], [1], [-1]]),
    "60°": with_cell(np.vstack([CELL[0] + CELL[1], CELL[1:]])),
    "leaning c": with_cell(CELL + TILT),
    "leaning c, folded": folded_with_tilt(),
    "no height": with_cell(CELL * [[1], [1], [0]], pbc=OPEN),
    "open in a low cell": with_cell(CELL * [[1], [1], [0.3]], pbc=OPEN),
    "open in a cell that it leaves": with_cell(CELL * [[1], [1], [0.1]], pbc=OPEN),
    "periodic nowhere": with_cell(CELL, pbc=False),
    "rotated by 30°": about_z(30),
    "rotated by 101°": about_z(101),
}


@pytest.mark.parametrize("case", CASES)
def test_a_stack_has_one_spacing_and_one_shape_however_it_lies(case):
    found = brought(CASES[case])
    assert found.get_tags().tolist() == STACK_TAGS
    assert spacing_of(found, convention="sheet") == pytest.approx(4.0)
    assert found.cell.handedness == 1 and found.cell[2, 2] > 0 and found.pbc.all()
    assert lengths(found) == pytest.approx(lengths(stack()), abs=1e-6)
    assert np.ptp(found.positions[:, 2]) == pytest.approx(8.4)


@pytest.mark.parametrize("heights", [[20.4], [8.0], [20.4, 8.0], [16.0, 20.4]])
@pytest.mark.parametrize("lift", [0.0, 9.7, 21.0, 23.0])
def test_ions_outside_the_gap_do_not_move_it(heights, lift):
    places = [[0, 0, z - 10.0] for z in heights]
    atoms = put_on(stack(), f"Na{len(heights)}", places)
    atoms.positions[:, 2] += lift
    atoms.wrap()
    for given in (atoms, turned(atoms)):
        found = brought(given)
        assert spacing_of(found, convention="sheet") == pytest.approx(4.0)
        z = found.positions[:, 2] - found.positions[found.get_tags() == 1, 2].mean()
        assert sorted(z[8:]) == pytest.approx(sorted(np.array(heights) - 10.0))


def test_all_frames_are_turned_alike_with_what_moves_with_them():
    first = turned(stack())
    later = first.copy()
    later.positions += [0.1, 0.2, 0.3]
    later.set_momenta(np.tile([1.0, 2.0, 3.0], (8, 1)))
    later.set_constraint(FixScaled([0], mask=(True, False, False)))
    forces = np.tile([4.0, 5.0, 6.0], (8, 1))
    later.calc = SinglePointCalculator(later, energy=-7.0, forces=forces)
    orientation = find_orientation(first, ions=["Na"])
    one, other = orientation.apply(first), orientation.apply(later)
    assert other.positions - one.positions == pytest.approx(np.tile([0.1, -0.2, -0.3], (8, 1)))
    assert other.get_momenta()[3] == pytest.approx([1.0, -2.0, -3.0])
    assert other.get_forces(apply_constraint=False)[3] == pytest.approx([4.0, -5.0, -6.0])
    assert other.get_potential_energy() == -7.0
    # What was held along the vector a is held along the vector that a has become.
    became = np.abs(other.cell.array @ (first.cell.array[0] * [1, -1, -1])).argmax()
    assert other.constraints[0].mask.tolist() == [became == axis for axis in range(3)]
    assert np.cross(*other.cell[:2])[2] > 0


LOST = stack()
LOST.positions[3, 1] = np.nan
TWO_SHEETS = put_on(stack(), "C2", [[0, 0, -3.5], [0, 1.42, -3.5]])


@pytest.mark.parametrize(
    ("atoms", "sentence"),
    [
        (stack()[:0], "there are no atoms"),
        (LOST, "a position .* is not a number"),
        (with_cell([[2.46, 0, 0], [-1.23, 2.13, 0], [0, 5.0, 0]]), "all three cell vectors"),
        (with_cell(np.zeros((3, 3))), r"no cell in the plane \(0 of"),
        (with_cell([[0, 0, 0], [0, 0, 0], [0, 0, 30.0]]), r"no cell in the plane \(1 of"),
        (with_cell(CELL * [[0], [1], [1]]), r"vector 1 of .* has no length and .* holds 1 of the"),
        (with_cell(CELL * [[1], [0], [1]]), r"vector 2 of .* has no length and .* holds 1 of the"),
        (with_cell([[2.46, 0, 0], [4.92, 0, 0], [0, 0, 30.0]]), "vectors 1 and 2 lie on one line"),
        (with_cell(CELL * [[1], [1], [12.4 / 30]]), r"no vacuum .* 4\.00 and 4\.00 Å"),
        (with_cell(CELL * [[1], [1], [14.2 / 30]]), r"no vacuum .* 4\.00 and 5\.80 Å"),
        (TWO_SHEETS, r"both sides of CO2Ti2, C2 4\.00 Å above it and C2 3\.50 Å below, "),
    ],
    ids=["nothing", "not a number", "flat", "no cell", "only c", "no a", "no b", "one line",
         "crystal", "little vacuum", "two sheets"],
)  # fmt: skip
def test_what_cannot_be_brought_is_refused_by_the_condition_that_fails(atoms, sentence):
    with pytest.raises(StructureError, match=sentence):
        find_orientation(atoms, ions=["Na"])


@pytest.mark.parametrize("cells", [1, 3])
@pytest.mark.parametrize(
    ("symbols", "places", "said"),
    [
        ("Mg", [[0, 0, -3.0]], r"\(Mg\) lies 3\.00 Å below {mxene} and .*: take it out\."),
        ("Mg", [[0, 0, 11.2]], r"\(Mg\) lies 2\.80 Å above {sheet} and .*: take it out\."),
        ("H", [[0, 0, -4.0]], r"\(H\) lies 4\.00 Å below {mxene} and "),
        ("H", [[0, 0, 11.4]], r"\(H\) lies 3\.00 Å above {sheet} and "),
        ("N2", [[0, 0, -5.1], [0, 0, -4.0]], r"\(N\) of N2 lies 5\.10 Å below {mxene} and "),
        ("N2", [[0, 0, 12.1], [0, 0, 13.2]], r"\(N\) of N2 lies 3\.70 Å above {sheet} and "),
    ],
)
def test_what_lies_outside_a_stack_is_named_with_its_place(cells, symbols, places, said):
    atoms = put_on(stack().repeat((cells, cells, 1)), symbols, places)
    mxene, sheet = ("CO2Ti2", "C2") if cells == 1 else ("C9O18Ti18", "C18")
    for lift in (0.0, 13.0):
        atoms.positions[:, 2] += lift
        atoms.wrap()
        with pytest.raises(StructureError, match=said.format(mxene=mxene, sheet=sheet)):
            find_orientation(atoms, ions=["Na"])


def test_a_metal_outside_is_told_how_to_be_named_where_there_is_no_other_ion():
    atoms = put_on(stack()[:7], "Ca", [[0, 0, -3.0]])
    with pytest.raises(StructureError, match=r"or name it if it is an ion \(--ion Ca\)"):
        find_orientation(atoms, ions=["Na"])
    assert not find_orientation(atoms, ions=["Ca"]).turned


def test_a_stack_along_another_axis_is_refused_with_the_axis_and_the_angle():
    along_x = stack()
    along_x.positions, cell = along_x.positions[:, [2, 0, 1]], CELL[:, [2, 0, 1]]
    for order in ([2, 0, 1], [0, 1, 2], [0, 2, 1]):
        with pytest.raises(StructureError, match=r"widest gap \(21\.6 Å\) is along x"):
            find_axes(with_cell(cell[order], atoms=along_x))
    leaning = stack()
    leaning.rotate(5, "x", rotate_cell=True)
    with pytest.raises(StructureError, match=r"vector 2 leaves the plane of x and y by 4\.3°"):
        find_axes(leaning)


def test_gap_and_vacuum_that_are_alike_are_told_apart_by_tags_alone():
    atoms = with_cell(CELL * [[1], [1], [18.0 / 30]])
    atoms.positions[5:7, 2] += 3.0  # 7 Å above the MXene, 6.6 below its image
    with pytest.raises(StructureError, match=r"7\.00 and 6\.60 Å apart.*more vacuum, or with tags"):
        find_orientation(atoms, ions=["Na"])
    atoms.set_tags(STACK_TAGS)
    assert not find_orientation(atoms).turned
    assert spacing_of(find_orientation(atoms).apply(atoms), convention="sheet") == pytest.approx(7)
