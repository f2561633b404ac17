"""Stacks without tags: layers, ions, and what is neither."""

import pytest
from ase import Atoms
from layers import STACK_TAGS, mxene, put_on, stack

from anodeflow.errors import StructureError
from anodeflow.structures.role_guessing import guess_stack_tags


def test_ions_of_two_kinds_are_ions_where_both_are_named():
    atoms = put_on(stack(), "Li", [[0, 0, 5.7]])
    assert guess_stack_tags(atoms, ions=["Na", "Li"]).tolist() == [*STACK_TAGS, 20]
    atoms = put_on(stack("Mg"), "Ca", [[0, 0, 6.2]])
    assert guess_stack_tags(atoms, ions=["Ca", "Mg"]).tolist() == [*STACK_TAGS, 20]


@pytest.mark.parametrize(
    ("atoms", "sentence"),
    [
        (put_on(stack(), "Li", [[0, 0, 5.7]]), r"atom 8 \(Li\) .*name it \(--ion Na --ion Li\)"),
        (put_on(stack(), "K", [[0, 0, 12.0]]), r"atom 8 \(K\) .*name it \(--ion Na --ion K\)"),
        (put_on(stack(), "Mg", [[0, 0, 6.2]]), r"1 bonded part,.*name the ions \(--ion Mg\)"),
        (put_on(stack(), "Zn", [[0, 0, 5.6]]), r"atom 8 \(Zn\) is an ion .*name it"),
        (put_on(stack(), "Ca", [[0, 0, 14.0]]), r"atom 8 \(Ca\) .*name it \(--ion Na --ion Ca\)"),
        (put_on(stack(), "Fe", [[0, 0, 5.6]]), r"atom 8 \(Fe\) is the outermost metal"),
        (mxene(), r"1 bonded part, 1 with a metal"),
        (stack()[5:], r"1 bonded part, 0 with a metal"),
        (put_on(stack(), "He", [[0, 0, 6.2]]), r"atom 8 \(He\) is bonded to no layer"),
    ],
    ids=["Li", "K outside", "Mg", "Zn", "Ca outside", "Fe", "no sheet", "no MXene", "He"],
)  # fmt: skip
def test_what_is_no_layer_and_was_not_named_as_an_ion_is_refused(atoms, sentence):
    with pytest.raises(StructureError, match=sentence):
        guess_stack_tags(atoms, ions=["Na"])


def test_the_hydrogen_of_oh_faces_do_not_count_in_the_facing_plane():
    atoms = put_on(stack(), "H2", [[1.23, 0.71, 5.38], [0, 0, -0.98]])
    assert guess_stack_tags(atoms, ions=["Na"]).tolist() == [*STACK_TAGS, 4, 4]


def test_a_sheet_of_a_compound_with_an_ions_metal_is_the_sheet():
    atoms = stack()
    atoms.symbols[5:7] = ["Al", "N"]
    assert guess_stack_tags(atoms, ions=["Na"]).tolist() == STACK_TAGS


def test_two_layers_with_metals_need_tags():
    atoms = stack()
    sulphide = Atoms("SMoS", positions=[[0, 0, 18.4], [1.23, 0.71, 20.0], [0, 0, 21.6]])
    with pytest.raises(StructureError, match=r"2 bonded parts, 2 with a metal"):
        guess_stack_tags(atoms[:5] + sulphide, ions=["Na"])
