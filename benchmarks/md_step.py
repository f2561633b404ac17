"""A step of our molecular dynamics against its floor, the bare force calls, in one run.

Floor: MACECalculator and dftd3 called directly on moving atoms. Plain script: ASE's Bussi with
MACECalculator in float64 and torch-dftd in a sum, as the study's authors ran it.
"""

import tempfile
import time
from pathlib import Path

from figures import WEIGHTS, Figure, demo_calculator, median, study_stack

STEPS, PLAIN_STEPS, ROUNDS = 60, 5, 5
SETTINGS = {
    "temperature": 300.0,
    "timestep_fs": 1.0,
    "thermostat_time_fs": 100.0,
    "equilibration_ps": 0.0,
    "frame_interval_fs": 20.0,
    "ion_interval_fs": 10.0,
    "checkpoint_interval_ps": 1.0,
    "hold_centres_of_mass": True,
    "stability": {"max_spacing": 8.0, "max_bond_stretch": 1.5, "max_temperature_K": 1500.0},
}


def bare_step(calculators, steps: int) -> float:
    """Time a force call of each calculator, on atoms that moved as in dynamics."""
    import numpy as np

    atoms = study_stack(ions=1)
    rng = np.random.default_rng(1)
    start = time.perf_counter()
    for _ in range(steps):
        atoms.positions += rng.normal(0, 0.003, atoms.positions.shape)
        for calculator in calculators:
            calculator.calculate(atoms, ["energy", "forces"], ["positions"])
    return (time.perf_counter() - start) / steps


def our_step(calculator, folder: Path, seed: int, steps: int) -> float:
    """Time a step of run_dynamics, with everything it writes, without its fixed start-up."""
    from anodeflow.dynamics import run_dynamics

    times = []
    for count in (10, 10 + steps):
        settings = SETTINGS | {"production_ps": count / 1000, "seed": seed}
        start = time.perf_counter()
        run_dynamics(
            study_stack(ions=1),
            calculator,
            folder / f"{seed}-{count}.h5",
            settings=settings,
            label="benchmark",
            fingerprint_extra="",
        )
        times.append(time.perf_counter() - start)
    return (times[1] - times[0]) / steps


def plain_step(calculator, steps: int) -> float:
    """Time a step of the script that a user would write."""
    import numpy as np
    from ase import units
    from ase.md.bussi import Bussi
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution

    atoms = study_stack(ions=1)
    atoms.calc = calculator
    rng = np.random.default_rng(1)
    MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=rng)
    dynamics = Bussi(atoms, units.fs, temperature_K=300, taut=100 * units.fs, rng=rng)
    dynamics.run(1)
    start = time.perf_counter()
    dynamics.run(steps)
    return (time.perf_counter() - start) / steps


def measure() -> list[Figure]:
    """Measure all three, interleaved, one thread."""
    from anodeflow.threads import limit_torch, set_threads

    set_threads(1)
    import torch
    from ase.calculators.mixing import SumCalculator
    from ase.units import Bohr
    from mace.calculators import MACECalculator
    from torch_dftd.torch_dftd3_calculator import TorchDFTD3Calculator

    limit_torch()
    cutoff = {"cutoff": 40 * Bohr, "cnthr": 40 * Bohr}
    torch_d3 = TorchDFTD3Calculator(xc="pbe", damping="bj", dtype=torch.float64, **cutoff)
    mace = MACECalculator(model_paths=str(WEIGHTS), device="cpu", default_dtype="float64")
    plain = SumCalculator([mace, torch_d3])
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        for dtype in ("float64", "float32"):
            ours = demo_calculator(Path(folder), dtype=dtype)
            bare = [
                MACECalculator(model_paths=str(WEIGHTS), device="cpu", default_dtype=dtype),
                ours.dispersion,
            ]
            bare_step(bare, 5)
            rounds = []
            for seed in range(ROUNDS):
                own = our_step(ours, Path(folder), 100 * (dtype == "float32") + seed, STEPS)
                floor = bare_step(bare, STEPS)
                rounds.append((own, floor, plain_step(plain, PLAIN_STEPS)))
            own, floor, script = (median(list(column)) for column in zip(*rounds, strict=True))
            ratio = median([row[0] / row[1] for row in rounds])
            figures += [
                Figure(f"MD step / (bare MACE + bare D3), {dtype}", ratio, "×", 1.15),
                Figure(f"MD step, {dtype}, 131 atoms, one thread", own, "s", None),
                Figure(f"bare MACE + bare D3, {dtype}", floor, "s", None),
                Figure(f"plain float64 script / MD step, {dtype}", script / own, "×", None),
            ]
    return figures
