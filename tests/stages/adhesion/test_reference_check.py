"""Layers apart that are not those of the stack are named, and those that are say nothing."""

import io

import numpy as np
import pytest
from demo_model import load_demo
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.stages.adhesion.layers_apart import evaluate_layer, reference_layers
from anodeflow.stages.adhesion.reference_check import (
    FAR_GAP,
    bond_neighbourhoods,
    check_references,
    pull_apart,
)
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.structures import roles
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.geometry import area_nm2


def hydroxyl():
    settings = {"builder": "functionalised", "base": "graphene", "group": "hydroxyl"}
    return build_layer(settings | {"carrier": "middle"}, cell_height=HEIGHT, base=GRAPHENE)


def straight_down(layer):
    """The layer that the study referred to: C–O 1.82 Å, O–H straight down."""
    bad = layer.copy()
    (oxygen,) = np.flatnonzero(layer.get_tags() == roles.SHEET_GROUP)
    (hydrogen,) = np.flatnonzero(layer.get_tags() == roles.SHEET_HYDROGEN)
    distances = layer.get_distances(oxygen, np.flatnonzero(roles.sheet(layer)), mic=True)
    carbon = np.flatnonzero(roles.sheet(layer))[distances.argmin()]
    bad.positions[oxygen] = bad.positions[carbon] - [0, 0, 1.82]
    bad.positions[hydrogen] = bad.positions[oxygen] - [0, 0, 0.98]
    return bad


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """The demo model's m-goh, its layers apart, and what was found when it was pulled apart."""
    folder = tmp_path_factory.mktemp("references")
    cutoffs = {"pair_cutoff_bohr": 40.0, "coordination_cutoff_bohr": 40.0}
    d3 = {"functional": "pbe", "damping": "bj", "library": "anodeflow"} | cutoffs
    calc = load_demo(folder, "float64", dispersion=d3)
    layers = build_layer(TI2CO2, cell_height=HEIGHT), hydroxyl()
    options = {"strained": "top", "spacing": 3.5, "registry": (0.0, 0.0), "strain_limit": 0.03}
    stack = stack_layers(*layers, cell_height=HEIGHT, **options)
    kept = KeptMinima(folder, "PreconBFGS", 0.01, 500, fingerprint_extra="", log=io.StringIO())
    references = reference_layers(stack, *layers, calc, kept=kept)
    return references | pull_apart(stack, calc, kept=kept), calc


def test_the_neighbourhoods_do_not_depend_on_the_order_of_atoms_and_see_a_broken_bond():
    layer = hydroxyl()
    order = np.random.default_rng(1).permutation(len(layer))
    assert bond_neighbourhoods(layer) == bond_neighbourhoods(layer[order])
    assert bond_neighbourhoods(layer) != bond_neighbourhoods(straight_down(layer))


@pytest.mark.slow
def test_far_apart_there_is_dispersion_alone_and_the_layers_are_the_references(checked):
    references, _ = checked
    far = references["far"]
    z = far.positions[:, 2]
    gap = z[roles.top(far)].min() - z[roles.bottom(far)].max()
    assert gap > FAR_GAP - 1  # the group may relax into it
    found = check_references(references)
    print(found)
    assert abs(found.far_eV_nm2 - found.far_dispersion_eV_nm2) < 0.01
    assert 0.005 < found.far_dispersion_eV_nm2 < 0.1
    assert found.bottom.same_bonds and found.top.same_bonds
    assert abs(found.bottom.cut_minus_reference_eV) < 0.01
    assert found.sentence is None


@pytest.mark.slow
def test_a_reference_of_the_kind_that_the_study_used_is_flagged_with_what_it_costs(checked):
    references, calc = checked
    given = evaluate_layer(straight_down(references["top_own"]), calc, "top_given")
    found = check_references(references | {"top_given": given})
    assert not found.top.same_bonds
    assert found.top.cut_minus_reference_eV < -0.5
    assert "is not the ground state" in found.sentence
    assert "has other bonds than that of the stack" in found.sentence
    assert found.bottom.same_bonds


@pytest.mark.slow
def test_a_reference_stuck_above_the_layer_of_the_stack_is_seen_from_both_sides(checked):
    references, _ = checked
    stuck = references["top"].copy()
    stuck.info["energy_model"] += 0.05
    found = check_references(references | {"top": stuck})
    lower = check_references(references).top.cut_minus_reference_eV - 0.05
    assert found.top.cut_minus_reference_eV == pytest.approx(lower)
    assert "is not the ground state" in found.sentence
    unexplained = found.far_eV_nm2 - found.far_dispersion_eV_nm2
    assert unexplained == pytest.approx(0.05 / area_nm2(references["far"]), abs=0.01)
    assert "Far apart the layers still bind" in found.sentence
