"""Kill every stage at random moments, many times, and count what differs from an unbroken run.

First each stage alone on a cheap potential, in forked processes; then the jobs of the smallest
chain on the demonstration model, by killing whole process groups of `snakemake`.

    python benchmarks/kills.py [kills on the cheap potential] [kills of snakemake, each stage]
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from figures import ROOT

sys.path.insert(0, str(ROOT / "tests/helpers"))

from chain import MODEL, settings
from killed import contents
from killing import kill_again_and_again
from project import Project, new_project
from stages import STAGES

from anodeflow.stages.relaxation import minimum
from anodeflow.structures.files import read_frames

SEED = 11
ROW = "{:<44} {:>6} {:>9} {:>10} {:>10}"
LEFTOVERS = ("*.part", "*.tmp", "*.tries", "*.done")
RESULTS = f"results/{MODEL}"
BARRIERS = f"{RESULTS}/barriers/m-g"
TARGETS = {
    "relax": [f"{RESULTS}/relaxation/m-g.extxyz"],
    "scan_adhesion": [f"{RESULTS}/adhesion/m-g.extxyz"],
    "fill_frozen_host": [f"{RESULTS}/voltage/m-g_frozen.extxyz"],
    "run_phonons": [f"{RESULTS}/phonons/graphene/force_constants.hdf5"],
    "run_dynamics": [f"{RESULTS}/dynamics/m-g_1na_300K_0.h5"],
    "find_sites": [f"{BARRIERS}/sites.extxyz"],
    "find_paths": [f"{BARRIERS}/paths.extxyz", f"{BARRIERS}/network_sites.extxyz"],
    "compute_vibrations": [f"{BARRIERS}/vibrations.json"],
    "map_energy": [f"{BARRIERS}/map_points.extxyz"],
}


def show(stage: str, kills: int, survived: int, compared: int, differing: int) -> None:
    """Print one row of the table."""
    print(ROW.format(stage, kills, survived, compared, differing), flush=True)


def values(path: Path) -> dict[str, bytes]:
    """Return everything in a file by name, to the last bit."""
    if path.suffix in (".h5", ".hdf5"):
        # strings are objects in memory, whose bytes would be addresses
        return {
            name: str(value).encode() if value.dtype == object else value.tobytes()
            for name, value in ((name, np.asarray(value)) for name, value in contents(path).items())
        }
    if path.suffix == ".extxyz":
        return {
            f"{number} {name}": np.asarray(value).tobytes()
            for number, atoms in enumerate(read_frames(path))
            for name, value in (atoms.arrays | (atoms.calc.results if atoms.calc else {})).items()
        }
    return {"bytes": path.read_bytes()}


def differing(unbroken: Path, killed: Path) -> tuple[int, int]:
    """Return how many datasets two files have, and how many of them differ."""
    left, right = values(unbroken), values(killed)
    names = left.keys() | right.keys()
    return len(names), sum(left.get(name) != right.get(name) for name in names)


def kill_cheap_stages(kills: int) -> None:
    """Kill each stage on its cheap potential, with a checkpoint at every step."""
    minimum.CHECKPOINT_INTERVAL_S = 0.0
    for stage, (run, calculator, assert_equal) in STAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            whole, killed = Path(folder) / "whole", Path(folder) / "killed"
            run(whole)

            def slowly(run=run, killed=killed, calculator=calculator) -> None:
                run(killed, calculator=calculator)

            kill_again_and_again(slowly, killed, kills=kills, longest=0.3, seed=SEED)
            try:
                assert_equal(whole, killed)
                differ = 0
            except AssertionError:
                differ = 1
            show(f"{stage}, cheap potential", kills, kills * (not differ), 1, differ)


def killed_run(project: Project, targets: list[str], moment: float) -> bool:
    """Kill a run's whole process group after `moment` seconds; say whether it was still at work."""
    run = project.start(*targets, said="said.txt")
    try:
        run.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
        return True
    return False


def kill_snakemake(
    unbroken: Project, folder: Path, stage: str, targets: list[str], files: list[str], kills: int
) -> None:
    """Remove what a stage made, make it again under `kills` kills, and compare the files."""
    project = Project(folder, unbroken.root)
    shutil.copytree(unbroken.folder, folder)
    for file in files:
        (folder / file).unlink()
    start = time.monotonic()
    assert project.snakemake(*targets).returncode == 0
    whole_s = time.monotonic() - start
    chance, done = random.Random(SEED), 0
    while done < kills:
        for file in files:
            (folder / file).unlink(missing_ok=True)
        while done < kills and killed_run(project, targets, chance.uniform(0.3, 1.0) * whole_s):
            done += 1
    result = project.snakemake(*targets)
    if result.returncode != 0:
        print(result.stdout)
        show(f"{stage}, snakemake", kills, 0, 0, 0)
        return
    compared = [differing(unbroken.folder / file, folder / file) for file in files]
    count, differ = (sum(column) for column in zip(*compared, strict=True))
    left = [path for pattern in LEFTOVERS for path in folder.rglob(pattern)]
    assert not left, left
    show(f"{stage}, snakemake", kills, kills * (not differ), count, differ)
    shutil.rmtree(folder)


def kill_the_chain(kills: int) -> None:
    """Kill `snakemake` in each stage that computes forces, and then anywhere in the chain."""
    with tempfile.TemporaryDirectory() as folder:
        unbroken = new_project(Path(folder) / "unbroken", ROOT)
        overlay = settings(ROOT)
        overlay["voltage"]["host"] = "frozen"
        overlay["relaxation"]["stacks"] = {"fmax": 0.05}
        unbroken.overlay(overlay)
        result = unbroken.snakemake()
        assert result.returncode == 0, result.stdout
        for stage, files in TARGETS.items():
            copy = Path(folder) / stage
            kill_snakemake(unbroken, copy, stage, files, files, kills)
        made = (unbroken.folder / "results").rglob("*")
        files = [str(path.relative_to(unbroken.folder)) for path in made if path.is_file()]
        notes = ("results/logs", "results/benchmarks")  # they tell of every try
        files = [file for file in files if not file.startswith(notes)]
        copy = Path(folder) / "chain"
        kill_snakemake(unbroken, copy, "whole chain", [], files, 2 * kills)


if __name__ == "__main__":
    print(ROW.format("stage", "kills", "survived", "datasets", "differing"))
    cheap, real = (int(given) for given in [*sys.argv[1:], "100", "5"][:2])
    kill_cheap_stages(cheap)
    kill_the_chain(real)
