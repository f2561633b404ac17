"""The demo model's chain: its smallest settings, what it makes, and what an edit of them redoes."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import yaml
from offline import offline
from project import Project, new_project

from anodeflow.stages.declaration import Figure
from anodeflow.study.stages import FIGURES as DRAWN
from anodeflow.study.stages import STAGE_OF_FIGURE, STAGE_OF_TABLE
from anodeflow.study.stages import STAGES as REGISTRY
from anodeflow.study.stages import TABLES as TABULATED
from anodeflow.tables.table import Table

MODEL = "mace-demo"
EMPTY_RUN, FILLED_RUN = "m-g_0na_300K_0", "m-g_1na_300K_0"
TRAJECTORY = f"results/{MODEL}/dynamics/{FILLED_RUN}.h5"
SCAN = f"results/{MODEL}/adhesion/m-g.extxyz"
POINTS = 7
DYNAMICS_TABLES = ["spacing", "spacing_ensembles", "diffusion", "diffusion_ensembles"]
TABLES = ["relaxation", "phonons", "adhesion", "voltage", *DYNAMICS_TABLES]
FIGURES = ["phonons", "adhesion", "voltage", "spacing", "msd", "scorecard"] + [
    f"{figure}_{MODEL}" for figure in ("structures", "spacing_map", "paths", "last_frames")
]
SEVERAL_TEMPERATURES = "activations"
"""Of what tables and figures are that the chain, at one temperature, does not make."""
# What was declared since.
AT_ONE = [name for name, table in TABULATED.items() if table.of != SEVERAL_TEMPERATURES]
TABLES += [name for name in AT_ONE if name not in TABLES]
STEMS = [
    figure.stem.replace("{model}", MODEL)
    for figure in DRAWN.values()
    if figure.of != SEVERAL_TEMPERATURES
]
FIGURES += [stem for stem in STEMS if stem not in FIGURES]
PAGES = [
    *TABLES,
    "scorecard",
    "claims",
    "disagreement",
    "configuration",
    "models",
    "run_times",
    "software",
    f"structures_{MODEL}",
]
CLOSING = ("all ", "total ", "record_study ", "show_pages ")  # follow whatever else runs
STAGES = ("relaxation", "phonons", "adhesion", "dynamics", "motion", "barriers", "voltage")
SCORECARD = {"gather_quantities 1", "score_models 1", "check_claims 1", "compare_models 1"}
SCORECARD |= {"plot_scorecard 1"}


def finished_chain(folder: Path, root: Path, *, cache: Path | None = None) -> Project:
    """Return a new project in which the chain ran once, its results shared in `cache` if given.

    It ran as on a node of a cluster, without a network, as do all later runs of the project.
    """
    project = offline(new_project(folder, root), folder / "caches")
    project.overlay(settings(root))
    cached = project if cache is None else caching(project, cache)
    result = cached.snakemake(*["--cache"] * (cache is not None))
    assert result.returncode == 0, result.stdout
    return project


def caching(project: Project, cache: Path) -> Project:
    """Return a project whose runs with --cache share their results in a folder."""
    return replace(project, variables=project.variables | {"SNAKEMAKE_OUTPUT_CACHE": str(cache)})


def settings(root: Path) -> dict:
    """Return the smallest settings with which every stage still has something to do."""
    run = {"stacks": ["m-g"], "equilibration_ps": 0.01, "production_ps": 0.03}
    return {
        "study": {"models": [MODEL], "stacks": ["m-g"], "layers": ["graphene"]},
        "models": {MODEL: {"precision": {"static": "float64", "dynamics": "float64"}}},
        "dispersion": {"pair_cutoff_bohr": 20.0, "coordination_cutoff_bohr": 20.0},
        "relaxation": {key: {"fmax": 0.3} for key in ("layers", "stacks", "bulk")},
        "phonons": {
            "path_points": 30,
            "mesh": [6, 6, 1],
            "layers": {"graphene": {"supercell": [2, 2, 1]}},
            "convergence": {"run": False, "supercells": {"graphene": [3, 3, 1]}},
        },
        "adhesion": {
            "first_spacing": 2.6,
            "last_spacing": 3.8,
            "points": POINTS,
            "fmax": 0.1,
            "peak_window": [2.7, 3.7],
        },
        "dynamics": {
            "frame_interval_fs": 10.0,
            "ion_interval_fs": 5.0,
            "checkpoint_interval_ps": 0.01,
            "runs": [
                run | {"ions": 0, "replicas": 1},
                run | {"ions": 1, "replicas": 2},
            ],
        },
        "diffusion": {"residence_ps": 0.01},
        "barriers": {
            "stacks": ["m-g"],
            "site_fmax": 5.0,
            "images": 3,
            "path_fmax": 5.0,
            "saddle_fmax": 5.0,
            "merge_within": 2.0,
            "merge_energy_meV": 1000.0,
            "longest_hop": 1.05,
            "hessian_radius": 1.0,
            "map_step": 6.0,
        },
        "voltage": {"stacks": ["m-g"], "max_ions": 1},
    }


def with_twin(root: Path) -> dict:
    """Return the same with a second model, the first under another name, that takes its walk."""
    overlay = settings(root)
    own = yaml.safe_load((root / "config/config.yaml").read_text())["models"][MODEL]
    twin = own | overlay["models"][MODEL] | {"label": "twin", "stages": ["relaxation", "barriers"]}
    overlay["study"]["models"].append("twin")
    overlay["models"]["twin"] = twin
    overlay["barriers"]["walk_of"] = MODEL
    return overlay


def edited(project: Project, changes: dict) -> set[str]:
    """Return what a dry run plans after an edit of the overlay, without what follows every edit."""

    def merge(old: dict, new: dict) -> dict:
        for key, value in new.items():
            old[key] = merge(old.get(key, {}), value) if isinstance(value, dict) else value
        return old

    overlay = yaml.safe_load((project.folder / "overlay.yaml").read_text())
    project.overlay(merge(overlay, changes))
    planned = project.planned()
    assert {"record_study 1", "show_pages 1"} <= planned
    others = tuple(f"{rule} " for rule in rules_of_other_stages(project.root))
    return {line for line in planned if not line.startswith((*CLOSING, *others))}


def rules_of_other_stages(root: Path) -> list[str]:
    """Return the rules of stages that were added to those that these tests are about."""
    files = [root / f"workflow/rules/{stage}.smk" for stage in REGISTRY if stage not in STAGES]
    return [rule for file in files for rule in re.findall(r"^rule (\w+):", file.read_text(), re.M)]


def redrawn(pick: Callable[[str, Table | Figure], bool]) -> set[str]:
    """Return the plots, and how many tables, are made anew: those picked by stage and subject."""
    drawn = [name for name, figure in DRAWN.items() if figure.of != SEVERAL_TEMPERATURES]
    plots = {f"plot_{name} 1" for name in drawn if pick(STAGE_OF_FIGURE[name].name, DRAWN[name])}
    tables = [name for name in AT_ONE if pick(STAGE_OF_TABLE[name].name, TABULATED[name])]
    return plots | {f"tabulate {len(tables)}"}


def of_all_models(stage: str, shown: Table | Figure) -> bool:
    """Tell whether a table or figure shows all models together."""
    return isinstance(shown, Table) or not shown.one_per_model


def sentence(result: subprocess.CompletedProcess) -> str:
    """Return the one sentence with which a run failed."""
    assert result.returncode != 0
    assert "Traceback" not in result.stdout
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("error: ")]
    assert line.endswith(".")
    return line
