"""A wheel installs into empty environments of every Python that is supported, and works there."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.install

IMPORT_ALL = """
import importlib, pkgutil, sys
import anodeflow
names = [module.name for module in pkgutil.walk_packages(anodeflow.__path__, "anodeflow.")]
for name in names:
    importlib.import_module(name)
print(len(names), anodeflow.__file__)
"""
LJ = ("ase.calculators.lj:LennardJones", '{"sigma": 1.7, "rc": 6.0, "smooth": true}')


def _run(*command: str | Path, **options) -> str:
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _python(minor: int) -> str | None:
    """Return a Python 3.minor: on the PATH, or among those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python3.{minor}"), *pyenv.glob(f"3.{minor}.*/bin/python")]
    if sys.version_info[1] == minor:
        found.insert(0, sys.executable)
    for python in filter(None, found):
        asked = subprocess.run([python, "-V"], capture_output=True, text=True, check=False)
        if asked.stdout.startswith(f"Python 3.{minor}."):
            return str(python)
    return None


@pytest.fixture(scope="session")
def wheel(tmp_path_factory, root) -> Path:
    """Return a wheel that is built out of a copy of the checkout, which building would litter."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(root / "src", folder / "src", ignore=shutil.ignore_patterns("*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(root / name, folder)
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, folder)
    (found,) = folder.glob("anodeflow-*.whl")
    return found


def test_the_wheel_holds_what_is_no_python_and_nothing_of_the_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {"anodeflow/py.typed", "anodeflow/models/d3_tables.npz"} <= set(names)
    assert any(name.endswith(".mplstyle") for name in names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"anodeflow"}


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_the_wheel_works_in_an_empty_environment(minor, wheel, root, tmp_path):
    python = _python(minor)
    if python is None:
        pytest.skip(f"no Python 3.{minor} was found here")
    _run(python, "-m", "venv", tmp_path / "venv")
    own = tmp_path / "venv/bin/python"
    pins = (root / "envs/requirements.txt").read_text().splitlines()
    torch = next(pin for pin in pins if pin.startswith("torch=="))
    _run(own, "-m", "pip", "install", "--quiet", torch, wheel)
    alone = {"cwd": tmp_path, "env": {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}}
    said = _run(own, "-W", "ignore", "-c", IMPORT_ALL, **alone)
    count, where = said.splitlines()[-1].split()
    assert int(count) > 150
    assert str(tmp_path / "venv") in where
    schema = _run(own, "-m", "anodeflow.schema", **alone)
    assert schema == (root / "config/config.schema.json").read_text()
    assert "keeps the contract" in _run(own, "-m", "anodeflow.testing", *LJ, **alone)
