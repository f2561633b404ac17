"""The configuration as commands read it: what an overlay does is what it does to snakemake."""

import pytest
import yaml
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

from anodeflow.errors import ConfigError
from anodeflow.study.loading import load_config, read_config
from anodeflow.study.plan import Plan


@pytest.fixture
def overlay(root, tmp_path, monkeypatch):
    """Return what writes an overlay, in the working directory of the shipped configuration."""
    monkeypatch.chdir(root)

    def written(text: str):
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return path

    return written


def test_an_overlay_lies_over_the_configuration_as_snakemake_lays_it(overlay):
    run = {"stacks": ["m-g"], "ions": 2, "equilibration_ps": 1.0, "production_ps": 2.0}
    run |= {"replicas": 1, "temperatures": None}
    path = overlay(yaml.safe_dump({"dynamics": {"temperatures": [500.0], "runs": [run]}}))
    read = read_config(path)
    assert list(Plan(read).runs) == ["m-g_2na_500K_0"]
    by_snakemake = load_configfile("config/config.yaml")
    update_config(by_snakemake, load_configfile(path))
    assert read == load_config(by_snakemake)
    assert read.dynamics.stability == read_config(None).dynamics.stability


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "mine.yaml cannot be read as a configuration \\(while parsing"),
        ("- 1", "mine.yaml cannot be read as a configuration \\(it holds no keys\\)"),
        ("", "mine.yaml cannot be read as a configuration \\(it holds no keys\\)"),
        ("a: 1", "unknown key 'a'"),
        ("study: {}\nstudy: {}\n", "the name 'study' stands twice"),
    ],
)
def test_a_file_that_is_no_overlay_is_refused_in_a_sentence(overlay, text, said):
    with pytest.raises(ConfigError, match=said) as caught:
        read_config(overlay(text))
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    if "no keys" in said:
        with pytest.raises(WorkflowError):
            load_configfile(overlay(text))
