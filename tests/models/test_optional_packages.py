"""Without the packages that some machines have no wheels of, only their own options fail."""

import subprocess
import sys

import numpy as np
import pytest
from places import ROOT

WITHOUT = """
import sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("chgnet", "dftd3"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refusing())
"""
LOAD_ALL = """
import importlib, pkgutil
import anodeflow
for module in pkgutil.walk_packages(anodeflow.__path__, "anodeflow."):
    importlib.import_module(module.name)
"""
D3 = """
import yaml
from anodeflow.errors import AnodeflowError
from anodeflow.models.dispersion import load_dispersion
from anodeflow.testing import distorted_layer
settings = {"functional": "pbe"} | yaml.safe_load(open(sys.argv[1]))["dispersion"]
atoms = distorted_layer()
atoms.calc = load_dispersion(settings, device="cpu")
print(atoms.get_potential_energy())
try:
    load_dispersion(settings | {"library": "dftd3"}, device="cpu")
except AnodeflowError as error:
    print(error)
"""
CHGNET = """
from pathlib import Path
from anodeflow.errors import AnodeflowError
from anodeflow.models.loading import load_calculator
from anodeflow.models.weights.fetching import fetch_weights
weights, card, lock = (Path(sys.argv[1]) / name for name in ("model", "card.json", "lock.json"))
# Another process of a Python that has the package tells where its files are.
fetch_weights(
    weights, card, family="chgnet", source="0.3.0", sha256=None, mirror=None, lock=lock
)
try:
    load_calculator(
        weights, card, family="chgnet", device="cpu", dispersion=None, dtype="float32"
    )
except AnodeflowError as error:
    print(error)
"""


def _said(program: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT + program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_is_imported_without_them():
    _said(LOAD_ALL)


def test_d3_is_computed_without_dftd3_which_is_asked_for_in_one_sentence():
    energy, sentence = _said(D3, str(ROOT / "config/config.yaml")).strip().splitlines()
    assert -2 < float(energy) < -0.5
    assert "install anodeflow[dftd3], or choose anodeflow or torch-dftd" in sentence


def test_a_model_whose_package_is_missing_is_refused_in_one_sentence(tmp_path):
    (sentence,) = _said(CHGNET, str(tmp_path)).splitlines()
    assert "family chgnet can load (ModuleNotFoundError: No module named 'chgnet" in sentence
    assert "the installed package" in sentence


def test_the_tables_of_d3_are_those_of_torch_dftd():
    torch_dftd = pytest.importorskip("torch_dftd")
    from pathlib import Path

    from anodeflow.models.d3 import _tables

    path = Path(torch_dftd.__file__).parent / "nn/params/dftd3_params.npz"
    with np.load(path) as file:
        theirs = {name: file[name] for name in ("rcov", "r2r4", "c6ab")}
    given = theirs["c6ab"][..., 0] > 0
    ours = _tables()
    for name in ("rcov", "r2r4"):
        np.testing.assert_array_equal(ours[name], theirs[name])
    np.testing.assert_array_equal(ours["c6"], np.where(given, theirs["c6ab"][..., 0], 0))
    known = ours["coordination"] < 1000
    counted = np.where(given, theirs["c6ab"][..., 1], np.inf).min(axis=(1, 3))
    np.testing.assert_array_equal(ours["coordination"][known], counted[known])
    assert np.isinf(counted[~known]).all()


def test_tables_that_are_not_the_shipped_ones_are_refused(tmp_path, monkeypatch):
    from anodeflow.errors import CalculatorError
    from anodeflow.models import d3

    changed = tmp_path / "tables.npz"
    changed.write_bytes(d3.TABLES.read_bytes()[:-1])
    monkeypatch.setattr(d3, "TABLES", changed)
    d3._tables.cache_clear()
    with pytest.raises(CalculatorError, match="not the table of D3 that anodeflow ships"):
        d3._tables()
