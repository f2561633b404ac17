"""A small, seeded part of `benchmarks/coverage.py`: intervals hold a truth that is known."""

import numpy as np
import pytest
from intervals import INTERVALS, brownian, enough, hoppers, tally
from langevin import Potential, brownian_paths, exact_D
from walkers import study_stack

ONE = study_stack(ions=1)


@pytest.mark.parametrize(
    ("ions", "runs", "lattice", "rate", "backward"),
    [
        (1, 30, "honeycomb", 0.1, 1 / 3),
        (1, 30, "honeycomb", 0.3, 0.8),
        (1, 30, "triangular", 0.05, 1 / 6),
        (1, 30, "triangular", 0.1, 0.7),
        (8, 10, "triangular", 0.02, 1 / 6),
    ],
)
def test_intervals_and_bounds_hold_for_hopping_ions(ions, runs, lattice, rate, backward):
    rng, atoms = np.random.default_rng(1), study_stack(ions=ions)
    kind = {"rate": rate, "backward": backward, "lattice": lattice}
    walks = hoppers(rng, atoms, runs=runs, **kind)
    held, _ = tally(atoms, walks)
    assert {"rate", "bound of D", "bound by hops"} <= set(held)
    for name in set(held) & set(INTERVALS):
        assert enough(held[name]), (name, np.mean(held[name]))


@pytest.mark.parametrize("lattice", ["honeycomb", "triangular"])
def test_intervals_and_bounds_hold_for_ions_in_a_potential(lattice):
    rng = np.random.default_rng(2)
    held, _ = tally(ONE, brownian(rng, ONE, runs=25, barrier=0.12, lattice=lattice))
    for name in set(held) & set(INTERVALS):
        assert enough(held[name]), (name, np.mean(held[name]))


def test_d_of_the_potential_is_that_of_its_paths_and_without_barrier_that_of_free_ions():
    flat, hilly = (Potential(ONE, "honeycomb", barrier) for barrier in (0.0, 0.06))
    assert exact_D(ONE, flat, free_D=0.7) == pytest.approx(0.7)
    paths = brownian_paths(
        np.random.default_rng(3), ONE, hilly, free_D=1.0, length_ps=5.0, runs=2000
    )
    late, early = (((paths[:, f] - paths[:, 0]) ** 2).sum(axis=-1).mean() for f in (99, 40))
    # In 2 ps an ion forgets where it began; 2000 ions leave 4 % of the difference.
    slope = (late - early) / (59 * 0.05)
    assert slope / 4 == pytest.approx(exact_D(ONE, hilly, free_D=1.0), rel=0.12)


def test_a_share_is_enough_if_two_of_its_errors_reach_0_95():
    assert enough([True] * 40)
    assert enough([True] * 36 + [False] * 4)
    assert not enough([True] * 30 + [False] * 10)
    assert not enough([True] * 460 + [False] * 40)
