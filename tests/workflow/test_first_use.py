"""Weights of first use in the real workflow: what a damaged file leaves behind, and the cache."""

import json
import shutil

import pytest
from chain import caching, sentence
from places import DEMO_MODEL
from project import Project, new_project

RECORD = "results/mine/backend_float64.json"
MINE = {
    "label": "mine",
    "colour": "#123456",
    "stages": ["relaxation"],
    "weights": {"source": "mine.model", "sha256": None},
    "calculator": {"family": "mace", "device": "cpu", "dispersion": False},
    "precision": {"static": "float64", "dynamics": "float64"},
}
CARD = {"functional": "PBE", "training_data": "x", "labels_hold_dispersion": False}
STUDY = {"models": ["mine"], "stacks": ["m-g"], "layers": ["graphene"]}
OVERLAY = {"study": STUDY, "models": {"mine": MINE | {"card": CARD | {"licence": "MIT"}}}}


@pytest.fixture
def mine(project) -> Project:
    """Return a study of one model, whose weights are a file that a test puts there."""
    project.overlay(OVERLAY)
    return project


def put(project: Project, content: bytes) -> None:
    (project.folder / "mine.model").write_bytes(content)


def first_use(project: Project) -> dict:
    lock = project.folder / "resources/weights/weights.lock.json"
    return json.loads(lock.read_text())["mine.model"]


def test_a_file_that_is_not_whole_is_refused_when_it_is_fetched_and_the_whole_one_taken(mine):
    whole = DEMO_MODEL.read_bytes()
    put(mine, whole[:200_000])
    assert "without its end, 200000 bytes" in sentence(mine.snakemake(RECORD))
    assert not (mine.folder / "resources/weights/weights.lock.json").exists()
    put(mine, whole)
    done = mine.snakemake(RECORD)
    assert done.returncode == 0, done.stdout
    assert "pending" not in first_use(mine)
    assert mine.planned(RECORD) == set()


def test_a_damaged_file_is_pending_until_the_good_one_takes_its_place_which_then_counts(mine):
    whole = DEMO_MODEL.read_bytes()
    place = whole.index(b"data.pkl") + 500
    put(mine, whole[:place] + bytes(4000) + whole[place + 4000 :])
    assert "if the file is damaged, delete it" in sentence(mine.snakemake(RECORD))
    damaged = first_use(mine)
    assert damaged["pending"] is True
    put(mine, whole)
    done = mine.snakemake(RECORD)
    assert done.returncode == 0, done.stdout
    log = (mine.folder / "results/logs/fetch_weights/mine.log").read_text()
    assert f"had {damaged['sha256']} and were never evaluated: these take their place." in log
    trusted = first_use(mine)
    assert "pending" not in trusted and trusted["sha256"] != damaged["sha256"]
    put(mine, whole + b" ")
    assert "they have changed since" in sentence(mine.snakemake(RECORD))
    assert first_use(mine) == trusted


def test_a_gate_that_does_not_pass_leaves_the_hash_pending(mine):
    strict = {"float64": {"energy_meV": 1e-30, "force": 1e-30, "stress": 1e-30}}
    mine.overlay(OVERLAY | {"equivalence": strict})
    put(mine, DEMO_MODEL.read_bytes())
    assert "does not agree with the plain one" in sentence(mine.snakemake(RECORD))
    assert first_use(mine)["pending"] is True


def test_a_record_from_the_shared_cache_makes_no_hash_count(mine, root, tmp_path):
    put(mine, DEMO_MODEL.read_bytes())
    (tmp_path / "cache").mkdir()
    (tmp_path / "second").mkdir()
    first = caching(mine, tmp_path / "cache")
    done = first.snakemake(RECORD, "--cache")
    assert done.returncode == 0, done.stdout
    assert "pending" not in first_use(first)
    second = caching(new_project(tmp_path / "second", root), tmp_path / "cache")
    second.overlay(OVERLAY)
    shutil.copy(mine.folder / "mine.model", second.folder)
    done = second.snakemake(RECORD, "--cache")
    assert done.returncode == 0, done.stdout
    assert (second.folder / RECORD).exists()
    log = second.folder / "results/logs/check_backend/mine/float64.log"
    assert not log.exists() or not log.read_text()  # nothing was evaluated here
    assert first_use(second)["pending"] is True


def test_elements_of_a_layers_file_are_told_by_the_gate_before_it_evaluates(mine):
    (mine.folder / "hbn.xyz").write_text(
        '2\nLattice="2.46 0 0 -1.23 2.130422 0 0 0 20" Properties=species:S:1:pos:R:3\n'
        "B 0 0 10\nN 0 1.420282 10\n"
    )
    sheet = {"builder": "file", "path": "hbn.xyz", "role": "top", "size": [5, 5]}
    of_file = {"layers": {"hbn": sheet}, "stacks": {"m-g": {"top": "hbn"}}}
    mine.overlay(OVERLAY | {"structures": of_file})
    put(mine, DEMO_MODEL.read_bytes())
    said = sentence(mine.snakemake(RECORD))
    assert "mine knows H, C, O, Na, Ti, not B, N (of C16B25N25O32Ti32)" in said
    assert first_use(mine)["pending"] is True
