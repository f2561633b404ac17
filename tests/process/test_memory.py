"""Memory: large arrays are made in the memory of freed ones, in fresh processes."""

import os
import platform
import subprocess
import sys

import pytest

from anodeflow.models.weights.fetching import fetch_weights
from anodeflow.process.memory import KEPT_MEMORY

# 64 MB are 16384 pages, if not huge ones, and the first touch of each that is new is a fault.
COUNT = """
import ctypes, resource
import numpy as np
from ase.calculators.calculator import Calculator, all_changes

PR_SET_THP_DISABLE = 41

def faults():
    ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
    np.ones(2**23)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        np.ones(2**23)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

class Count(Calculator):
    implemented_properties = ["energy", "forces", "stress"]

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        forces, stress = np.zeros((len(atoms), 3)), np.zeros(6)
        self.results = {"energy": float(faults()), "forces": forces, "stress": stress}
"""
CALL = """
import sys
from pathlib import Path
from ase import Atoms
from anodeflow.models.loading import load_calculator
options = {"family": "custom", "device": "cpu", "dtype": "float64", "dispersion": None}
options |= {"entry": "count:Count", "python": sys.argv[1] or None}
atoms = Atoms("H", cell=[9, 9, 9], pbc=True)
atoms.calc = load_calculator(Path("weights"), Path("card.json"), **options)
print(atoms.get_potential_energy())
"""
FEW, MANY = 1000, 50_000

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc's malloc is told to keep memory"
)


@pytest.fixture
def count(tmp_path):
    """Run a script in a fresh process, in a folder with the module `count`."""
    (tmp_path / "count.py").write_text(COUNT)

    def run(script, *arguments, **environment):
        command = [sys.executable, "-c", script, *arguments]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return float(done.stdout.split()[-1])

    return run


def test_a_process_started_with_the_variables_takes_freed_memory_again(count):
    script = "from count import faults; print(faults())"
    assert count(script) > MANY
    assert count(script, **KEPT_MEMORY) < FEW


@pytest.mark.parametrize("python", ["", sys.executable])
def test_a_model_takes_freed_memory_again_in_the_process_it_runs_in(count, tmp_path, python):
    weights, card = tmp_path / "weights", tmp_path / "card.json"
    options = {"sha256": None, "mirror": None, "lock": tmp_path / "lock.json"}
    fetch_weights(weights, card, family="custom", source=None, **options)
    assert count(CALL, python) < FEW
