"""Values of `--config`, which Snakemake hands on as texts, are read as in a file."""

import pytest
import yaml
from snakemake.cli import parse_config
from snakemake.utils import update_config

from anodeflow.config.command_line import read_texts


@pytest.mark.parametrize(
    "text",
    [
        "dynamics={seed: 7}",
        "dynamics={temperatures: [300, 350.5], timestep_fs: 1.0e-1, hold_centres_of_mass: true}",
        "models={a: {label: A 1, weights: {source: 0.3.0, sha256: null}, stages: [relaxation]}}",
        "diffusion={exceptions: [{stacks: [m-g], ions: 8, origins: 200, moved_only: 3.0}]}",
        "weights_mirror=null",
        "adhesion={}",
    ],
)
def test_what_is_given_on_the_command_line_is_what_a_file_would_say(text):
    given = parse_config([text])
    config = {"dynamics": {"seed": 2025, "together": "16"}, "phonons": {"mesh": ["1"]}}
    update_config(config, given)
    key, _, value = text.partition("=")
    expected = {"dynamics": {"seed": 2025, "together": "16"}, "phonons": {"mesh": ["1"]}}
    update_config(expected, {key: yaml.safe_load(value)})
    assert read_texts(config, given) == expected


def test_a_value_that_was_replaced_since_is_left_alone():
    assert read_texts({"seed": "8"}, {"seed": "7"}) == {"seed": "8"}
