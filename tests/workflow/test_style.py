"""The house style that tools can check."""

import subprocess
import sys

import pytest
from check_docstrings import missing

from anodeflow.study.stages import FIGURES


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "src", "workflow", "tests", "benchmarks"],
        ["ruff", "format", "--check", "src", "workflow", "tests", "benchmarks"],
        ["snakefmt", "--check", "Snakefile", "workflow"],
        ["mypy"],
        ["codespell_lib"],
        ["snakemake", "--lint"],
    ],
    ids=" ".join,
)
def test_the_style_checkers_have_nothing_to_say(root, command):
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=root, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_docstrings_give_shapes_and_units(root):
    assert [line for path in (root / "src").rglob("*.py") for line in missing(path)] == []


def test_a_docstring_without_shape_or_unit_is_named(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(
        'def spacing(z: np.ndarray) -> float:\n    """Return the spacing."""\n'
        'def width(z: np.ndarray) -> float:\n    """Return the width, Å, of z (N,)."""\n'
    )
    assert list(missing(module)) == [
        f"{module}:1: spacing: no shape of z",
        f"{module}:1: spacing: no unit of spacing",
    ]


def test_every_rule_with_a_script_has_one_of_its_name_and_every_script_its_rule(root):
    text = "".join(path.read_text() for path in (root / "workflow/rules").glob("*.smk"))
    rules = {line.split()[1].rstrip(":") for line in text.splitlines() if line.startswith("rule ")}
    rules |= {f"plot_{figure}" for figure in FIGURES}  # made in a loop over what stages declare
    scripts = {path.stem for path in (root / "workflow/scripts").glob("*.py")}
    assert rules == scripts


def test_scripts_are_short(root):
    long = [
        path.name
        for path in (root / "workflow/scripts").glob("*.py")
        if len(path.read_text().splitlines()) > 40
    ]
    assert long == []
