"""The metals of ions: their table, what settings leave to it, and what contradicts it."""

import re

import ase.build
import numpy as np
import pytest
from ase.data import atomic_numbers, reference_states
from places import ROOT

from anodeflow.elements import METALS, atomic_volume
from anodeflow.errors import ConfigError
from anodeflow.structures.builders.ions import build_bulk
from anodeflow.study.loading import load_config
from anodeflow.study.plan import Plan
from anodeflow.study.settings import Given

GROUP = {"Li": 1, "Na": 1, "K": 1, "Mg": 2, "Ca": 2, "Zn": 2, "Al": 3}
RUBIDIUM = {"electrons_per_ion": 1, "bulk": {"structure": "bcc", "lattice": 5.59}}


@pytest.fixture
def metal(study_config, root):
    """Return what reads the study with other ions: their charge, and how their metal starts."""

    def read(**ions) -> tuple[int, dict]:
        study_config["structures"]["ions"].update(ions)
        given = Given(Plan(load_config(study_config, root=root)))
        return given.config["structures"]["ions"]["electrons_per_ion"], given.metal

    return read


def test_the_table_has_the_lattices_of_ase_but_for_the_start_that_sodium_always_had():
    assert METALS.keys() == GROUP.keys()
    for element, known in METALS.items():
        ase = reference_states[atomic_numbers[element]]
        assert known.structure == ase["symmetry"]
        assert known.c_over_a == ase.get("c/a")
        assert known.lattice == (4.29 if element == "Na" else ase["a"])
        assert known.electrons_per_ion == GROUP[element]


@pytest.mark.parametrize("element", METALS)
def test_the_volume_of_an_atom_is_that_of_the_cell_that_is_built(element):
    known = METALS[element]
    how = {"structure": known.structure, "lattice": known.lattice, "c_over_a": known.c_over_a}
    built = build_bulk(element, **how)
    assert built.get_volume() / len(built) == pytest.approx(known.atomic_volume)
    cell = ase.build.bulk(element, known.structure, a=known.lattice, covera=known.c_over_a)
    np.testing.assert_allclose(built.cell, cell.cell)


def test_an_hcp_metal_without_its_own_ratio_has_the_ideal_one():
    built = build_bulk("Mg", structure="hcp", lattice=3.2)
    assert built.cell.lengths()[2] / 3.2 == pytest.approx(np.sqrt(8 / 3))
    assert atomic_volume("hcp", 3.2) == pytest.approx(built.get_volume() / 2)


@pytest.mark.parametrize("element", METALS)
def test_the_element_alone_brings_its_charge_and_metal(metal, element):
    known, (charge, start) = METALS[element], metal(element=element)
    assert charge == GROUP[element]
    assert (start["structure"], start["lattice"]) == (known.structure, known.lattice)
    assert start.get("c_over_a") == known.c_over_a


def test_the_study_has_sodium_as_it_always_had(metal):
    assert metal() == (1, {"structure": "bcc", "lattice": 4.29})


def test_what_is_given_in_full_is_what_the_element_alone_brings(metal):
    alone = metal(element="Mg")
    assert metal(electrons_per_ion=2, bulk={"structure": "hcp", "lattice": 3.21}) == alone
    lattice_only = metal(electrons_per_ion=None, bulk={"lattice": 3.2})
    assert lattice_only == (2, {"structure": "hcp", "lattice": 3.2, "c_over_a": 1.624})


def test_another_structure_of_a_metal_is_taken_with_its_own_lattice(metal):
    assert metal(bulk={"structure": "fcc", "lattice": 5.4})[1]["structure"] == "fcc"
    _, start = metal(element="Mg", bulk={"structure": "bcc", "lattice": 3.57})
    assert start == {"structure": "bcc", "lattice": 3.57}


def test_an_element_outside_the_table_is_taken_with_all_that_the_table_lacks(metal):
    assert metal(element="Rb", **RUBIDIUM) == (1, {"structure": "bcc", "lattice": 5.59})


@pytest.mark.parametrize(
    ("ions", "said"),
    [
        ({"element": "Rb"}, "the charge and metal of Rb are not known here, but those of Li, Na"),
        (
            {"element": "Rb", "bulk": {"structure": "bcc", "lattice": 5.6}},
            "electrons_per_ion, bulk",
        ),
        ({"element": "Mg", "electrons_per_ion": 1}, "an atom of Mg gives 2: set it to null"),
        ({"electrons_per_ion": 2}, "electrons_per_ion is 2, but an atom of Na gives 1"),
        # Sodium's metal, which an overlay of the element alone left behind.
        ({"element": "K", "bulk": {"lattice": 4.23}}, r"37.8 Å³ an atom, but the metal K is bcc"),
        ({"element": "Li", "bulk": {"structure": "bcc", "lattice": 4.29}}, "a = 3.49 Å"),
        ({"bulk": {"structure": "fcc"}}, "Na is known as bcc only: give bulk.lattice as well"),
    ],
)
def test_what_is_not_the_elements_gets_one_sentence(metal, ions, said):
    with pytest.raises(ConfigError, match=re.escape(said).replace(r"\.", ".")) as caught:
        metal(**ions)
    assert str(caught.value).startswith("config: structures.ions: ")
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_the_page_has_the_table():
    page = (ROOT / "docs/ions.md").read_text()
    for element, known in METALS.items():
        ratio = "" if known.c_over_a is None else f", c/a = {known.c_over_a}"
        lattice = f"{known.structure}, a = {known.lattice} Å{ratio}"
        assert f"| {element} | {known.electrons_per_ion} | {lattice} | {known.source} |" in page
