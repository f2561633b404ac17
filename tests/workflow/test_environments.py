"""Models in another environment and custom calculators, through the workflow itself."""

import json
import runpy
import sys
import sysconfig
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from types import SimpleNamespace

import h5py
import pytest
from ase.calculators.lj import LennardJones
from environments import KWARGS, TARGET, overlay
from packaging.specifiers import SpecifierSet
from places import ROOT
from springs import SETTINGS, make_stack

from anodeflow.equivalence.records import BackendRecord
from anodeflow.models.weights.card import WeightsCard
from anodeflow.models.weights.hash_records import hash_file
from anodeflow.structures.files import read_structure, write_structure


@pytest.mark.parametrize("environment", ["other", None])
def test_a_custom_calculator_relaxes_here_and_in_another_python(project, environment):
    project.overlay(overlay(environment=environment))
    result = project.snakemake(TARGET)
    assert result.returncode == 0, result.stdout
    relaxed = read_structure(project.folder / TARGET)
    energy = relaxed.get_potential_energy()
    relaxed.calc = LennardJones(**KWARGS)
    assert relaxed.get_potential_energy() == pytest.approx(energy, rel=1e-6)
    card = json.loads((project.folder / "resources/weights/lj.json").read_text())
    assert (card["source"], card["size_bytes"]) == (None, 0)
    record = BackendRecord.read(project.folder / "results/lj/backend_float64.json")
    assert record.seconds_by_atoms.keys() == {50 + 2}
    own, others = record.versions, record.environment_versions
    assert {"anodeflow", "ase"} <= own.keys()
    if environment is None:
        assert others is None
    else:
        assert "ase" in others and "anodeflow" not in others
    assert not project.planned(TARGET)


def test_a_calculator_that_fails_in_its_environment_ends_the_job_with_its_last_line(project):
    project.overlay(overlay(entry="no_such_package:Calculator"))
    result = project.snakemake(TARGET)
    (sentence,) = [line for line in result.stdout.splitlines() if line.startswith("error: ")]
    assert "ModuleNotFoundError: No module named 'no_such_package'" in sentence
    assert sentence.endswith(".")
    log = (project.folder / "results/logs/check_backend/lj/float64.log").read_text()
    assert log.count("Traceback") == 1  # that of the child


def test_a_missing_environment_stops_before_any_job_and_make_is_not_said_to_make_it(project):
    project.overlay(overlay() | {"environments": {"other": "nowhere/bin/python"}})
    result = project.snakemake()
    assert "models.lj runs in environments.other" in result.stdout
    assert "make that environment, or give the path" in result.stdout
    assert "make envs" not in result.stdout
    assert "Traceback" not in result.stdout
    assert not (project.folder / "results").exists()


def test_the_cost_of_a_job_counts_the_memory_and_time_of_its_model_s_process(project):
    (project.folder / "heavy.py").write_text(
        "from ase.calculators.lj import LennardJones\n"
        "block = b'x' * 700_000_000\n"
        "def heavy(**kwargs):\n    return LennardJones(**kwargs)\n"
    )
    project.overlay(overlay(entry="heavy:heavy"))
    result = project.snakemake(TARGET)
    assert result.returncode == 0, result.stdout
    table = (project.folder / "results/benchmarks/relax/lj/graphene_unit.tsv").read_text()
    header, row = (line.split("\t") for line in table.splitlines())
    assert float(dict(zip(header, row, strict=True))["max_memory_MB"]) > 600


def test_models_of_several_environments_are_planned_in_one_study(project):
    settings = overlay()
    settings["study"]["models"] = ["lj", "mace-demo", "7net-l3i5"]
    settings["environments"]["sevennet"] = sys.executable
    project.overlay(settings)
    assert {"fetch_weights 3", "run_phonons 8", "scan_adhesion 6"} <= project.planned()


@pytest.mark.parametrize("environment", [Path(sys.prefix), ROOT / ".envs/sevennet"])
def test_what_is_pinned_runs_on_the_oldest_python_that_is_admitted(environment):
    packages = sysconfig.get_path("purelib", vars={"base": str(environment)})
    admitted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest = f"{admitted.removeprefix('>=')}.0"
    needed = {
        package.name: package.metadata["Requires-Python"]
        for package in distributions(path=[packages])
    }
    assert "torch" in needed, f"no packages in {environment}: make envs"
    refusing = [
        name for name, pythons in needed.items() if not SpecifierSet(pythons or "").contains(oldest)
    ]
    assert not refusing


FAKE_SEVENN = """
from ase.calculators.lj import LennardJones

def SevenNetCalculator(model, device):
    return LennardJones(sigma=1.27, epsilon=0.01, rc=2.0, smooth=True)
"""


def test_the_trajectory_of_a_model_in_its_environment_names_that_one_s_packages(tmp_path):
    # The script itself, with a Python that has a package more than this one.
    site = tmp_path / "site"
    about = site / "sevenn-0.99.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: sevenn\nVersion: 0.99.0\n")
    (site / "sevenn").mkdir()
    (site / "sevenn/__init__.py").write_text("")
    (site / "sevenn/calculator.py").write_text(FAKE_SEVENN)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{site}" exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    files = {"weights": tmp_path / "none.model", "card": tmp_path / "none.json"}
    files["weights"].write_bytes(b"")
    known = {"sha256": hash_file(files["weights"]), "size_bytes": 0}
    WeightsCard(source=None, family="sevennet", **known).write(files["card"])
    write_structure(tmp_path / "stack.extxyz", make_stack())
    calculator = {"family": "sevennet", "device": "cpu", "dtype": "float32", "dispersion": None}
    runpy.run_path(str(ROOT / "workflow/scripts/run_dynamics.py"))["main"](
        SimpleNamespace(structure=tmp_path / "stack.extxyz", **files),
        tmp_path / "run.h5",
        calculator=calculator | {"python": str(python)},
        method=1,
        settings=SETTINGS | {"equilibration_ps": 0.01, "production_ps": 0.04},
        checkpoint_interval_ps=0.05,
        label="7net",
    )
    with h5py.File(tmp_path / "run.h5") as file:
        attributes = file["parameters"].attrs
        own, model = (json.loads(attributes[k]) for k in ("software", "environment_software"))
    assert model["sevenn"] == "0.99.0"
    assert {"anodeflow", "ase"} <= own.keys()
    assert not {"sevenn", "mace-torch", "chgnet", "torch-dftd"} & own.keys()
