"""Two results folders compared: what differs is found, and what was renamed is no difference."""

import json
from pathlib import Path

import h5py
import pytest
from compare_results import compare, main

RENAMED = {
    "files": [{"old": r"([^/]+)/relaxed/(.*)", "new": r"\1/relaxation/\2"}],
    "keys": [{"file": r".*\.json", "old": "dispersion", "new": "hop_scatter"}],
    "split": [{"file": r".*\.json", "number": "x", "word": "x_word"}],
    "words": [{"file": ".*", "key": "table$", "old": "^structure$", "new": "relaxation"}],
    "measured_anew": {"files": [], "keys": [{"file": r".*\.json", "key": "seconds"}]},
}


@pytest.fixture
def folders(tmp_path) -> tuple[Path, Path]:
    """Return a folder of before and one of now, with the same values under other names."""
    before, after = tmp_path / "before", tmp_path / "after"
    for folder, name, key, table in (
        (before, "relaxed", "dispersion", "structure"),
        (after, "relaxation", "hop_scatter", "relaxation"),
    ):
        (folder / "m" / name).mkdir(parents=True)
        gone = {} if folder == before else {"gone": None}
        word = {"x": "one"} if folder == before else {"x": None, "x_word": "one"}
        values = {key: 0.1, "deep": [{"x": 1}, word], "seconds": len(name)} | gone
        (folder / "m" / name / "a.json").write_text(json.dumps(values))
        (folder / "quantities.csv").write_text(f"table,value\n{table},0.25\n")
        (folder / "m" / name / "a.extxyz").write_text('2\nLattice="1 0 0"\nC 0.5 0.25\n')
        with h5py.File(folder / "m" / name / "a.h5", "w") as file:
            file["x"] = [1.0, float("nan")]
    return before, after


def test_values_under_other_names_absent_ones_and_times_are_equal(folders):
    compared, found = compare(*folders, RENAMED)
    assert found == []
    assert compared == {".json": 5, ".csv": 2, ".extxyz": 9, ".h5": 2}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("m/relaxation/a.json", "0.1", "0.10000000000000002"),
        ("m/relaxation/a.extxyz", "0.25", "0.250001"),
        ("quantities.csv", "0.25", "0.26"),
        ("quantities.csv", "relaxation", "structure"),
    ],
)
def test_a_value_that_differs_in_its_last_digit_is_named(folders, name, old, new):
    path = folders[1] / name
    path.write_text(path.read_text().replace(old, new))
    _, found = compare(*folders, RENAMED)
    assert len(found) == 1
    assert found[0].startswith(f"{name}: ")


def test_a_number_of_a_trajectory_that_differs_is_named(folders):
    with h5py.File(folders[1] / "m/relaxation/a.h5", "a") as file:
        file["x"][0] = 1.5
    _, found = compare(*folders, RENAMED)
    assert found == ["m/relaxation/a.h5: x[0]: 1.0 before, 1.5 after"]


def test_a_file_that_only_one_folder_has_is_a_difference(folders):
    (folders[1] / "quantities.csv").unlink()
    assert compare(*folders, RENAMED)[1] == ["quantities.csv is gone"]


def test_two_empty_folders_are_no_proof_of_anything(tmp_path, capsys):
    assert main([str(tmp_path), str(tmp_path)]) == 1
    assert "no file" in capsys.readouterr().out
