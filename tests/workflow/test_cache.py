"""Results of model evaluations, shared among working directories by Snakemake's own cache."""

from dataclasses import replace

import pytest
from chain import FILLED_RUN, MODEL, settings
from project import new_project

RESULTS = [
    f"results/{MODEL}/phonons/graphene/phonons.json",
    f"results/{MODEL}/adhesion/m-g.json",
    f"results/{MODEL}/spacing/{FILLED_RUN}.json",
    f"results/{MODEL}/voltage/m-g.csv",
]
EVALUATIONS = {
    "check_backend",
    "relax",
    "run_phonons",
    "scan_adhesion",
    "run_dynamics",
    "fill_frozen_host",
}


def rules_that_ran(project):
    """Return the rules whose jobs said something; Snakemake leaves empty logs of cached ones."""
    logs = project.folder / "results/logs"
    return {path.relative_to(logs).parts[0] for path in logs.rglob("*.log") if path.stat().st_size}


@pytest.mark.slow
def test_a_second_clone_with_the_cache_evaluates_no_model(tmp_path, root):
    cache = tmp_path / "cache"
    cache.mkdir()
    overlay = settings(root)
    overlay["adhesion"]["points"] = 4
    overlay["voltage"]["host"] = "frozen"
    clones = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        project = new_project(tmp_path / name, root)
        clones.append(replace(project, variables={"SNAKEMAKE_OUTPUT_CACHE": str(cache)}))
        clones[-1].overlay(overlay)
        result = clones[-1].snakemake(*RESULTS, "--cache")
        assert result.returncode == 0, result.stdout
    first, second = clones
    assert rules_that_ran(first) >= EVALUATIONS
    assert not rules_that_ran(second) & EVALUATIONS
    assert "analyse_phonons" in rules_that_ran(second)
    for result in RESULTS:
        text = (first.folder / result).read_text()
        assert (second.folder / result).read_text() == text
    assert second.planned(*RESULTS) == set()
    overlay["phonons"]["displacement"] = 0.02
    second.overlay(overlay)
    assert second.planned(*RESULTS) >= {"run_phonons 1", "analyse_phonons 1"}
