"""Recipes of CONTRIBUTING.md: each is followed to the letter, and what it adds is seen at work."""

import json
import subprocess
import sys

import pytest
from project import Project, new_project
from recipes import Checkout, copy_checkout, follow, patched, read_recipe
from study import HEIGHT

from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.files import write_structure

MODEL = "mace-demo"
PAGES = """
import dataclasses, json, yaml
from snakemake.utils import update_config
from anodeflow.study.gathered import Gathered
from anodeflow.study.loading import load_config
from anodeflow.study.plan import Plan
config = yaml.safe_load(open("config/config.yaml"))
update_config(config, yaml.safe_load(open("overlay.yaml")))
pages = Gathered(Plan(load_config(config))).pages
print(json.dumps({name: dataclasses.asdict(page) for name, page in pages.items()}))
"""
STUDY = {"models": [MODEL], "stacks": ["m-g"], "layers": ["graphene"]}


@pytest.fixture
def checkout(root, tmp_path) -> Checkout:
    return copy_checkout(root, tmp_path / "checkout")


@pytest.fixture
def followed(root, checkout):
    """Return a function that follows a recipe and gives a project of the copy."""

    def run(title: str, *, limit: int, overlay: dict) -> Project:
        follow(read_recipe((root / "CONTRIBUTING.md").read_text(), title), checkout)
        assert len(checkout.edited - checkout.generated) <= limit, checkout.edited
        folder = checkout.folder.parent / "project"
        folder.mkdir()
        project = new_project(folder, checkout.folder)
        project.variables.update(checkout.variables)
        project.overlay(overlay)
        return project

    return run


def relaxed_stack(project: Project, config: dict) -> None:
    """Put a stack where its relaxation would stand."""
    layers = [config["structures"]["layers"][name] for name in ("ti2co2", "graphene")]
    stack = stack_layers(
        *(build_layer(layer, cell_height=HEIGHT) for layer in layers),
        cell_height=HEIGHT,
        strained="top",
        spacing=3.5,
        registry=(0.0, 0.0),
        strain_limit=0.03,
    )
    path = project.folder / f"results/{MODEL}/relaxation/m-g.extxyz"
    path.parent.mkdir(parents=True)
    write_structure(path, stack)


def make(project: Project, *targets: str, rules: list[str]) -> None:
    """Make results from what is there; no other rule may run."""
    run = project.snakemake(*targets, "--allowed-rules", *rules)
    assert run.returncode == 0, run.stdout


def pages(project: Project) -> dict[str, dict[str, str]]:
    """Return the report's pages by their names: source, category and title of each."""
    run = subprocess.run(
        [sys.executable, "-c", PAGES],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def make_page(project: Project, name: str) -> str:
    """Return a page of the report as it is made; the other pages' sources are made up."""
    for page in pages(project).values():
        source = project.folder / page["source"]
        for path in {source, source.with_suffix(".csv")}:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("made_up\n1\n")
    target = f"results/report/{name}.html"
    make(project, target, rules=["show_pages"])
    return (project.folder / target).read_text()


@pytest.mark.slow
def test_a_stage_is_added_as_its_recipe_says(followed, checkout, study_config):
    project = followed("A stage", limit=4, overlay={"study": STUDY})
    assert {"compute_capacity 1", "plot_capacity 1"} <= project.planned()
    relaxed_stack(project, study_config)
    targets = ["results/tables/capacity.md", "results/figures/capacity.csv"]
    make(project, *targets, rules=["compute_capacity", "tabulate", "plot_capacity"])
    page = make_page(project, "capacity")
    print((project.folder / targets[0]).read_text(), (project.folder / targets[1]).read_text())
    print(page, pages(project)["capacity"])


def test_an_edit_whose_place_is_not_there_is_refused():
    assert patched("a\nb\n", " a\n+c\n") == "a\nc\nb\n"
    with pytest.raises(AssertionError, match="found 0 times"):
        patched("a\nb\n", " c\n+d\n")
