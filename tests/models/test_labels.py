"""Where labels have a Hubbard U: the rule against the settings that pymatgen ships."""

from importlib.util import find_spec
from itertools import combinations
from pathlib import Path

import yaml
from ase.data import chemical_symbols

from anodeflow.models.labels import ANIONS, METALS, with_hubbard_u


def u_values() -> dict[str, dict[str, float]]:
    """Return U (eV) of the Materials Project's relaxations, by anion and metal, as in pymatgen."""
    sets = Path(find_spec("pymatgen.io.vasp").origin).with_name("MPRelaxSet.yaml")
    return yaml.safe_load(sets.read_text())["INCAR"]["LDAUU"]


def test_metals_and_anions_with_a_u_are_those_of_the_materials_projects_settings():
    given = u_values()
    assert set(given) == ANIONS
    for metals in given.values():
        assert {metal for metal, value in metals.items() if value > 0} == METALS


def test_two_elements_have_a_u_where_pymatgen_gives_one_of_them_a_value_beside_the_other():
    given = u_values()
    found = {
        frozenset(pair) for pair in combinations(chemical_symbols[1:], 2) if with_hubbard_u(pair)
    }
    assert found == {frozenset((metal, anion)) for anion in given for metal in given[anion]}


def test_a_metal_without_oxygen_or_fluorine_and_a_layer_of_titanium_have_none():
    assert with_hubbard_u(["V", "C", "O", "B", "N"])
    assert not with_hubbard_u(["V", "C"])
    assert not with_hubbard_u(["Ti", "C", "O", "H", "Na"])
