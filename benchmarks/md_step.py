"""A step of our molecular dynamics against its floor, the bare force calls, in one run.

Floor: MACECalculator and our D3 called directly on moving atoms, in the same process. The script
that a user would write (`plain_script`) is in one of its own.
"""

import tempfile
import time
from pathlib import Path

from figures import WEIGHTS, Figure, mace_calculator, median, study_stack
from plain_script import PlainScript

START, STEPS, PLAIN_STEPS, ROUNDS = 10, 60, 5, 5
# A fifth and an eighth of the plain script's time.
LIMITS = {"float64": 0.2, "float32": 0.125}
SETTINGS = {
    "temperature": 300.0,
    "timestep_fs": 1.0,
    "thermostat_time_fs": 100.0,
    "degrees_of_freedom": "counted",
    "equilibration_ps": 0.0,
    "frame_interval_fs": 20.0,
    "ion_interval_fs": 10.0,
    "hold_centres_of_mass": True,
    "stability": {"max_spacing": 8.0, "max_bond_stretch": 1.5, "max_temperature_K": 1500.0},
}


def bare_step(calculators, path) -> float:
    """Time a force call of each calculator along the structures of a run, (F, N, 3) Å."""
    atoms = study_stack(ions=1)
    start = time.perf_counter()
    for positions in path:
        atoms.positions = positions
        for calculator in calculators:
            calculator.calculate(atoms, ["energy", "forces"], ["positions"])
    return (time.perf_counter() - start) / len(path)


def run(calculator, output: Path, steps: int, **settings) -> float:
    """Run dynamics of so many steps and return its seconds, all included."""
    from anodeflow.stages.dynamics.run import run_dynamics

    start = time.perf_counter()
    run_dynamics(
        study_stack(ions=1),
        lambda: calculator,
        output,
        settings=SETTINGS | {"production_ps": steps / 1000} | settings,
        checkpoint_interval_ps=1.0,
        label="benchmark",
        software=dict,
        fingerprint_extra="",
    )
    return time.perf_counter() - start


def our_step(calculator, folder: Path, *, start: int = START, steps: int = STEPS) -> float:
    """Time a step of run_dynamics, with everything it writes, without its fixed start-up."""
    folder.mkdir()
    # A calculator's first calls are slow: in the short run alone they would be taken off the long.
    run(calculator, folder / "warm.h5", start, seed=0)
    start_up = run(calculator, folder / "short.h5", start, seed=0)
    return (run(calculator, folder / "long.h5", start + steps, seed=0) - start_up) / steps


def measure() -> list[Figure]:
    """Measure all three, interleaved, one thread."""
    from anodeflow.process.threads import limit_torch, set_threads

    set_threads(1)
    from mace.calculators import MACECalculator

    from anodeflow.stages.dynamics.trajectory import read_trajectory

    limit_torch()
    figures = []
    with tempfile.TemporaryDirectory() as folder, PlainScript(WEIGHTS) as plain:
        for dtype in ("float64", "float32"):
            ours = mace_calculator(Path(folder), dtype=dtype)
            bare = [
                MACECalculator(model_paths=str(WEIGHTS), device="cpu", default_dtype=dtype),
                ours.dispersion,
            ]
            every = Path(folder) / f"{dtype}.h5"
            single = {"frame_interval_fs": 1.0, "ion_interval_fs": 1.0}
            run(ours, every, START + STEPS, seed=0, **single)
            path = read_trajectory(every).positions[START + 1 :]
            bare_step(bare, path[:5])
            rounds = []
            for attempt in range(ROUNDS):
                place = Path(folder) / f"{dtype}-{attempt}"
                own, floor = our_step(ours, place), bare_step(bare, path)
                rounds.append((own, floor, plain.step(PLAIN_STEPS)))
            own, floor, script = (median(list(column)) for column in zip(*rounds, strict=True))
            ratio = median([row[0] / row[1] for row in rounds])
            figures += [
                Figure(f"MD step / (bare MACE + bare D3), {dtype}", ratio, "×", 1.05),
                Figure(f"MD step, {dtype}, 131 atoms, one thread", own, "s", None),
                Figure(f"bare MACE + bare D3, {dtype}", floor, "s", None),
                Figure(
                    f"MD step, {dtype} / plain float64 script", own / script, "×", LIMITS[dtype]
                ),
            ]
    return figures
