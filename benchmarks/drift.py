"""Drift of the energy in NVE dynamics with the model in float64 and in float32.

`python benchmarks/drift.py [ps]`: m-g with one sodium, the demo model with D3, 300 K, 1 fs steps.
Positions and momenta are integrated in float64 either way; what drifts are forces that are not the
slope of the energy. Not part of `make benchmark`: 5 ps take a quarter of an hour.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from ase import units
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary
from ase.md.verlet import VelocityVerlet
from figures import mace_calculator, study_stack

EQUILIBRATION, BLOCKS = 200, 5


def total_energies(calculator, steps: int) -> np.ndarray:
    """Return the total energy (meV per atom) at every step, (S,), after some to settle."""
    atoms = study_stack(ions=1)
    atoms.calc = calculator
    rng = np.random.default_rng(1)
    MaxwellBoltzmannDistribution(atoms, temperature_K=600, rng=rng)  # half goes into the bonds
    Stationary(atoms)
    dynamics, energies = VelocityVerlet(atoms, units.fs), []
    dynamics.attach(lambda: energies.append(atoms.get_total_energy()))
    dynamics.run(EQUILIBRATION + steps)
    print(f"temperature at the end: {atoms.get_temperature():.0f} K", file=sys.stderr)
    return 1000 * np.array(energies[EQUILIBRATION:]) / len(atoms)


def drift(energies: np.ndarray) -> tuple[float, float]:
    """Return the slope of energies at steps of 1 fs, and its error, in meV per atom and ns.

    The error is that of the mean of the slopes that join the means of successive blocks.
    """
    means = [block.mean() for block in np.array_split(energies, BLOCKS + 1)]
    slopes = np.diff(means) / (len(energies) / (BLOCKS + 1)) * 1e6
    return slopes.mean(), slopes.std(ddof=1) / np.sqrt(BLOCKS)


def main() -> None:
    """Print the drift for both."""
    from anodeflow.process.threads import set_threads

    set_threads(1)
    steps = round(1000 * float(sys.argv[1])) if len(sys.argv) > 1 else 5000
    for dtype in ("float64", "float32"):
        with tempfile.TemporaryDirectory() as folder:
            energies = total_energies(mace_calculator(Path(folder), dtype=dtype), steps)
        slope, error = drift(energies)
        print(
            f"{dtype}: {slope:+.2f} ± {error:.2f} meV per atom and ns over {steps / 1000:g} ps; "
            f"the energy fluctuates by {energies.std():.4f} meV per atom",
            flush=True,
        )


if __name__ == "__main__":
    main()
