"""The record of a study, against what it is a record of."""

import importlib.metadata
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from ase import Atoms
from places import ROOT

from anodeflow.errors import ResultFileError
from anodeflow.models.weights.card import WeightsCard
from anodeflow.process.cost_table import COLUMNS, noted_cost
from anodeflow.report.provenance import commented_yaml, commit, model_table, origin, software_table
from anodeflow.report.run_times import run_time_table
from anodeflow.structures.files import write_structure
from anodeflow.study.config import Config


def test_the_recorded_configuration_reads_back_as_the_same_configuration(study_config):
    study_config["relaxation"]["layers"]["fmax"] = 1.0e-5
    config = Config.model_validate(study_config)
    text = commented_yaml(config)
    assert Config.model_validate(yaml.safe_load(text)) == config
    assert list(yaml.safe_load(text)["models"]) == list(study_config["models"])


def test_every_described_key_carries_its_description(study_config):
    text = commented_yaml(Config.model_validate(study_config))
    assert re.search(r"^  cell_height: 40\.0  # Out-of-plane cell vector, Å\.$", text, re.M)
    assert re.search(r"^  fmax: 0\.003  # Largest force left .*, eV/Å\.$", text, re.M)


def test_the_software_table_gives_the_installed_versions_and_the_pins_agree():
    table = software_table({}, {}, ROOT).set_index("software")["version"]
    pins = dict(
        line.partition(";")[0].split("==")
        for line in (ROOT / "envs/requirements.txt").read_text().splitlines()
        if "==" in line
    )
    packages = set(table.index) - {"anodeflow", "Python", "operating system"}
    assert {"torch", "mace-torch", "ase", "phonopy", "dftd3"} <= packages
    for name in packages:
        assert table[name] == importlib.metadata.version(name)
        assert table[name].partition("+")[0] == pins[name], name


def test_an_environment_of_its_own_is_asked_and_a_missing_one_is_said_to_be_missing(tmp_path):
    python = tmp_path / "python"
    python.write_text(
        """#!/bin/sh\necho '{"Python": "3.12.1", "sevenn": "0.13.0", '\n"""
        """echo '"chgnet": "not installed", "mine": "1"}'\n"""
    )
    python.chmod(0o755)
    pythons = {"sevennet": str(python), "lost": str(tmp_path / "none"), "unused": "python"}
    models = {name: {"calculator": {"environment": name}} for name in ("sevennet", "lost")}
    models["mace"] = {"calculator": {"environment": None}}
    models["mine"] = {"calculator": {"environment": "sevennet", "entry": "mine.inner:Mine"}}
    table = software_table(models, pythons, ROOT)
    rows = {name: list(own["version"]) for name, own in table.groupby("environment")}
    assert rows.keys() == {"workflow", "sevennet", "lost"}
    assert rows["sevennet"] == ["3.12.1", "0.13.0", "1"]
    (said,) = rows["lost"]
    assert said.startswith(f"unknown: {tmp_path / 'none'} could not be asked (cannot be started")


def test_a_checkout_is_named_by_its_commit():
    head = (ROOT / ".git").exists()
    version = software_table({}, {}, ROOT).set_index("software")["version"]["anodeflow"]
    assert re.search(r"git [0-9a-f]{40}" if head else "not under git", version)


def git(folder, *arguments):
    about = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "-C", folder, *about, *arguments], check=True, capture_output=True)


def test_a_checkout_with_edits_says_so_and_an_installed_library_too(tmp_path):
    git(tmp_path, "init")
    (tmp_path / "Snakefile").write_text("")
    git(tmp_path, "add", "Snakefile")
    git(tmp_path, "commit", "-m", "one")
    assert re.fullmatch("git [0-9a-f]{40}", commit(tmp_path))
    (tmp_path / "Snakefile").write_text("# edited")
    assert commit(tmp_path).endswith(", with uncommitted changes")
    assert origin(tmp_path) == commit(tmp_path) + ", with a library installed apart from it"
    assert origin(ROOT) == commit(ROOT)


def test_a_copy_without_git_takes_no_commit_of_the_project_it_lies_in(tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    copy.mkdir()
    assert commit(copy) == "not under git"
    (copy / "Snakefile").write_text("")
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "another project")
    assert commit(copy) == "not under git"
    monkeypatch.setenv("PATH", str(copy))
    assert commit(copy) == "commit unknown: git cannot be started (No such file or directory)"


def test_the_model_table_joins_the_configuration_with_the_card_of_what_was_fetched(study_config):
    models = {"chgnet": study_config["models"]["chgnet"]}
    about = {"sha256": "d1" * 32, "size_bytes": 1_690_000}
    card = WeightsCard(source="0.3.0", family="chgnet", **about)
    (row,) = model_table(models, {"chgnet": card}, []).to_dict("records")
    assert (row["licence"], row["functional"], row["D3_added"]) == ("BSD-3-Clause", "PBE+U", "yes")
    assert (row["sha256"], row["size_MB"]) == ("d1" * 32, pytest.approx(1.69))


def test_the_model_table_names_the_structures_for_which_labels_have_a_u(study_config, tmp_path):
    names = ["chgnet", "mace-omat-0", "mace-demo"]
    models = {name: study_config["models"][name] for name in names}
    cards = dict.fromkeys(
        names, WeightsCard(source=None, family="mace", sha256="d1" * 32, size_bytes=1)
    )
    cells = {"v-hbn": "V2CO2BN", "v-g": "V2C3", "m-g": "Ti2CO2C2", "feo2": "FeO2", "mof": "MoF"}
    files = [tmp_path / f"{name}.extxyz" for name in cells]
    for path, formula in zip(files, cells.values(), strict=True):
        cell = Atoms(formula, cell=[9, 9, 9], pbc=True)
        cell.set_tags([10] * len(cell))
        write_structure(path, cell)
    table = model_table(models, cards, files)
    assert table["functional"].tolist() == ["PBE+U", "PBE+U", "PBE"]
    assert table["labels_with_U"].tolist() == ["v-hbn, feo2, mof", "v-hbn, feo2, mof", "none"]
    unconcerned = model_table(models, cards, [files[1], files[2]])
    assert unconcerned["labels_with_U"].tolist() == ["none"] * 3


def test_run_times_are_summed_over_tries_and_kept_apart_by_rule_and_model(tmp_path, monkeypatch):
    def run(log: str, *, fails: bool = False) -> None:
        with noted_cost(Path("results/logs") / log, 1):
            if fails:
                raise RuntimeError("lost")

    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError):
        run("relax/one/m-g.log", fails=True)
    for log in (
        "relax/one/m-g.log",
        "relax/one/m-go.log",
        "relax/two/m-g.log",
        "relax/old/m-g.log",
    ):
        run(log)
    for log in ("build_layer/graphene.log", "plot_phonons.log", "plot_paths/one.log"):
        run(log)
    table = run_time_table(Path("results/benchmarks"), ["one", "two"])
    counted = table.set_index(["rule", "model"])[["jobs", "tries", "not_finished"]]
    assert {key: tuple(row) for key, row in counted.iterrows()} == {
        ("build_layer", "all"): (1, 1, 0),
        ("plot_paths", "one"): (1, 1, 0),
        ("plot_phonons", "all"): (1, 1, 0),
        ("relax", "one"): (2, 3, 1),
        ("relax", "two"): (1, 1, 0),
        ("total", "all"): (6, 7, 1),
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "No columns to parse"),
        ("started\tseconds\n2026-01-01\t1.0\n", "it has the columns started, seconds; expected"),
        ("\t".join(COLUMNS) + "\n" + "a\t" * 20 + "\n", "could not convert string to float: 'a'"),
    ],
    ids=["empty", "other columns", "no numbers"],
)
def test_a_damaged_table_of_costs_is_one_sentence(tmp_path, text, fault):
    table = tmp_path / "relax" / "one" / "m-g.tsv"
    table.parent.mkdir(parents=True)
    table.write_text(text)
    with pytest.raises(ResultFileError, match=f"m-g.tsv does not tell what .*{fault}") as caught:
        run_time_table(tmp_path, ["one"])
    assert "\n" not in str(caught.value)
    assert "delete it" in str(caught.value)
