"""Layers and stacks that cannot fit are refused when the study is planned."""

import pytest
from snakemake.utils import update_config

from anodeflow.errors import ConfigError
from anodeflow.study.checks import check_fit
from anodeflow.study.loading import load_config

ROOT7 = [[3, 1], [-1, 2]]
FILE = {"builder": "file", "path": "README.md", "size": [5, 5]}


def refused(study_config, root, overlay, said):
    update_config(study_config, overlay)
    with pytest.raises(ConfigError, match=said):
        check_fit(load_config(study_config, root=root))


def test_the_study_fits(study_config, root):
    check_fit(load_config(study_config, root=root))


@pytest.mark.parametrize(
    ("structures", "said"),
    [
        ({"cell_height": 8.0}, r"config: structures\.layers\.ti2co2: .* 3\.5 Å of vacuum"),
        ({"cell_height": 27.0}, r"structures\.stacks\.m-g: the stack leaves 19\.0 Å of vacuum"),
        ({"layers": {"ti2co2": {"n": 9}}}, r"structures\.layers\.ti2co2: .* 14\.5 Å of vacuum"),
        ({"layers": {"graphene": {"size": ROOT7}}}, r"stacks\.m-g: .* strained by 86\.22 %"),
        ({"layers": {"ti2co2": {"size": [5, 4]}}}, r"stacks\.m-g: .* strained by 25\.30 %"),
        ({"layers": {"graphene": {"lattice": 2.7}}}, r"'graphene' would be strained by -10\.22 %"),
        ({"stacks": {"m-go": {"spacing": 17.0}}}, r"stacks\.m-go: the stack leaves 18\.5 Å"),
    ],
)
def test_what_cannot_fit_is_refused_with_its_entry(study_config, root, structures, said):
    refused(study_config, root, {"structures": structures}, said)


def test_what_is_defined_and_not_studied_may_be_anything(study_config, root):
    layers = {"sheet": study_config["structures"]["layers"]["graphene"] | {"size": [2, 2]}}
    stacks = {"spare": study_config["structures"]["stacks"]["m-g"] | {"top": "sheet"}}
    update_config(study_config, {"structures": {"layers": layers, "stacks": stacks}})
    check_fit(load_config(study_config, root=root))
    refused(study_config, root, {"study": {"stacks": ["spare"]}}, "the top layer 'sheet'")


@pytest.mark.parametrize(
    ("layer", "stack", "said"),
    [
        ({}, {"bottom": "graphene"}, r"stacks\.m-g\.bottom is 'graphene', a layer that lies at th"),
        ({}, {"top": "ti2co2"}, r"stacks\.m-g\.top is 'ti2co2', a layer that lies at the bottom"),
        (
            {},
            {"bottom": "graphene-o"},
            r"m-g\.bottom is 'graphene-o', a layer that lies at the top",
        ),
        ({"role": "top"}, {"bottom": "mine"}, r"m-g\.bottom is 'mine', a layer that lies at the t"),
        ({"role": "bottom"}, {"top": "mine"}, r"m-g\.top is 'mine', a layer that lies at the bott"),
    ],
)
def test_a_layer_in_the_place_of_the_other_is_refused(study_config, root, layer, stack, said):
    layers = {"mine": FILE | {"role": "top"} | layer}
    overlay = {"structures": {"layers": layers, "stacks": {"m-g": stack}}}
    refused(study_config, root, overlay, said)


def test_a_group_needs_a_file_that_is_a_sheet(study_config, root):
    layers = {"mine": FILE | {"role": "bottom"}, "graphene-o": {"base": "mine"}}
    refused(study_config, root, {"structures": {"layers": layers}}, "'mine', which is no plain she")
    layers = {"mine": FILE | {"role": "top"}}
    update_config(study_config, {"structures": {"layers": layers}})
    check_fit(load_config(study_config, root=root))
