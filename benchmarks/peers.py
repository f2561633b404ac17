"""Our dynamics, relaxation and phonons against those of janus-core and torch-sim, in one run.

All have the demo model in float64, one thread, the same structures and the same limits. janus-core
is asked by its command line; of a relaxation, the time of a `janus singlepoint` is taken off, and
of dynamics that of a shorter run. Phonons are few calls, so whole processes are compared. Its D3
takes torch's default dtype, float32 unless told otherwise: it is measured in float64 as ours and,
under a name of its own, in float32. torch-sim has neither D3 nor phonons: its dynamics and
relaxation are compared without D3.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import ROOT, WEIGHTS, Figure, mace_calculator, median, study_stack, study_unit
from plain_script import SUPERCELLS

PEERS = ROOT / ".envs/peers/bin"
STEPS, JANUS_STEPS, ROUNDS, FMAX = 20, 8, 3, 0.05
# The command line of janus-core, with another default dtype of torch, which decides that of its D3.
JANUS = """
import torch
torch.set_default_dtype(torch.{dtype})
from janus_core.cli.janus import app
app()
"""
JANUS_PEERS = {"janus-core": "float64", "janus-core, D3 in float32": "float32"}
PHONONS = """
import json, sys, tempfile
from pathlib import Path
sys.path.insert(0, "benchmarks")
from anodeflow.process.job import job
with tempfile.TemporaryDirectory() as place, job(log=Path(place) / "phonons.log", threads=1):
    from ase.io import read
    from figures import mace_calculator
    from anodeflow.stages.phonons.force_constants import (
        compute_force_constants, write_force_constants
    )
    folder = Path(place)
    settings = {"supercell": json.loads(sys.argv[2]), "displacement": 0.01}
    calculator = mace_calculator(folder, dtype="float64")
    phonon = compute_force_constants(
        read(sys.argv[1]), calculator, **settings, on_step=lambda *_: None
    )
    write_force_constants(phonon, folder / "params.yaml", folder / "force_constants.hdf5")
"""


def ask(command: list[str], order: str = "", folder: Path | None = None) -> tuple[float, str]:
    """Run a program of the peers' environment; return its seconds and what it said."""
    program = PEERS / command[0]
    if not program.exists():
        raise SystemExit(f"{program} does not exist: `make benchmark` builds the peers' packages.")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    start = time.perf_counter()
    done = subprocess.run(
        [str(program), *command[1:]],
        input=order,
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - start, done.stdout


def janus(dtype: str, task: str, structure: Path, *options: str) -> tuple[float, str]:
    """Run a task of janus-core with D3 of this dtype; return the process's seconds and output."""
    model = ["--arch", "mace_mp", "--model", str(WEIGHTS), "--no-tracker"]
    dispersion = ["--calc-kwargs", "{'dispersion': True}"]
    command = ["python", "-c", JANUS.format(dtype=dtype), task, "--struct", str(structure)]
    with tempfile.TemporaryDirectory() as folder:
        return ask([*command, *model, *dispersion, *options], folder=Path(folder))


def janus_step(dtype: str, structure: Path) -> float:
    """Return the seconds of a step of janus-core's dynamics."""
    thermostat = ["--ensemble", "nvt-csvr", "--timestep", "1", "--temp", "300"]
    short, long = (
        janus(dtype, "md", structure, *thermostat, "--steps", str(steps))[0]
        for steps in (1, 1 + JANUS_STEPS)
    )
    return (long - short) / JANUS_STEPS


def janus_relaxation(dtype: str, structure: Path) -> tuple[float, int]:
    """Return the seconds and the force calls of a relaxation by janus-core."""
    seconds, said = janus(dtype, "geomopt", structure, "--fmax", str(FMAX))
    start_up, _ = janus(dtype, "singlepoint", structure)
    return seconds - start_up, said.count("LBFGS: ")


def janus_phonons(dtype: str, unit: Path, supercell: tuple[int, int, int]) -> float:
    """Return the seconds of force constants by janus-core, from start to end of the process."""
    repeats = " ".join(map(str, supercell))
    options = ["--supercell", repeats, "--displacement", "0.01", "--no-progress-bar"]
    return janus(dtype, "phonons", unit, *options)[0]


def torch_sim(structures: dict[str, Path]) -> dict[str, float]:
    """Return torch-sim's seconds of a step and a relaxation, and its calls, without D3."""
    order = {"model": str(WEIGHTS), "steps": STEPS, "fmax": FMAX}
    order["structures"] = {task: str(path) for task, path in structures.items()}
    command = ["python", str(ROOT / "benchmarks/peer_torch_sim.py")]
    _, said = ask(command, json.dumps(order))
    return json.loads(said.splitlines()[-1])


def our_relaxation(atoms, calculator) -> tuple[float, int]:
    """Return the seconds and the force calls of our relaxation at fixed cell, warm before."""
    from anodeflow.stages.relaxation.minimum import relax

    settings = {"optimiser": "PreconBFGS", "fmax": FMAX, "max_steps": 1000, "cell": "fixed"}
    nowhere = {"fingerprint_extra": "", "checkpoint": None, "unfinished": None}
    with open(os.devnull, "w") as log:
        start = time.perf_counter()
        relaxed = relax(atoms, calculator, **settings, **nowhere, log=log)
        # One call at the start, and two for the Hessian.
        return time.perf_counter() - start, relaxed.info["steps"] + 3


def our_phonons(unit: Path, supercell: tuple[int, int, int]) -> float:
    """Return the seconds of our force constants, from start to end of the process."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", PHONONS, str(unit), json.dumps(supercell)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - start


def write_structures(folder: Path) -> tuple[dict[str, Path], dict]:
    """Write what is computed as bare extxyz; return the paths and the atoms."""
    atoms = {"md": study_stack(ions=1), "relaxation": study_stack()}
    atoms["relaxation"].rattle(0.05, seed=1)
    atoms |= {layer: study_unit(layer) for layer in SUPERCELLS}
    paths = {name: folder / f"{name}.extxyz" for name in atoms}
    for name, structure in atoms.items():
        bare = structure.copy()
        bare.info, bare.calc = {}, None
        bare.write(paths[name])
    return paths, atoms


def our_seconds(folder: Path, paths: dict[str, Path], atoms: dict, number: int) -> dict[str, float]:
    """Return the seconds, and force calls, of our tasks, with D3 and without, by task."""
    from md_step import our_step

    found = {}
    for name, dispersion in (("with D3", True), ("without D3", False)):
        calculator = mace_calculator(folder, dtype="float64", dispersion=dispersion)
        found[f"step {name}"] = our_step(calculator, folder / f"{name}-{number}")
        seconds, calls = our_relaxation(atoms["relaxation"], calculator)
        found |= {f"relaxation {name}": seconds, f"relaxation {name}, force calls": calls}
    for layer, supercell in SUPERCELLS.items():
        found[f"phonons {layer}, process"] = our_phonons(paths[layer], supercell)
    return found


def janus_seconds(dtype: str, paths: dict[str, Path]) -> dict[str, float]:
    """Return the seconds, and force calls, of janus-core's tasks, by task."""
    seconds, calls = janus_relaxation(dtype, paths["relaxation"])
    phonons = {
        f"phonons {layer}, process": janus_phonons(dtype, paths[layer], supercell)
        for layer, supercell in SUPERCELLS.items()
    }
    return phonons | {
        "step with D3": janus_step(dtype, paths["md"]),
        "relaxation with D3": seconds,
        "relaxation with D3, force calls": calls,
    }


def peers_seconds(paths: dict[str, Path]) -> dict[str, float]:
    """Return the seconds, and force calls, of the peers' tasks, by peer and task."""
    found = {
        f"{peer}: {task}": value
        for peer, dtype in JANUS_PEERS.items()
        for task, value in janus_seconds(dtype, paths).items()
    }
    other = torch_sim({task: paths[task] for task in ("md", "relaxation")})
    return found | {
        "torch-sim: step without D3": other["step"],
        "torch-sim: relaxation without D3": other["relaxation"],
        "torch-sim: relaxation without D3, force calls": other["calls"],
    }


def measure() -> list[Figure]:
    """Measure all in turn, one thread, medians of three."""
    from anodeflow.process.threads import set_threads

    set_threads(1)
    ratios: dict[str, list[float]] = {}
    seconds: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        paths, atoms = write_structures(folder)
        for number in range(ROUNDS):
            ours, theirs = our_seconds(folder, paths, atoms, number), peers_seconds(paths)
            for name, value in theirs.items():
                own = ours[name.partition(": ")[2]]
                ratios.setdefault(name, []).append(own / value)
                seconds.setdefault(name, []).append(value)
    return [
        figure
        for name in ratios
        for figure in (
            Figure(f"ours / {name}", median(ratios[name]), "×", 1.0),
            Figure(name, median(seconds[name]), "" if name.endswith("calls") else "s", None),
        )
    ]
