"""Whether the saddle of a path depends on how it is found: 5 images, 9, and a dimer.

One hop of m-g between neighbouring hollows, small model with D3 in float64. The dimer (ASE's) knows
nothing of the ends: it starts near our saddle, every coordinate moved at random, and climbs along
the softest mode that it finds. All three hold the centres of the layers.
"""

import tempfile
from pathlib import Path

import numpy as np
from figures import Figure, mace_calculator
from paths import SADDLE_FMAX, STEPS, count_calls, ends_of, our_band, relaxed_host

HOP, FINER, AWAY, SEED = "over C to over Ti", 9, 0.05, 1


def dimer_from(band, calculator) -> tuple[float, int, float]:
    """Return the energy (eV) of the saddle near a band's top, the calls, and how it curves.

    It starts AWAY Å (standard deviation of each coordinate) from the top image, along the path
    there. The curvature (eV/Å²) is that of its mode.
    """
    from ase.mep import DimerControl, MinModeAtoms, MinModeTranslate

    top = int(band.energies.argmax())
    before, start, after = (band.neb.images[top + n].copy() for n in (-1, 0, 1))
    noise = np.random.default_rng(SEED).normal(scale=AWAY, size=start.positions.shape)
    start.set_positions(start.positions + noise)
    start.calc = calculator
    mode = after.positions - before.positions
    counted = count_calls(calculator)
    control = DimerControl(logfile=None, eigenmode_logfile=None)
    dimer = MinModeAtoms(start, control, eigenmodes=[mode / np.linalg.norm(mode)])
    assert MinModeTranslate(dimer, logfile=None).run(fmax=SADDLE_FMAX, steps=STEPS)
    calls = counted()
    return dimer.get_potential_energy(), calls, float(dimer.get_curvature())


def measure() -> list[Figure]:
    """Return how far the saddle's energies differ, and the force calls that each took."""
    from anodeflow.process.threads import set_threads

    set_threads(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        calculator = mace_calculator(folder, dtype="float64")
        ends = ends_of(HOP, relaxed_host(calculator, folder), calculator, folder)
        coarse, calls = our_band(ends, calculator, folder, "coarse")
        fine, calls_fine = our_band(ends, calculator, folder, "fine", FINER)
        energy, calls_dimer, curvature = dimer_from(coarse, calculator)
    assert curvature < 0
    saddle = max(coarse.energies)
    name = "saddle of m-g, 5 images"
    return [
        Figure(f"{name} / {FINER} images, energies", abs(saddle - max(fine.energies)), "eV", 0.005),
        Figure(f"{name} / dimer, energies", abs(saddle - energy), "eV", 0.005),
        Figure(f"{name}, force calls", calls, "", None),
        Figure(f"saddle of m-g, {FINER} images, force calls", calls_fine, "", None),
        Figure("saddle of m-g, dimer, force calls", calls_dimer, "", None),
    ]


if __name__ == "__main__":
    for figure in measure():
        print(figure.name, f"{figure.value:.4g}", figure.unit, figure.within)
