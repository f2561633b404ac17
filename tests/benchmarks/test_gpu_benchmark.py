"""What is measured on a GPU, run where there is none: that it measures, not what."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import gpu
import pytest
from figures import WEIGHTS
from stand_ins import Greenlet, GreenletExit

from anodeflow.study.loading import load_config
from anodeflow.study.plan import Plan

SMALLEST = {
    "members": 2,
    "steps": 1,
    "warm-up": 0,
    "calls": 1,
    "points": 1,
    "fmax": 5,
    "supercell": 1,
}
NEEDED = ("torch", "mace-torch", "ase", "h5py", "matscipy")
ONLY_WHAT_IS_NEEDED = """
import importlib.metadata as installed, io, os, re, runpy, subprocess, sys
from packaging.requirements import Requirement

def plain(name):
    return re.sub("[-_.]+", "-", name).lower()

allowed, asked = {"anodeflow"}, sys.argv.pop(1).split(",")
while asked:
    name = plain(asked.pop())
    if name not in allowed:
        allowed.add(name)
        needs = [Requirement(need) for need in installed.requires(name) or []]
        here = [n for n in needs if not n.marker or n.marker.evaluate({"extra": ""})]
        asked += [need.name for need in here]
modules = installed.packages_distributions().items()
hidden = {top for top, found in modules if not allowed & {plain(name) for name in found}}

class Hiding:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}")

def forked(command, *, input, **_):
    # What starts anew to call MACE plainly is a fork here, which has imported MACE.
    child = os.fork()
    if child == 0:
        sys.stdin = io.TextIOWrapper(io.BytesIO(input.encode()))
        runpy.run_path(command[-1], run_name="__main__")
        os._exit(0)
    return subprocess.CompletedProcess(command, os.waitpid(child, 0)[1], "", "")

started = subprocess.run
subprocess.run = lambda command, **options: (
    forked if str(command[-1]).endswith("calculator_process.py") else started
)(command, **options)
sys.meta_path.insert(0, Hiding())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
assert {"pydantic", "greenlet", "phonopy", "snakemake", "torch_dftd"} <= hidden
"""
"""Runs a script as if only some packages were there, and what these need."""


@pytest.mark.slow
def test_the_check_of_a_gpu_runs_all_of_it_where_only_five_packages_are(root, tmp_path):
    output = tmp_path / "check.json"
    given = [",".join(NEEDED), str(root / "benchmarks/gpu_check.py"), "--device", "cpu"]
    given += [f"--{name}={size}" for name, size in SMALLEST.items()]
    paths = os.pathsep.join(str(root / folder) for folder in ("src", "benchmarks"))
    ran = subprocess.run(
        [sys.executable, "-c", ONLY_WHAT_IS_NEEDED, *given, "--like", "", "--output", str(output)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(output.read_text())
    assert found["about"]["stand_ins"] == ["pydantic", "greenlet", "threadpoolctl"]
    assert not found["left_out"]
    assert not found["failed"]
    for dtype in ("float64", "float32"):
        assert found["gate"][dtype]["agrees"] is True
        (row,) = found[f"dynamics in {dtype}"]
        assert row["together"] == 2
        assert min(row[name] for name in ("steps_per_second", "model_ms", "D3_ms")) > 0
    assert found["gate"]["float32"]["largest"]["model"]["force"] > 1e-6
    assert found["scan"]["starts"].keys() == {"neighbour", "relaxed"}
    assert found["phonons"]["supercells"] == 30
    assert found["phonons"]["largest_force_difference"] < 1e-10
    assert [row["option"] for row in found["calls"]] == ["as it is"]
    assert [row["part"] for row in found["D3 both ways"]] == ["D3", "D3", "model"]
    assert [row["forces_differ"] for row in found["D3 both ways"]] == [0, 0, 0]  # on a CPU
    for line in ("gate in float32: agrees", "dynamics: {together: 2}", "mem_mb:"):
        assert line in ran.stdout


def test_without_a_gpu_the_check_says_so_in_a_sentence(root, tmp_path, monkeypatch):
    import gpu_check

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="torch finds no CUDA device here"):
        gpu_check.main([])
    assert not list(tmp_path.iterdir())


def test_threads_stand_in_for_greenlets():
    def member(first):
        got = hub.switch(first + 1)
        try:
            hub.switch(got + 1)
        except ValueError as error:
            return str(error)

    hub = Greenlet(member).parent
    one, other = Greenlet(member), Greenlet(member)
    assert [one.switch(1), other.switch(10), one.switch(2), other.switch(20)] == [2, 11, 3, 21]
    assert one.throw(ValueError("known")) == "known"
    assert (one.dead, other.dead) == (True, False)
    assert isinstance(other.throw(), GreenletExit)
    assert other.dead
    with pytest.raises(ZeroDivisionError):
        Greenlet(lambda value: 1 / value).switch(0)


def test_a_part_that_fails_or_comes_too_late_is_kept_as_such():
    import gpu_check

    check = gpu_check.Check(limit=60.0)
    check.part("dynamics", lambda: 1 / 0)
    check.part("scan", lambda: {"points": 5})
    check.limit = -1.0
    check.part("phonons", lambda: {})
    assert check.found["failed"] == {"dynamics": "ZeroDivisionError: division by zero"}
    assert check.found["scan"] == {"points": 5}
    assert check.found["left_out"] == ["phonons"]


def test_where_cuda_graphs_fail_the_check_goes_on_without_them_and_says_so(monkeypatch):
    import gpu_check

    def load(**options):
        assert options == {"cuda_graphs": True}
        raise RuntimeError("operation not permitted when stream is capturing")

    check = gpu_check.Check(limit=60.0)
    assert not gpu_check.graphs_work(check, load)
    (told,) = check.found["failed"].values()
    assert told == "RuntimeError: operation not permitted when stream is capturing"
    monkeypatch.setattr("gpu_parts.seconds_of_parts", lambda calculator, count: (0.1, 0.2))
    assert gpu_check.graphs_work(check, lambda **options: None)


def test_the_lines_of_the_check_can_be_pasted():
    import gpu_check
    import yaml

    chosen = gpu_check.arguments(["--device", "cpu"])
    row = {"together": 8, "steps_per_second": 3.0, "gpu_memory_MB": 100.0}
    found = {"about": {"memory_MB": 1000.0}, "dynamics in float64": [row]}
    found |= {"host_memory_MB": 1500.0, "failed": {}, "left_out": []}
    said = "\n".join(gpu_check.settings_for(found, chosen))
    overlay, profile = (part.partition(":\n")[2] for part in said.split("in profiles"))
    model = {"calculator": {"device": "cpu", "dispersion": True}}
    assert yaml.safe_load(overlay) == {"dynamics": {"together": 8}, "models": {"NAME": model}}
    assert yaml.safe_load(profile) == {"advance_dynamics": {"mem_mb": 2000}}


def test_the_steps_of_a_study_are_those_of_its_runs(study_config, root):
    from gpu_check import study_steps

    study_config["dynamics"]["runs"][1]["temperatures"] = [300.0, 400.0]
    runs = Plan(load_config(study_config, root=root)).runs.values()
    steps = [
        1000
        * (run["equilibration_ps"] + run["production_ps"])
        / (0.5 if "goh" in run["stack"] else 1)
        for run in runs
    ]
    assert {run["temperature"] for run in runs} == {300.0, 400.0}
    assert study_steps(study_config) == sum(steps)


class NoScript(contextlib.nullcontext):
    """Stands for the plain script, which measures as slowly as it is."""

    def __init__(self, *_):
        super().__init__(self)

    def step(self, steps):
        """Return the seconds of a step."""
        return 1.0


def test_the_benchmark_of_a_gpu_measures_runs_together(monkeypatch):
    monkeypatch.setattr(gpu, "WARM_UP", 1)
    monkeypatch.setattr(gpu, "PlainScript", NoScript)
    monkeypatch.setattr(gpu.seconds_of_parts, "__kwdefaults__", {"calls": 1})
    figures = list(gpu.measure([Path(WEIGHTS)], device="cpu", members=(1,), steps=1))
    assert all(figure.value > 0 for figure in figures if "beside" not in figure.name)
    names = [figure.name.partition(": ")[2] for figure in figures]
    assert "1 together, steps per second" in names
