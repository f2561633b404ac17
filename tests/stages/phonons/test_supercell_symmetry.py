"""Supercells of the phonons: refused where spglib finds less symmetry than in the unit cell."""

import pytest
import spglib
from pydantic import TypeAdapter, ValidationError
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.config.types import InPlane
from anodeflow.errors import ConfigError
from anodeflow.structures.builders.layers import build_unit
from anodeflow.study.loading import load_config


def rotations(layer, repeats) -> int:
    """Return how many rotations a supercell of a layer has, by spglib."""
    built = build_unit(layer, cell_height=HEIGHT).repeat(repeats)
    given = (built.cell.array, built.get_scaled_positions(), built.numbers)
    return len({tuple(r.ravel()) for r in spglib.get_symmetry(given)["rotations"]})


@pytest.mark.parametrize("layer", [GRAPHENE, TI2CO2], ids=["graphene", "ti2co2"])
@pytest.mark.parametrize("repeats", [[2, 2, 1], [3, 3, 1], [4, 1, 1], [4, 2, 1], [2, 3, 1]])
def test_a_supercell_is_refused_where_it_has_fewer_rotations_than_the_unit_cell(layer, repeats):
    keeps = rotations(layer, repeats) == rotations(layer, [1, 1, 1])
    check = TypeAdapter(InPlane).validate_python
    if keeps:
        assert check(repeats) == repeats
    else:
        with pytest.raises(ValidationError, match="break the symmetry of a hexagonal layer"):
            check(repeats)


@pytest.mark.parametrize(
    ("where", "numbers", "said"),
    [
        ("supercell", [4, 1, 1], "4 along a and 1 along b break .*: give \\[4, 4, 1\\]"),
        ("supercell", [2, 4, 1], "give \\[4, 4, 1\\]"),
        ("supercell", [4, 4, 2], "2 along c repeat the vacuum of a layer: give \\[4, 4, 1\\]"),
        ("mesh", [20, 10, 1], "phonons.mesh: 20 along a and 10 along b"),
        ("convergence", [6, 4, 1], "phonons.convergence.supercells.graphene: 6 along a"),
    ],
)
def test_such_a_setting_gets_one_sentence_with_its_key(study_config, root, where, numbers, said):
    phonons = study_config["phonons"]
    if where == "supercell":
        phonons["layers"]["graphene"]["supercell"] = numbers
    elif where == "mesh":
        phonons["mesh"] = numbers
    else:
        phonons["convergence"]["supercells"]["graphene"] = numbers
    with pytest.raises(ConfigError, match=said) as caught:
        load_config(study_config, root=root)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
