"""The workflow in a folder that holds none of it, as a module, and in surroundings that are odd."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from environments import TARGET, overlay
from examples.voltage import CURVE as VOLTAGES
from plans import plan
from project import Project

from anodeflow.models.weights.card import WeightsCard
from anodeflow.stages.voltage.results import CURVE
from anodeflow.structures.files import read_structure

LAYER, WEIGHTS = "results/structures/graphene.extxyz", "resources/weights/mace-demo.model"
DEMO_PLAN = {"fetch_weights": 2, "run_phonons": 4, "scan_adhesion": 3, "run_dynamics": 9}


def counted(project: Project, *arguments: str) -> Counter:
    """Return how many jobs of each rule a dry run lists."""
    return Counter(
        job.rule for job in plan(project.folder, project.root / "Snakefile", *arguments).values()
    )


@pytest.fixture
def bare(tmp_path, root) -> Project:
    """Return a project in a folder that holds nothing."""
    (tmp_path / "started here").mkdir()
    return Project(tmp_path / "started here", root)


def test_the_demo_is_planned_and_runs_in_another_folder_than_that_of_the_snakefile(
    bare, tmp_path, root
):
    folder = tmp_path / "else where"
    asked = ["-d", str(folder), "--configfile", str(root / "config/demo.yaml")]
    assert counted(bare, *asked) >= Counter(DEMO_PLAN)
    before = set(bare.folder.iterdir())
    result = bare.snakemake(LAYER, WEIGHTS, *asked)
    assert result.returncode == 0, result.stdout
    assert len(read_structure(folder / LAYER)) == 50
    card = json.loads((folder / WEIGHTS).with_suffix(".json").read_text())
    assert card["source"] == "resources/demo-model/mace-mxene-demo.model"
    assert set(bare.folder.iterdir()) == before
    jobs = plan(bare.folder, root / "Snakefile", LAYER, WEIGHTS, *asked)
    assert [job.runs for job in jobs.values()] == [False, False]


def test_a_file_in_neither_place_is_refused_with_both_places(bare, root):
    bare.overlay({"reference": {"adhesion": "mine.csv"}})
    said = bare.snakemake("-n").stdout
    places = f"no file in {bare.folder}, nor beside the Snakefile in {root}"
    assert f"reference.adhesion is 'mine.csv', where there is {places}" in said
    assert "Traceback" not in said


MODULE = """
configfile: "outer.yaml"

rule all:
    input: "outer.txt"

rule outer:
    output: "outer.txt"
    shell: "touch {{output}}"

module anodeflow:
    snakefile: "{root}/Snakefile"
    config: config["anodeflow"]
    {prefix}

use rule * from anodeflow as anodeflow_*
"""


@pytest.fixture(params=["", "battery/"], ids=["no prefix", "prefix"])
def outer(request, bare, root) -> tuple[Project, str]:
    """Return another workflow, of which this one is a module, and the folder of our results."""
    demo = yaml.safe_load((root / "config/demo.yaml").read_text())
    (bare.folder / "outer.yaml").write_text(yaml.safe_dump({"anodeflow": demo}))
    prefix = f'prefix: "{request.param}"' if request.param else ""
    (bare.folder / "Snakefile").write_text(MODULE.format(root=root, prefix=prefix))
    return replace(bare, root=bare.folder), request.param


def test_a_module_plans_the_demo_under_its_names_and_leaves_the_other_workflow_its_own(outer):
    project, _ = outer
    planned = counted(project, "anodeflow_all")
    assert planned >= Counter({f"anodeflow_{rule}": count for rule, count in DEMO_PLAN.items()})
    assert counted(project) == {"outer": 1}


def test_jobs_of_a_module_run_and_write_below_its_prefix(outer):
    project, prefix = outer
    targets = [f"{prefix}{LAYER}", f"{prefix}{WEIGHTS}"]
    result = project.snakemake(*targets, "--config", "anodeflow={structures: {cell_height: 35}}")
    assert result.returncode == 0, result.stdout
    assert read_structure(project.folder / targets[0]).cell.lengths()[2] == pytest.approx(35.0)
    assert (project.folder / targets[1]).is_file()
    logs = project.folder / f"{prefix}results/logs"
    assert {path.name for path in logs.iterdir()} == {"build_layer", "fetch_weights"}
    assert not prefix or not (project.folder / "results").exists()


@pytest.mark.parametrize("outer", ["battery/"], indirect=True)
def test_a_figure_of_a_module_is_drawn_by_its_own_script_beside_shipped_values(outer):
    project, prefix = outer
    table = project.folder / prefix / "results/mace-demo/voltage/m-go.csv"
    table.parent.mkdir(parents=True)
    CURVE.write(VOLTAGES, table)
    figure = f"{prefix}results/figures/voltage.png"
    result = project.snakemake(figure, "--allowed-rules", "anodeflow_plot_voltage")
    assert result.returncode == 0, result.stdout
    shown = (project.folder / figure).with_suffix(".csv").read_text()
    assert "MACE demo" in shown and "(published)" in shown


def test_a_module_holds_pins_to_the_weights_below_its_prefix(outer):
    project, prefix = outer
    card = project.folder / prefix / "resources/weights/mace-demo.json"
    card.parent.mkdir(parents=True)
    WeightsCard(source=None, family="mace", sha256="a" * 64, size_bytes=1).write(card)
    with pytest.raises(RuntimeError, match=r"models\.mace-demo\.weights\.sha256 is"):
        counted(project, "anodeflow_all")


def test_a_clone_below_a_blank_is_refused_before_anything_is_installed(tmp_path, root):
    clone = tmp_path / "a b"
    clone.mkdir()
    shutil.copy(root / "Makefile", clone)
    command = ["make", "-C", str(clone), "demo"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert f"The path of this folder, {clone}, has a blank" in result.stderr
    assert [path.name for path in clone.iterdir()] == ["Makefile"]


def test_a_python_below_a_blank_is_refused_before_any_job(bare, tmp_path):
    (tmp_path / "a b").symlink_to(Path(sys.prefix))
    python = str(tmp_path / "a b/bin/python")
    command = bare.command("-n", LAYER, python=python)
    run = subprocess.run(command, cwd=bare.folder, capture_output=True, text=True, check=False)
    said = run.stdout + run.stderr
    assert run.returncode == 1
    assert f"The path of the Python that runs snakemake, {python}, has a blank" in said
    assert "Traceback" not in said


def test_a_clone_below_a_blank_runs_with_a_python_below_none(tmp_path, root):
    clone = tmp_path / "a b"
    for name in (
        "src",
        "workflow",
        "config",
        "envs",
        "resources/reference",
        "resources/demo-model",
    ):
        shutil.copytree(root / name, clone / name)
    shutil.copy(root / "Snakefile", clone)
    result = Project(clone, clone, anew=True).snakemake(LAYER)
    assert result.returncode == 0, result.stdout


def test_make_starts_nothing_with_a_pythonpath(root):
    show = ["--eval", "show:; @echo \"PYTHONPATH is '$$PYTHONPATH'\"", "show"]
    surroundings = os.environ | {"PYTHONPATH": "/foreign"}
    told = subprocess.check_output(["make", "-C", root, *show], env=surroundings, text=True)
    assert "PYTHONPATH is ''" in told


def test_make_report_says_what_is_wrong_with_a_configuration_and_not_that_more_is_to_run(
    tmp_path, root
):
    (tmp_path / "wrong.yaml").write_text("study: {models: [nobody]}\n")
    wrong = tmp_path / "wrong.yaml"
    command = ["make", "-C", root, "report", f"CONFIG={wrong}", f"INSTALLED={wrong}"]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    run = subprocess.run(
        command, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "study.models names the model 'nobody'" in run.stdout
    assert "is not finished" not in run.stdout


def test_make_takes_torch_and_nothing_else_from_an_index_that_it_is_given(root):
    dry = ["make", "-C", root, "--dry-run", "--always-make"]
    made = [".venv/.installed", ".envs/sevennet/.installed"]
    for given, options in (
        ("", ""),
        ("TORCH_INDEX=https://x.org/whl", "--index-url https://x.org/whl"),
    ):
        said = subprocess.check_output([*dry, *made, *[given] * bool(given)], text=True)
        installing = [line for line in said.splitlines() if "pip install" in line]
        torch = [line for line in installing if "torch==" in line]
        assert len(torch) == 2
        assert all(options in line for line in torch)
        assert not any("--index-url" in line for line in installing if line not in torch)
    assert "--index-url" not in subprocess.check_output([*dry, *made], text=True)


def test_make_envs_makes_what_is_named_and_make_test_what_its_tests_need(root):
    dry = ["make", "-C", root, "--dry-run", "--always-make", "PYTHON=any-python"]

    def made(*targets: str) -> list[str]:
        said = subprocess.check_output([*dry, *targets], text=True)
        return re.findall(r"^(\S+) -m venv (\S+)$", said, re.MULTILINE)

    assert made("envs") == [("any-python", ".envs/sevennet")]
    assert made("test")[1:] == [("any-python", ".envs/sevennet")]
    assert made("envs", "NAMES=diep") == [("python3.11", ".envs/diep")], "its file names a Python"
    wrong = subprocess.run(
        [*dry, "envs", "NAMES=depi"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "There is no environment depi; NAMES may be diep " in wrong.stderr


NESTED = ["--config", "structures={cell_height: 35, layers: {graphene: {lattice: 2.45}}}"]


@pytest.mark.parametrize(
    "how", [[LAYER], ["--mode", "subprocess", "--target-jobs", "build_layer:layer=graphene"]]
)
def test_a_job_gets_numbers_that_stand_below_the_first_level_on_the_command_line(bare, how):
    # The second way is how Snakemake starts a job that has a Snakemake of its own, as on a cluster.
    result = bare.snakemake(*how, *NESTED)
    assert result.returncode == 0, result.stdout
    layer = read_structure(bare.folder / LAYER)
    assert layer.cell.lengths() == pytest.approx([12.25, 12.25, 35.0])


def test_numbers_lists_and_sections_on_the_command_line_make_the_plan(bare):
    runs = "{stacks: [m-g], ions: 1, equilibration_ps: 1, production_ps: 20, replicas: 1}"
    dynamics = f"dynamics={{seed: 7, temperatures: [300, 350], runs: [{runs}]}}"
    models = "models={mace-mp-0: {label: mine, weights: {sha256: null}}}"
    planned = counted(bare, "--config", dynamics, models, "study={models: [mace-mp-0]}")
    assert (planned["run_dynamics"], planned["fetch_weights"]) == (2, 1)


@pytest.fixture
def poisoned(bare, tmp_path) -> Project:
    """Return a project below a PYTHONPATH whose modules cannot be imported."""
    foreign = tmp_path / "foreign"
    for name in ("anodeflow", "ase", "mine"):
        (foreign / name).mkdir(parents=True)
        (foreign / name / "__init__.py").write_text(f"raise RuntimeError('a foreign {name}')\n")
    return replace(bare, variables={"PYTHONPATH": str(foreign)}, anew=True)


@pytest.mark.parametrize("environment", [None, "other"])
def test_jobs_see_no_folder_of_pythonpath_but_the_calculators_of_their_own_folder(
    poisoned, environment
):
    (poisoned.folder / "mine.py").write_text(
        "import os, sys\n"
        "from ase.calculators.lj import LennardJones\n"
        "assert not [path for path in sys.path if 'foreign' in path], sys.path\n"
        "assert 'foreign' not in os.environ['PYTHONPATH']\n"
        "def calculator(**kwargs):\n    return LennardJones(**kwargs)\n"
    )
    poisoned.overlay(overlay(environment=environment, entry="mine:calculator"))
    result = poisoned.snakemake(TARGET)
    assert result.returncode == 0, result.stdout
    relaxed = read_structure(poisoned.folder / Path(TARGET))
    assert abs(relaxed.get_potential_energy()) > 0
