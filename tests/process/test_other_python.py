"""What to do about another Python: `make envs` is named where it helps, and nowhere else."""

import pytest

from anodeflow.process.other_python import to_make, to_repair

OURS, OTHER = ".envs/sevennet/bin/python", ".envs/mine/bin/python"
MISSING = "ModuleNotFoundError: No module named 'sevenn'"
WRONG_FILE = "_pickle.UnpicklingError: invalid load key, 'x'"


@pytest.mark.parametrize(
    ("python", "make"), [(OURS, True), (f"/a/{OURS}", True), (OTHER, False), ("python", False)]
)
def test_make_makes_environments_whose_pins_are_shipped(python, make):
    assert (to_make(python) == "run `make envs NAMES=sevennet`") == make


def test_a_package_that_is_missing_is_installed_or_the_environment_made_anew():
    assert to_repair(OURS, MISSING).startswith(
        "remove .envs/sevennet and run `make envs NAMES=sevennet`"
    )
    assert to_repair(OTHER, MISSING).startswith("install what is missing there")


@pytest.mark.parametrize("python", [OURS, OTHER])
def test_a_wrong_file_is_not_mended_by_a_new_environment(python):
    assert "make envs" not in to_repair(python, WRONG_FILE)
    assert "weights" in to_repair(python, WRONG_FILE)
