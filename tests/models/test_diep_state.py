"""DIEP opened from its file of parameters, against the opener of its own package."""

import json
import subprocess

import numpy as np
import pytest
from ase.build import graphene
from places import ROOT

from anodeflow.families import DIEP
from anodeflow.testing import distorted_layer

PYTHON = ROOT / ".envs/diep/bin/python"
STATE = "str(DEFAULT_MODEL_DIR / 'state.pt')"

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason=f"no {PYTHON}: make envs NAMES={DIEP.name}"
)

ASK = """
import json, sys
import torch
from ase import Atoms

sys.path.append({child!r})
from diep_state import load_diep
from diep.pretrained import DEFAULT_MODEL_DIR, make_calculator

atoms = Atoms(**json.loads(sys.argv[1]))
atoms.calc = {opener}
print(json.dumps([atoms.get_potential_energy(), atoms.get_forces().tolist(),
    atoms.get_stress().tolist()]))
"""


def _ask(opener: str, atoms) -> list[np.ndarray]:
    """Return energy, forces and stress by a calculator that `opener` makes, in DIEP's Python."""
    code = ASK.format(child=str(ROOT / "src/anodeflow/models/child"), opener=opener)
    told = {"numbers": atoms.numbers, "positions": atoms.positions, "cell": atoms.cell.array}
    order = json.dumps({name: value.tolist() for name, value in told.items()} | {"pbc": True})
    run = subprocess.run(
        [PYTHON, "-W", "ignore", "-c", code, order], capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise RuntimeError(run.stderr)
    return [np.array(value) for value in json.loads(run.stdout)]


def _loaded(dtype: str) -> str:
    return f"load_diep({STATE}, 'cpu', '{dtype}')"


def test_in_float32_it_is_the_calculator_of_the_package():
    for ours, theirs in zip(
        _ask(_loaded("float32"), distorted_layer()),
        _ask("make_calculator()", distorted_layer()),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_in_float64_a_flat_sheet_has_the_forces_that_its_symmetry_leaves_it():
    flat = graphene(size=(4, 4, 1), a=2.46, vacuum=10.0)
    flat.pbc = True
    forces = _ask(_loaded("float64"), flat)[1]
    # In float32 they are up to 0.02 eV/Å here; what is left is of the model's own grid.
    assert np.abs(forces).max() < 2e-4


def test_parameters_that_are_missing_are_refused(tmp_path):
    cut = str(tmp_path / "cut.pt")
    state = "dict(list(torch.load(DEFAULT_MODEL_DIR / 'state.pt').items())[:-1])"
    opener = f"[torch.save({state}, {cut!r}), load_diep({cut!r}, 'cpu', 'float64')][1]"
    with pytest.raises(RuntimeError, match="missing 1 parameter"):
        _ask(opener, distorted_layer())
