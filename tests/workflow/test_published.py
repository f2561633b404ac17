"""The published protocol: it plans, and its overlay and docs/protocols.md say the same."""

import fnmatch
import re
import shutil

import pytest
import yaml
from ase import units
from plans import plan
from project import new_project
from snakemake.utils import update_config

from anodeflow.study.loading import load_config

DIFFERENCES = 10
"""Rows of the study's own list; docs/protocols.md marks what else the overlay sets."""


def flat(value, path=""):
    """Return the leaves of nested mappings by their dotted paths."""
    if isinstance(value, dict) and value:
        inner = [flat(below, f"{path}.{key}" if path else key) for key, below in value.items()]
        return {key: leaf for leaves in inner for key, leaf in leaves.items()}
    return {path: value}


def rows(root):
    """Return each row of the table of docs/protocols.md: its cells, and the settings it names."""
    text = (root / "docs/protocols.md").read_text().split("## The differences")[1]
    table = text.split("\n\n")[1].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return [(row, re.findall(r"`([^`]+)`", row[2])) for row in cells]


@pytest.fixture(scope="module")
def overlay(root):
    return yaml.safe_load((root / "config/published.yaml").read_text())


def test_every_difference_is_a_setting_that_the_overlay_changes(root, overlay, study_config):
    published, rigorous = flat(overlay), flat(study_config)
    table = rows(root)
    assert [row[0] for row, _ in table] == [*map(str, range(1, DIFFERENCES + 1)), *"–––––––––"]
    for row, settings in table:
        assert settings, row
        for setting in settings:
            changed = [key for key in published if fnmatch.fnmatch(key, setting)]
            assert changed, setting
            assert all(published[key] != rigorous.get(key) for key in changed), setting


def test_the_overlay_changes_nothing_that_the_page_does_not_name(root, overlay):
    named = [setting for _, settings in rows(root) for setting in settings]
    for key in flat(overlay):
        assert any(fnmatch.fnmatch(key, setting) for setting in named), key


def test_the_published_runs_are_those_of_the_study_with_one_trajectory_each(overlay, study_config):
    alone = [run | {"replicas": 1} for run in study_config["dynamics"]["runs"]]
    assert overlay["dynamics"]["runs"] == alone
    assert study_config["dynamics"]["runs"] != alone


def test_the_overlay_is_valid_and_keeps_the_numbers_it_stands_for(root, overlay, study_config):
    update_config(study_config, overlay)
    config = load_config(study_config, root=root)
    assert config.dynamics.thermostat_time_fs * units.fs == pytest.approx(0.01)
    mxene = config.structures.layers["ti2co2"]
    assert mxene.metal_x_height == 3.0
    assert mxene.metal_x_height + mxene.metal_termination_height == 6.0
    near = config.structures.layers["ti2co2-near"]
    rigorous = load_config(yaml.safe_load((root / "config/config.yaml").read_text()), root=root)
    assert near == rigorous.structures.layers["ti2co2"]


@pytest.fixture(scope="module")
def published_plan(tmp_path_factory, root):
    project = new_project(tmp_path_factory.mktemp("published"), root)
    arguments = ("--configfile", "config/published.yaml")
    return plan(project.folder, root / "Snakefile", *arguments)


def find(jobs, rule, *names):
    (number,) = [n for n, job in jobs.items() if job.rule == rule and job.names == names]
    return number


def test_the_published_protocol_plans_every_stage(published_plan):
    counted = {}
    for job in published_plan.values():
        counted[job.rule] = counted.get(job.rule, 0) + 1
    expected = {"fetch_weights": 3, "scan_adhesion": 9, "run_dynamics": 27, "run_phonons": 6}
    assert expected.items() <= counted.items()


def test_omats_scan_takes_the_layer_that_mpa_relaxed_and_mps_scan_its_own(published_plan):
    for model, relaxed_by in (("mace-omat-0", "mace-mpa-0"), ("mace-mp-0", "mace-mp-0")):
        scan = published_plan[find(published_plan, "scan_adhesion", model, "m-go")]
        assert find(published_plan, "relax", relaxed_by, "graphene-o") in scan.needs
        assert find(published_plan, "relax", model, "ti2co2-near") in scan.needs


def test_the_stack_is_built_unscaled_and_says_so_on_the_terminal_and_in_its_file(project):
    shutil.copy(project.folder / "config/published.yaml", project.folder / "overlay.yaml")
    result = project.snakemake("results/structures/m-go.extxyz")
    assert result.returncode == 0, result.stdout
    (warned,) = [line for line in result.stdout.splitlines() if line.startswith("WARNING: ")]
    assert "results/structures/m-go.extxyz: 10 bonds of the top layer cross the boundary" in warned
    header = (project.folder / "results/structures/m-go.extxyz").read_text().splitlines()[1]
    assert "strained=top-unscaled" in header
    assert "boundary_bonds=10" in header
    layer = (project.folder / "results/structures/graphene-o.extxyz").read_text().splitlines()[1]
    assert "seed=1" in layer
    assert "group=epoxide-top" in layer
