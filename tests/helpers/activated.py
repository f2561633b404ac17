"""Ions whose activation energy is known, at several temperatures, and which intervals hold it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from ase import Atoms
from ase.units import kB
from intervals import FREE_D, LENGTH_PS, without_kinisi
from langevin import Potential, brownian_paths, exact_D
from walkers import SETTINGS, neighbours, run_of

from anodeflow.stages.motion import diffusion
from anodeflow.stages.motion.activation import activation_of_runs, fit_activation
from anodeflow.stages.motion.activation_results import ActivationFit

TEMPERATURES = (300.0, 400.0, 500.0)

INTERVALS = {
    "energy": ("energy_low", "energy_high"),
    "prefactor": ("prefactor_low_per_ps", "prefactor_high_per_ps"),
    "rate": ("rate_low_per_ps", "rate_high_per_ps"),
}


def exact_rate(atoms: Atoms, barrier: float, lattice: str, temperature: float) -> float:
    """Return 4 D/l² (1/ps) of an ion in a potential, D by the Smoluchowski equation."""
    potential = Potential(atoms, lattice, barrier)
    D = exact_D(atoms, potential, free_D=FREE_D, kT=kB * temperature)
    return 4 * D / neighbours(atoms, lattice)[3] ** 2


def slope(atoms: Atoms, barrier: float, lattice: str, temperature: float) -> float:
    """Return −d ln Γ / d(1/kT) (eV) of the exact rate, over 2 % of the temperature."""
    ends = (0.99 * temperature, 1.01 * temperature)
    logs = [np.log(exact_rate(atoms, barrier, lattice, end)) for end in ends]
    return (logs[1] - logs[0]) / (1 / (kB * ends[0]) - 1 / (kB * ends[1]))


def exact_activation(atoms: Atoms, barrier: float, lattice: str) -> dict[str, float]:
    """Return energy and prefactor of the line that exact rates give, and the rate at 300 K.

    Exact rates are no straight line over 1/kT, so what runs of one length fit is one of its chords.
    """
    rates = [exact_rate(atoms, barrier, lattice, temperature) for temperature in TEMPERATURES]
    fit = fit_activation(
        np.multiply(rates, LENGTH_PS), [LENGTH_PS] * 3, TEMPERATURES, at_temperature=300.0
    )
    return {"energy": fit.energy, "prefactor": fit.prefactor_per_ps, "rate": rates[0]}


def brownian_activations(
    rng: np.random.Generator, atoms: Atoms, *, barrier: float, lattice: str, runs: int
) -> Iterable[ActivationFit]:
    """Yield the fits to one run of 95 ps at each temperature, analysed as the study's own are."""
    potential = Potential(atoms, lattice, barrier)
    kT = kB * np.tile(TEMPERATURES, runs)
    options = {"free_D": FREE_D, "length_ps": LENGTH_PS, "runs": len(kT), "kT": kT}
    paths = brownian_paths(rng, atoms, potential, **options)
    settings = {"residence_ps": SETTINGS["residence_ps"], "rate_temperature": 300.0}
    for each in paths.reshape(runs, len(TEMPERATURES), *paths.shape[1:]):
        with without_kinisi():
            found = [
                diffusion.analyse_diffusion(run_of(atoms, path), settings=SETTINGS).summary
                for path in each
            ]
        yield activation_of_runs(found, TEMPERATURES, settings=settings)


def poisson_activations(
    rng: np.random.Generator, expected: Sequence[float], temperatures: Sequence[float], *, runs: int
) -> Iterable[ActivationFit]:
    """Yield the fits to Poisson counts in 100 ps, where there are hops at two temperatures."""
    watched = np.full(len(expected), 100.0)
    for hops in rng.poisson(expected, (runs, len(expected))):
        if len({t for t, n in zip(temperatures, hops, strict=True) if n}) > 1:
            yield fit_activation(hops, watched, temperatures, at_temperature=300.0)


def holds(truth: dict[str, float], fits: Iterable[ActivationFit]) -> dict[str, list[bool]]:
    """Return for each interval in which fits it held the truth, where there was one."""
    held = defaultdict(list)
    for fit in fits:
        for name, (low, high) in INTERVALS.items() if fit.energy is not None else ():
            held[name].append(getattr(fit, low) <= truth[name] <= getattr(fit, high))
    return dict(held)
