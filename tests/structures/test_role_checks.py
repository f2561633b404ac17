"""Tags that a file brings are those of elements, bonds and planes, or refused with an atom."""

import ase.io
import numpy as np
import pytest
from layers import DATA, STACK_TAGS, from_file, mxene, sheet, stack

from anodeflow.errors import StructureError
from anodeflow.structures.role_checks import check_layer_tags, check_stack_tags
from anodeflow.structures.role_guessing import guess_layer_tags


def test_right_tags_pass_also_of_two_layers_with_metals():
    atoms = stack()
    atoms.set_tags(STACK_TAGS)
    check_stack_tags(atoms)
    atoms.symbols[5:7] = ["Ga", "N"]
    check_stack_tags(atoms)
    for path, role in (("Ti3C2OH2.vasp", "bottom"), ("C8O.vasp", "top")):
        layer = ase.io.read(DATA / path)
        layer.set_tags(guess_layer_tags(layer, role))
        check_layer_tags(layer, role)


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ([3, 0, 2, 0, 1, 10, 10, 20], r"atom 0 \(O\) has the tag 3 .* it is 1"),
        ([1, 2, 2, 0, 3, 10, 10, 20], r"atom 1 \(Ti\) has the tag 2 .* it is 0"),
        ([1, 0, 2, 0, 3, 2, 10, 20], r"atom 5 \(C\) has the tag 2, of the bottom layer"),
        ([1, 0, 2, 0, 3, 11, 10, 20], r"atom 5 \(C\) has the tag 11 .* it is 10"),
        ([1, 0, 2, 0, 10, 10, 10, 20], r"atom 4 \(O\) has the tag 10, of the top layer|no facing"),
        ([1, 0, 2, 0, 3, 10, 10, 10], r"atom 7 \(Na\) has the tag 10, while an alkali is an ion"),
        ([1, 0, 2, 0, 3, 10, 20, 20], r"atom 6 \(C\) has the tag 20 .* other C are of a layer"),
        ([1, 0, 2, 0, 3, 10, 10, 7], r"atom 7 \(Na\) has the tag 7: tags are 0-4"),
        ([10, 10, 10, 10, 10, 1, 3, 20], r"atom 5 \(C\) has the tag 1, .* in which there is no me"),
        ([1, 0, 2, 0, 4, 10, 10, 20], "no facing termination"),
    ],
)
def test_wrong_tags_of_a_stack_are_refused_with_the_atom(tags, sentence):
    atoms = stack()
    atoms.set_tags(tags)
    with pytest.raises(StructureError, match=sentence):
        check_stack_tags(atoms)


def test_files_with_swapped_or_missing_roles_are_refused_and_right_ones_taken(tmp_path):
    layer = mxene(2)
    right = guess_layer_tags(layer, "bottom")
    for name, tags in {"right": right, "swapped": np.choose(right, [0, 3, 2, 1])}.items():
        layer.set_tags(tags)
        layer.write(tmp_path / f"{name}.extxyz")
    assert from_file(tmp_path / "right.extxyz", "bottom").get_tags().tolist() == right.tolist()
    with pytest.raises(StructureError, match=r"swapped\.extxyz: atom 0 \(O\) has the tag 3"):
        from_file(tmp_path / "swapped.extxyz", "bottom")
    with pytest.raises(StructureError, match=r"atom 0 \(O\) has the tag 1 .* it is 10"):
        from_file(tmp_path / "right.extxyz", "top")


def test_a_layer_that_is_refused_without_tags_is_refused_with_them(tmp_path):
    iron = ase.io.read(DATA / "Ti2CO2_Fe_adsorbed.vasp")
    iron.set_tags(np.where(iron.symbols == "Fe", 3, 2))
    iron.write(tmp_path / "iron.extxyz")
    with pytest.raises(StructureError, match=r"upper face .* no plane"):
        from_file(tmp_path / "iron.extxyz", "bottom")
    lithium = sheet(2)
    lithium.symbols[0] = "Li"
    lithium.set_tags(10)
    lithium.write(tmp_path / "lithium.extxyz")
    with pytest.raises(StructureError, match=r"\(Li\) is an ion"):
        from_file(tmp_path / "lithium.extxyz", "top")
