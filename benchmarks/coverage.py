"""How often the 95 % intervals of the study hold the truth, on synthetic runs whose truth is known.

Ions hop over the hollows of the study's own stack for 95 ps, over both kinds of hollows (a
honeycomb) or over one (a triangular lattice), with and without memory of their last hop, or diffuse
in a potential of known barrier; they are analysed with the study's settings. Series are noise with
one or two correlation times. Activation energies are of Poisson's counts, and of ions in a
potential at 300, 400 and 500 K. docs/uncertainty.md quotes the tables.

Run: python benchmarks/coverage.py [runs] (500 runs: some hours on one core; the rows with eight
ions and the table with kinisi take most of it).
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/helpers"))

import activated
from activated import TEMPERATURES, brownian_activations, exact_activation, poisson_activations
from ase.units import kB
from correlated import ar1, averaged
from intervals import INTERVALS, brownian, enough, hoppers, tally
from walkers import SETTINGS, hopper, run_of, study_stack

from anodeflow.stages.motion.diffusion import analyse_diffusion
from anodeflow.stages.motion.replicas import combine_means
from anodeflow.stages.motion.results import SeriesMean

HOPPERS = [
    *(("honeycomb", rate, 1 / 3) for rate in (0.0, 0.02, 0.1, 0.3, 1.0)),
    *(("honeycomb", rate, 0.8) for rate in (0.1, 0.3)),
    ("honeycomb", 0.3, 0.2),
    *(("triangular", rate, 1 / 6) for rate in (0.0, 0.02, 0.1, 0.3)),
    ("triangular", 0.1, 0.7),
]
"""Lattice, hops per ps, and the share of them that go back."""

BARRIERS = [("honeycomb", 0.12), ("triangular", 0.12)]

ACTIVATED = [("honeycomb", 0.12), ("honeycomb", 0.18), ("honeycomb", 0.24)]
ACTIVATED += [("triangular", 0.12), ("triangular", 0.18), ("triangular", 0.24)]
"""Lattice, barrier in eV, of ions at several temperatures."""

COUNTS = [(400.0, 1.0, 0.2), (400.0, 5.0, 0.2), (400.0, 20.0, 0.2), (400.0, 5.0, 0.4)]
"""Temperature at which so many hops are expected in 100 ps, with an energy in eV."""


def share(held: list[bool]) -> str:
    """Return a share of runs and how many there were."""
    return f"{np.mean(held):.2f} of {len(held)}" if held else "none"


def moving(ions: int, lattice: str, runs: int, *, barrier: float = 0.0, **kind: float) -> str:
    """Return how often each interval and bound of ions of one kind holds; "!" where too seldom.

    Runs whose note says that an interval may not hold are counted behind a slash.
    """
    rng, atoms = np.random.default_rng(2025), study_stack(ions=ions)
    if barrier:
        walks = brownian(rng, atoms, runs=runs, barrier=barrier, lattice=lattice)
    else:
        walks = hoppers(rng, atoms, runs=runs, lattice=lattice, **kind)
    held, found = tally(atoms, walks)
    verdicts = Counter(run.verdict for run in found)
    said = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    told = [_told(held.get(name, []), held.get(f"{name} noted", [])) for name in INTERVALS]
    tests = [run.concerted_p < 0.05 for run in found if run.concerted_p is not None]
    by = f"barrier {barrier:g} eV" if barrier else f"{kind['rate']:g}, {kind['backward']:.2f}"
    return " | ".join([f"{ions}", lattice, by, said, *told, share(tests)])


def _told(held: list[bool], noted: list[bool]) -> str:
    mark = "!" if held and not enough(held) else ""
    return share(held) + mark + (f" / {share(noted)}" if noted else "")


def fits(ions: int, rate: float, runs: int) -> str:
    """Return how often D holds by either method when every run is fitted, and the interval's size.

    The size is that of the upper end over the lower one, in the narrowest tenth of the runs, in the
    middle and in the widest tenth.
    """
    rng, atoms = np.random.default_rng(11), study_stack(ions=ions)
    everything = SETTINGS | {"slope_window": [-9.0, 9.0], "confined_msd": 0.0, "minimum_hops": 1}
    held, sizes = {"D": [], "D_kinisi": []}, {"D": [], "D_kinisi": []}
    for _ in range(runs):
        paths, D = hopper(rng, atoms, length_ps=95.0, rate=rate)
        found = analyse_diffusion(run_of(atoms, paths), settings=everything).summary
        for name in held if found.D_cm2_s is not None else ():
            low, high = (getattr(found, f"{name}_{end}_cm2_s") for end in ("low", "high"))
            held[name].append(low <= D * 1e-4 <= high)
            sizes[name].append(high / low)
    tenths = [
        " to ".join(f"{size:.3g}" for size in np.percentile(values, [10, 50, 90]))
        for values in sizes.values()
    ]
    return " | ".join([f"{ions} | {rate:g}", *map(share, held.values()), *tenths])


def means(lengths: float, slow: bool, runs: int) -> str:
    """Return how often the mean holds, and an error is given, in runs of so many τ."""
    rng, tau = np.random.default_rng(2025), 20.0
    frames = round(lengths * tau)
    series = ar1(rng, frames, tau, runs) * (0.5 if slow else 1.0)
    series += ar1(rng, frames, 2.0, runs) if slow else 0.0
    found = [averaged(values) for values in series]
    held = [r.low < 0 < r.high for r in found if r.standard_error is not None]
    return f"{'slow below fast' if slow else 'one τ'} | {lengths:g} | {share(held)}"


def replicas(count: int, between: float, runs: int) -> str:
    """Return how often the mean of replicas holds, with a spread between them in errors of one."""
    rng, held = np.random.default_rng(2025), []
    for _ in range(runs):
        values = rng.normal(rng.normal(0, between, count), 1.0)
        own = {"standard_error": 1.0, "low": 0, "high": 0, "frames": 90, "note": ""}
        found = combine_means([SeriesMean(mean=value, **own) for value in values], what="spacing")
        held.append(found.low < 0 < found.high)
    return f"{count} | {between:g} | {share(held)}"


def counted(temperature: float, expected: float, energy: float, runs: int) -> str:
    """Return how often the intervals of an activation hold for Poisson's counts."""
    x = 1 / (kB * np.array(TEMPERATURES))
    prefactor = expected / 100 * np.exp(energy / (kB * temperature))
    rates = prefactor * np.exp(-energy * x)
    truth = {"energy": energy, "prefactor": prefactor, "rate": rates[0]}
    rng = np.random.default_rng(2025)
    held = activated.holds(truth, poisson_activations(rng, 100 * rates, TEMPERATURES, runs=runs))
    expected_hops = ", ".join(f"{100 * rate:.2g}" for rate in rates)
    return " | ".join([f"{energy:g} | {expected_hops}", *map(_marked, held.values())])


def in_potential(lattice: str, barrier: float, runs: int) -> str:
    """Return how often the intervals of an activation hold for ions in a potential, and its slope.

    The slope of the exact rate is at the lowest, middle and highest temperature.
    """
    rng, atoms = np.random.default_rng(2025), study_stack(ions=1)
    kind = {"barrier": barrier, "lattice": lattice}
    fits = list(brownian_activations(rng, atoms, runs=runs, **kind))
    truth = exact_activation(atoms, **kind)
    held = activated.holds(truth, fits)
    slopes = [activated.slope(atoms, barrier, lattice, one) for one in TEMPERATURES]
    told = ", ".join(f"{one:.3f}" for one in slopes)
    hops = np.mean([[one.hops for one in fit.temperatures] for fit in fits], axis=0)
    seen = ", ".join(f"{one:.2g}" for one in hops)
    about = f"{lattice} | {barrier:g} | {truth['energy']:.3f} ({told}) | {seen}"
    return " | ".join([about, *map(_marked, held.values())])


def _marked(held: list[bool]) -> str:
    return _told(held, [])


def activations(runs: int) -> None:
    """Print the tables of activation energies."""
    print("\nenergy | hops expected at 300, 400, 500 K", *activated.INTERVALS, sep=" | ")
    for counts in COUNTS:
        print(counted(*counts, max(2000, 10 * runs)), flush=True)
    print("\nlattice | barrier | energy of the exact rates (slopes) | hops", end=" | ")
    print(*activated.INTERVALS, sep=" | ")
    for lattice, barrier in ACTIVATED:
        print(in_potential(lattice, barrier, runs), flush=True)


def main(runs: int) -> None:
    """Print the tables."""
    print("series | length (τ) | mean held")
    for slow in (False, True):
        for lengths in (20, 40, 100, 300):
            print(means(lengths, slow, 10 * runs), flush=True)
    print("\nreplicas | spread between (errors) | mean held")
    for count in (2, 3, 5):
        for between in (0.0, 1.0, 10.0):
            print(replicas(count, between, 10 * runs), flush=True)
    activations(runs)
    print("\nions | lattice | hops per ps, backward | verdicts", *INTERVALS, "p < 0.05", sep=" | ")
    for ions in (1, 8):
        for lattice, rate, backward in HOPPERS:
            print(moving(ions, lattice, runs, rate=rate, backward=backward), flush=True)
        for lattice, barrier in BARRIERS:
            print(moving(ions, lattice, runs, barrier=barrier), flush=True)
    print("\nevery run fitted\nions | hops per ps | D held | kinisi held | size | size by kinisi")
    for ions, rate in ((1, 0.1), (1, 0.3), (1, 1.0), (8, 0.3), (8, 1.0)):
        print(fits(ions, rate, runs), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
