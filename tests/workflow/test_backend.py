"""The check of a model's calculator, before everything that evaluates the model."""

import json

import numpy as np
import pytest
from environments import TARGET, overlay

from anodeflow.equivalence.trial_stacks import build_stack
from anodeflow.structures.files import read_structure

RECORD = "results/lj/backend_float32.json"
ROUGH = """
from ase.calculators.lj import LennardJones

class Rough(LennardJones):
    def __init__(self, dtype, **kwargs):
        super().__init__(**kwargs)
        self.error = 0.003 if dtype == "float32" else 0.0

    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        if len(self.results["forces"]) > 50:  # in no small cell, where the contract would see it
            self.results["forces"] = self.results["forces"] + [0.0, 0.0, self.error]
"""


@pytest.fixture
def rough(project):
    """Return a study whose model, in float32, is off by 0.003 eV/Å, above the tolerance."""
    (project.folder / "rough.py").write_text(ROUGH)
    settings = overlay(entry="rough:Rough", environment=None)
    model = settings["models"]["lj"]
    model["calculator"]["kwargs"] = model["calculator"]["kwargs"] | {"dtype": "{dtype}"}
    model["precision"] = {"static": "float32", "dynamics": "float32"}
    project.overlay(settings)
    return project, settings


def tolerate(project, settings, force):
    project.overlay(settings | {"equivalence": {"float32": {"force": force}}})


def test_a_model_that_fails_its_check_is_evaluated_by_no_job(rough):
    project, settings = rough
    planned = project.planned(TARGET)
    assert planned >= {"check_backend 1", "relax 1"}
    result = project.snakemake("--keep-going")
    assert result.returncode != 0
    (sentence,) = [line for line in result.stdout.splitlines() if line.startswith("error: ")]
    assert "forces of the model differ by 0.003 eV/Å" in sentence
    assert "0.002 allowed" in sentence
    assert sentence.endswith(".")
    assert not (project.folder / RECORD).exists()
    assert not (project.folder / "results/lj/relaxation").exists()
    log = (project.folder / "results/logs/check_backend/lj/float32.log").read_text()
    assert '"force_rms": 0.003' in log
    tolerate(project, settings, 0.004)
    allowed = project.snakemake(RECORD)
    assert allowed.returncode == 0, allowed.stdout


def test_a_tolerance_below_what_was_found_is_refused_before_any_job(rough):
    project, settings = rough
    tolerate(project, settings, 0.004)
    done = project.snakemake(TARGET)
    assert done.returncode == 0, done.stdout
    record = json.loads((project.folder / RECORD).read_text())
    assert record["largest"]["model"]["force"] == pytest.approx(0.003, rel=1e-6)
    tolerate(project, settings, 0.005)
    assert project.planned(TARGET) == set()
    tolerate(project, settings, 0.001)
    refused = project.snakemake("-n", TARGET)
    assert refused.returncode != 0
    assert "equivalence allows less than was found: forces of the model" in refused.stdout
    assert "Traceback" not in refused.stdout
    settings["models"]["lj"]["calculator"]["kwargs"]["epsilon"] = 2.7
    tolerate(project, settings, 0.001)  # a record of another calculator says nothing
    assert project.planned(TARGET) >= {"check_backend 1", "relax 1"}


def test_a_calculator_is_tried_on_the_stack_that_the_rules_build(project, study_config):
    result = project.snakemake("results/structures/m-go_8na.extxyz")
    assert result.returncode == 0, result.stdout
    built = read_structure(project.folder / "results/structures/m-go_8na.extxyz")
    sample = build_stack(study_config["structures"], "m-go", ions=8)
    assert (built.numbers == sample.numbers).all()
    np.testing.assert_allclose(built.positions, sample.positions, atol=1e-7)
    np.testing.assert_allclose(built.cell.array, sample.cell.array, atol=1e-7)
