"""Recipes of CONTRIBUTING.md: each is followed to the letter, and what it adds is seen at work."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest
from forked import forked_python
from project import Project, new_project
from recipes import Checkout, copy_checkout, follow, patched, read_recipe
from score_rules import MODEL as SCORED_MODEL
from score_rules import RULES, write_results
from scored import STACKS, backend_record, check
from study import HEIGHT

from anodeflow.report.tables import TABLES
from anodeflow.scorecard.results import SCORES_CSV
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.files import write_structure
from anodeflow.structures.inspection import check_structure

MODEL = "mace-demo"
METRIC = """
capacity: {label: Capacity, table: capacity, quantity: capacity_mAh_cm3, unit: mAh/cm³,
           measure: value, reference: null, better: high, good: 100.0, fair: 10.0,
           definition: Charge per volume., why: Graphite takes up 700 mAh/cm³ of lithium.}
"""
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
RERUNS = "tests/workflow/test_reruns.py"
ONE_ROW = "test_every_setting_of_the_schema_has_one_row_and_every_row_its_setting"
READ = TABLES | {"scorecard": SCORES_CSV}
EDIT = "test_an_edit_reruns_the_jobs_that_read_the_setting_and_what_they_feed"
EVALUATING = ["fetch_weights", "build_unit", "build_layer", "build_stack", "check_backend", "relax"]
EVALUATING += ["check_structure", "tabulate", "plot_structures"]
STUDY = {"models": [MODEL], "stacks": ["m-g"], "layers": ["graphene"]}


@dataclass(frozen=True)
class Followed:
    """A recipe that was followed: the copy of the checkout, and a project that runs with it."""

    checkout: Checkout
    project: Project

    def planned(self) -> set[str]:
        """Return what `snakemake -n` would run, as `rule count`."""
        return self.project.planned()

    def make(self, *targets: str, rules: list[str], page: str = "") -> str:
        """Make results from what is there, by these rules only, and return a page of the report.

        The page is made of its own result, which stands among the targets; what the other pages
        show is made up.
        """
        if page:
            self._make_up_pages(page)
            targets, rules = (*targets, f"results/report/{page}.html"), [*rules, "show_pages"]
        run = self.project.snakemake(*targets, "--allowed-rules", *rules)
        assert run.returncode == 0, run.stdout
        return self.read(targets[-1]) if page else ""

    def _make_up_pages(self, page: str) -> None:
        for name, other in self.pages().items():
            source = self.project.folder / other["source"]
            for path in {source, source.with_suffix(".csv")}:
                if name != page and not path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    columns = READ[name].columns if name in READ else ("made_up",)
                    path.write_text(f"{','.join(columns)}\n{',' * (len(columns) - 1)}\n")

    def read(self, path: str) -> str:
        """Return the text of a result."""
        return (self.project.folder / path).read_text()

    def pages(self) -> dict[str, dict[str, str]]:
        """Return the report's pages by their names: source, category and title of each."""
        run = subprocess.run(
            [sys.executable, "-c", PAGES],
            cwd=self.project.folder,
            env=self.project.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    def assert_in_report(self, path: str, rule: str, category: str) -> None:
        """Assert that Snakemake's own report holds a result, in its category."""
        run = self.project.snakemake(path, "--report", "report.html", "--allowed-rules", rule)
        assert run.returncode == 0, run.stdout
        page = self.read("report.html")
        assert path in page and category in page

    def assert_tests_pass(self, *arguments: str) -> None:
        """Run some of the copy's own tests, and the style checks on what the recipe made."""
        run = self.checkout.run(forked_python(), "-m", "pytest", "-q", *arguments)
        assert run.returncode == 0, run.stdout

    def assert_style(self) -> None:
        """Assert that the style checkers have nothing to say on what the recipe wrote."""
        touched = self.checkout.made | self.checkout.edited
        python = sorted(name for name in touched if name.endswith(".py"))
        rules = sorted(name for name in touched if name.endswith((".smk", "Snakefile")))
        for command in (
            ["ruff", "check", *python],
            ["ruff", "format", "--check", *python],
            ["snakefmt", "--check", *(rules or ["Snakefile"])],
        ):
            run = self.checkout.run(sys.executable, "-m", *command)
            assert run.returncode == 0, run.stdout


@pytest.fixture
def followed(root, tmp_path):
    """Return a function that follows a recipe, which may edit so many files that there are."""

    def run(title: str, *, limit: int, overlay: dict) -> Followed:
        checkout = copy_checkout(root, tmp_path / "checkout")
        follow(read_recipe((root / "CONTRIBUTING.md").read_text(), title), checkout)
        assert 0 < len(checkout.edited) <= limit, checkout.edited
        (tmp_path / "project").mkdir()
        project = new_project(tmp_path / "project", checkout.folder)
        project.variables.update(checkout.variables)
        project.overlay(overlay)
        return Followed(checkout, project)

    return run


def reruns(*settings: str) -> list[str]:
    """Return the tests of docs/reruns: that every setting has its row, and the edits of some."""
    return [f"{RERUNS}::{ONE_ROW}", *(f"{RERUNS}::{EDIT}[{name}]" for name in settings)]


def relaxed_stack(project: Project, config: dict) -> None:
    """Put a stack, and what its check says, where its relaxation would stand."""
    layers = [config["structures"]["layers"][name] for name in ("ti2co2", "graphene")]
    stack = stack_layers(
        *(build_layer(layer, cell_height=HEIGHT) for layer in layers),
        cell_height=HEIGHT,
        strained="top",
        spacing=3.5,
        registry=(0.0, 0.0),
        strain_limit=0.03,
    )
    folder = project.folder / f"results/{MODEL}/relaxation"
    folder.mkdir(parents=True)
    write_structure(folder / "m-g.extxyz", stack)
    check_structure(stack, stack).write(folder / "m-g.json")


def scored_beside_capacity(project: Project) -> None:
    """Put the other results that the scorecard reads where they would stand, and a metric."""
    folder = project.folder / f"results/{MODEL}"
    check().write(folder / "relaxation/graphene_unit.json")
    backend_record(0.05, atoms=131, device="a CPU").write(folder / "backend_float64.json")
    with (project.folder / "resources/reference/metrics.yaml").open("a") as metrics:
        metrics.write(METRIC)


@pytest.mark.slow
def test_a_stage_is_added_as_its_recipe_says(followed, study_config):
    overlay = {"study": STUDY, "models": {MODEL: {"stages": ["relaxation"]}}}
    added = followed("A stage", limit=4, overlay=overlay)
    assert {"compute_capacity 1", "plot_capacity 1"} <= added.planned()
    relaxed_stack(added.project, study_config)
    scored_beside_capacity(added.project)
    targets = ["results/tables/capacity.md", "results/figures/capacity.png"]
    targets += ["results/figures/scorecard.csv"]
    rules = ["compute_capacity", "tabulate", "plot_capacity", *RULES]
    page = added.make(*targets, rules=rules, page="capacity")
    assert '<th class="number">capacity (mAh/cm³)</th>' in page
    assert "| system | ions | model | volume (nm³) | capacity (mAh/cm³) |" in added.read(targets[0])
    assert added.read("results/figures/capacity.csv").startswith("stack,source,capacity\nm-g,")
    (graded,) = (row for row in added.read(targets[2]).splitlines() if row.startswith("capacity,"))
    assert graded.startswith('capacity,"Capacity (mAh/cm³), m-g",MACE demo,False,')
    assert graded.endswith(",good,")
    assert added.pages()["capacity"]["category"] == "8. Capacity"
    added.assert_tests_pass(
        *("tests/architecture/test_stages.py", "tests/architecture/test_imports.py"),
        *(
            "tests/stages/capacity/test_capacity.py",
            "tests/tables/test_tables.py",
            "tests/report/test_captions.py",
        ),
        *reruns("capacity.ions", "study.stacks", "models.*.colour"),
    )
    added.assert_style()


@pytest.mark.slow
def test_a_family_of_models_is_added_as_its_recipe_says(followed):
    card = {"functional": "PBE", "training_data": "none", "licence": "none"}
    model = {
        "label": "Argon",
        "colour": "#123123",
        "stages": ["relaxation"],
        "weights": {"source": "lj.pt", "sha256": None},
        "calculator": {"family": "lennard-jones", "device": "cpu", "dispersion": False},
        "precision": {"static": "float64", "dynamics": "float64"},
        "card": card | {"labels_hold_dispersion": False},
    }
    overlay = {
        "study": STUDY | {"models": ["argon"]},
        "models": {"argon": model},
        "relaxation": {"layers": {"fmax": 100.0}, "stacks": {"fmax": 100.0}},
    }
    added = followed("A family of models", limit=3, overlay=overlay)
    weights = added.checkout.folder / "tests/helpers/examples/lennard_jones.pt"
    shutil.copy(weights, added.project.folder / "lj.pt")
    assert {"fetch_weights 1", "check_backend 1", "relax 2"} <= added.planned()
    targets = ["results/tables/relaxation.md", "results/figures/structures_argon.png"]
    page = added.make(*targets, rules=EVALUATING, page="relaxation")
    assert "| graphene | Argon |" in added.read(targets[0])
    assert "Argon" in page
    added.assert_tests_pass("tests/models/test_calculators.py", "-k", "lj")
    added.assert_style()


@pytest.mark.slow
def test_a_layer_builder_is_added_as_its_recipe_says(followed, study_config):
    layer = {"builder": "dichalcogenide", "metal": "Ti", "chalcogen": "S", "lattice": 3.05}
    layer |= {"height": 1.42, "phase": "1T", "size": [4, 4]}
    stack = study_config["structures"]["stacks"]["m-g"] | {"top": "tis2"}
    overlay = {
        "study": {"models": [MODEL], "stacks": ["m-tis2"], "layers": ["tis2"]},
        "models": {MODEL: {"stages": ["relaxation"]}},
        "structures": {"layers": {"tis2": layer}, "stacks": {"m-tis2": stack}},
        "phonons": {"layers": {"tis2": {"supercell": [3, 3, 1], "dos_width_THz": 0.2}}},
    }
    added = followed("A layer builder", limit=2, overlay=overlay)
    assert {"build_unit 1", "build_layer 2", "build_stack 1", "relax 2"} <= added.planned()
    built = [f"results/structures/{name}.extxyz" for name in ("tis2_unit", "m-tis2")]
    added.make(*built, rules=["build_unit", "build_layer", "build_stack"])
    relaxed = added.project.folder / f"results/{MODEL}/relaxation"
    relaxed.mkdir(parents=True)
    for path in built:
        shutil.copy(added.project.folder / path, relaxed)
    targets = ["results/tables/relaxation.md", f"results/figures/structures_{MODEL}.png"]
    rules = ["check_structure", "tabulate", "plot_structures"]
    page = added.make(*targets, rules=rules, page="relaxation")
    assert "| tis2 | MACE demo |" in added.read(targets[0])
    assert "tis2" in page
    settings = ["structures.layers.*[dichalcogenide].phase", "relaxation.layers.fmax"]
    added.assert_tests_pass("tests/structures/test_dichalcogenides.py", *reruns(*settings))
    added.assert_style()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("title", "kind", "told"),
    [
        ("A metric", "scorecard", "Relative thickness"),
        ("A claim", "claims", "graphene is stable"),
    ],
)
def test_a_metric_or_claim_is_added_as_its_recipe_says(followed, title, kind, told):
    added = followed(title, limit=1, overlay={"study": {"models": [SCORED_MODEL]}})
    assert added.checkout.generated == {"docs/definitions.md"}
    assert {"score_models 1", "check_claims 1", "plot_scorecard 1"} <= added.planned()
    write_results(added.project.folder, STACKS, ["ti2co2", "graphene"], "m-go")
    table, drawn = f"results/scorecard/{kind}.csv", "results/figures/scorecard.csv"
    page = added.make(table, drawn, rules=RULES, page=kind)
    for text in (added.read(table), added.read(drawn), page):
        assert told in text
    added.assert_tests_pass("tests/scorecard/test_definitions.py")


@pytest.mark.slow
def test_a_figure_is_added_as_its_recipe_says(followed, study_config):
    added = followed("A figure", limit=1, overlay={"study": STUDY})
    assert "plot_relaxed_spacing 1" in added.planned()
    relaxed_stack(added.project, study_config)
    figure = "results/figures/relaxed_spacing"
    added.make(f"{figure}.png", rules=["plot_relaxed_spacing"])
    assert added.read(f"{figure}.csv") == "stack,source,spacing\nm-g,MACE demo,3.5\n"
    added.assert_in_report(f"{figure}.png", "plot_relaxed_spacing", "2. Structures")
    tests = ("tests/architecture/test_stages.py", "tests/report/test_captions.py")
    added.assert_tests_pass(*tests, *reruns("study.stacks", "models.*.label"))
    added.assert_style()


def test_an_edit_whose_place_is_not_there_is_refused():
    assert patched("a\nb\n", " a\n+c\n") == "a\nc\nb\n"
    with pytest.raises(AssertionError, match="found 0 times"):
        patched("a\nb\n", " c\n+d\n")


def test_a_recipe_that_is_damaged_is_not_followed(root, tmp_path):
    page = (root / "CONTRIBUTING.md").read_text()
    with pytest.raises(ValueError, match="unpack"):
        read_recipe(
            page.replace("New file `src/anodeflow/stages/capacity", "Look at `src"), "A stage"
        )
    with pytest.raises(ValueError, match="unpack"):
        read_recipe(page, "A cake")
