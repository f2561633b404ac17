"""Every example in README and docs is run here, or stands below with the reason why it is not."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase.build import mx2
from ase.io import write
from pages import Block, Call, blocks, calls, commands_in_backticks, shown
from plans import Job, plan
from project import Project, new_project
from snakemake.utils import update_config
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.stages.dynamics.trajectory import read_trajectory
from anodeflow.structures.builders.ions import fill_ions
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.study.loading import load_config
from anodeflow.study.plan import Plan

NO_EXAMPLES = {
    "README.md: Snakefile            includes and `rule all`": "the folders of the project",
    "docs/hours.md: Hours of what is done, planned / used / of CPUs:": "what a dry run says",
    "docs/scorecard.md: WARNING: resources/reference/claims.yaml:": "what a job says",
}
"""Blocks that show and start nothing, by their pages and the beginning of their first lines."""

NOT_RUN = {
    "snakemake --report": "needs a finished study: tests/browser makes its report",
    "python -m anodeflow.testing": "a calculator of the reader's: test_contract.py",
    "python -m anodeflow.definitions": "writes docs/definitions.md: test_definitions.py",
    "python -c": "asks torch of the reader for its CUDA",
    "python benchmarks/": "takes minutes: that there are such files says test_map.py",
}
"""Commands that are started neither in earnest nor as a dry run, by how they begin."""

PLACES = ("/data/my-study", "/path/to/folder", "/tmp/gate")
NAMES = {"MODEL": "mace-mp-0", "ADDRESS": "https://example.org/whl"}
NEITHER = ("-n", "--cores", "--profile")
"""One of these is needed: Snakemake starts no job unless it is told how many at once."""

BLOCKS = blocks()


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def listed(name: str, reasons: dict[str, str]) -> bool:
    return any(name.startswith(beginning) for beginning in reasons)


@pytest.fixture(scope="module")
def project(tmp_path_factory, root) -> Project:
    """Return a project with what the examples speak of: files of the reader, other folders."""
    made = new_project(tmp_path_factory.mktemp("examples") / "project", root)
    overlays = {"my-study.yaml": "study:", "mine.yaml": "# mine.yaml"}
    for place in (".", "elsewhere", *(place[1:] for place in PLACES)):
        (made.folder / place).mkdir(parents=True, exist_ok=True)
        for name, start in overlays.items():
            (overlay,) = [b for b in of("yaml") if b.text.startswith(start) and "stacks" in b.text]
            (made.folder / place / name).write_text(overlay.text)
    for name in (".venv/bin/activate", ".envs/sevennet/bin/python", "results/m/backend_x.json"):
        for folder in (made.folder, made.folder / "tmp/gate"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).touch()
            (folder / name).chmod(0o755)
    for name in ("frames.traj", "frames.extxyz"):
        write(made.folder / name, run_of_another_program())
    write(made.folder / "mine.cif", mx2(vacuum=8))
    return made


def run_of_another_program() -> list:
    """Return frames of m-go with one Na, without tags, over 1.2 ps, whose atoms hardly move."""
    group = {"builder": "functionalised", "base": "graphene", "group": "epoxide"}
    layers = [
        build_layer(TI2CO2, cell_height=HEIGHT),
        build_layer(group | {"carrier": "middle"}, cell_height=HEIGHT, base=GRAPHENE),
    ]
    how = {"strained": "top", "spacing": 3.5, "registry": (0.0, 0.0), "strain_limit": 0.03}
    stack = fill_ions(
        stack_layers(*layers, cell_height=HEIGHT, **how), element="Na", count=1, spacing=4.3
    )
    stack.set_tags(0)
    stack.info = {}
    rng, frames = np.random.default_rng(0), [stack.copy() for _ in range(13)]
    for frame in frames:
        frame.positions += 0.01 * rng.normal(size=(len(stack), 3))
    return frames


def started_by(block: Block, project: Project) -> list[Call]:
    known = {place: str(project.folder) + place for place in PLACES}
    return calls(block, project.folder, known | NAMES | {"/path/to/anodeflow": str(project.root)})


def planned(call: Call, root: Path) -> list[Job]:
    """Return the jobs of a command line, as a dry run."""
    given = [word for word in call.arguments if word != "-n"]
    for option, value in (("-s", str(root / "Snakefile")), ("--cores", None)):
        if option in given:
            place = given.index(option)
            assert value in (None, given[place + 1])
            del given[place : place + 2]
    return jobs_of(call.folder, root / "Snakefile", *given)


@functools.cache
def jobs_of(folder: Path, snakefile: Path, *arguments: str) -> list[Job]:
    return list(plan(folder, snakefile, *arguments).values())


def test_every_block_is_of_a_kind_that_is_run_or_shows_what_is_not():
    for block in BLOCKS:
        assert block.language in ("sh", "yaml", "python") or listed(str(block), NO_EXAMPLES), block
    told = [str(block) for block in BLOCKS if block.language == ""]
    assert all(any(one.startswith(start) for one in told) for start in NO_EXAMPLES)


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_every_block_of_yaml_is_an_overlay_whose_models_can_be_studied(
    block, study_config, tmp_path
):
    overlay = yaml.safe_load(block.text)
    update_config(study_config, overlay)
    for path in overlay.get("environments", {}).values():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch(0o755)
    models = list(overlay.get("models", study_config["study"]["models"]))
    study_config["study"]["models"] = models
    found = Plan(load_config(study_config, root=tmp_path))
    assert found.models("relaxation") == models


COMMANDS = [*of("sh"), *commands_in_backticks()]
COMMANDS = list({block.text: block for block in COMMANDS}.values())


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_every_command_runs_or_can_be_planned_as_it_is_typed(block, project):
    for call in started_by(block, project):
        if listed(shown(call), NOT_RUN):
            continue
        if call.name == "make":
            target = ["make", "-C", project.root, "--dry-run", *call.arguments]
            run = subprocess.run(target, capture_output=True, text=True, check=False)
            assert run.returncode == 0, run.stderr
        elif call.name == "snakemake":
            assert any(option in call.arguments for option in NEITHER), shown(call)
            jobs = planned(call, project.root)
            assert jobs, shown(call)
            # Options with several values take a target for one of them.
            assert "--forcerun" not in call.arguments or len(jobs) < 10
        else:
            run_python(call, project)


def run_python(call: Call, project: Project) -> None:
    """Run a command of the library, and read the trajectory that it imported."""
    variables = os.environ | {"PYTHONPATH": str(project.root / "src")}
    command = [sys.executable, *call.arguments]
    run = subprocess.run(
        command, cwd=call.folder, env=variables, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    if call.arguments[1] == "anodeflow.import_trajectory":
        assert len(read_trajectory(call.folder / call.arguments[3]).positions) == 13


def test_the_lists_of_what_is_not_run_hold_nothing_that_no_page_has(project):
    started = [shown(call) for block in COMMANDS for call in started_by(block, project)]
    assert all(any(one.startswith(start) for one in started) for start in NOT_RUN)


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_the_workflow_of_which_this_is_a_module_plans_the_whole_study(block, project, tmp_path):
    text = block.text.replace("/path/to/anodeflow", str(project.root))
    (tmp_path / "outer.yaml").write_text("anodeflow: {study: {models: [mace-mp-0]}}\n")
    (tmp_path / "Snakefile").write_text(f'configfile: "outer.yaml"\n{text}')
    rules = [job.rule for job in plan(tmp_path, tmp_path / "Snakefile").values()]
    assert rules.count("anodeflow_run_dynamics") > 1
    assert {rule.partition("_")[0] for rule in rules} == {"anodeflow"}
