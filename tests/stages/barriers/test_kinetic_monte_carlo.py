"""Random walks on a network, and the hops that runs would count."""

import functools

import numpy as np
import pytest
from ase.units import kB
from networks import PREFACTOR, chain, honeycomb, network, random_network
from scipy.linalg import expm
from scipy.stats import chisquare, poisson

from anodeflow.stages.barriers.kinetic_monte_carlo import agreement, predicted_hops, walk
from anodeflow.stages.barriers.network import log_weights, rates
from anodeflow.stages.barriers.network_diffusion import network_diffusion

T = 300.0
SADDLE = 0.12


def rate(barrier):
    return PREFACTOR * np.exp(-barrier / (kB * T))


def generator(one):
    """The matrix Q of rates between sites, rows adding up to zero."""
    count = len(one.energies)
    found = np.zeros((count, count))
    for (start, end), (there, back) in zip(one.ends, rates(one, T), strict=True):
        found[start, end] += there
        found[end, start] += back
    np.fill_diagonal(found, found.diagonal() - found.sum(axis=1))
    return found


def walkers(one, *, length_ps, frames, ions, seed=0):
    times = np.linspace(0, length_ps, frames)
    return walk(one, T, times_ps=times, ions=ions, rng=np.random.default_rng(seed))


def test_walkers_begin_and_stay_at_the_stationary_weights():
    one = random_network(np.random.default_rng(2), sites=4, hops=9)
    _, sites = walkers(one, length_ps=20.0, frames=3, ions=20_000)
    expected = np.exp(log_weights(one, T)) * 20_000
    for frame in sites:
        assert chisquare(np.bincount(frame, minlength=4), expected).pvalue > 1e-4


def test_a_site_is_left_as_the_exponential_of_the_matrix_of_rates_says():
    one = random_network(np.random.default_rng(5), sites=4, hops=9)
    _, sites = walkers(one, length_ps=1.0, frames=2, ions=40_000)
    chance = expm(generator(one))
    for start in range(4):
        ends = sites[1, sites[0] == start]
        counts = np.bincount(ends, minlength=4)
        assert (chance[start] * len(ends)).min() > 5
        assert chisquare(counts, chance[start] * len(ends)).pvalue > 1e-4
        assert chisquare(counts, np.exp(log_weights(one, T)) * len(ends)).pvalue < 1e-9


def test_positions_are_those_of_the_sites_in_the_cell_that_the_walk_came_to():
    one = honeycomb(cells=1, saddle=SADDLE)
    positions, sites = walkers(one, length_ps=30.0, frames=3001, ions=20)
    cells = (positions - one.positions[sites]) @ np.linalg.inv(one.cell)
    np.testing.assert_allclose(cells, np.round(cells), atol=1e-9)
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=-1)
    moved = steps > 1e-9
    neighbours = np.abs(steps - 3 / np.sqrt(3)) < 1e-9
    assert moved.sum() > 100
    assert (moved & neighbours).sum() > 0.98 * moved.sum()
    assert np.ptp(positions.reshape(-1, 2), axis=0).min() > 5


@pytest.mark.parametrize("seed", range(3))
def test_walkers_spread_as_d_of_the_rates_says(seed):
    one = random_network(np.random.default_rng(10 + seed), sites=4, hops=9)
    D = network_diffusion(one, T)
    assert len(D.parts) == 1
    ions, length = 3000, 2000 / np.trace(D.tensor)
    positions, _ = walkers(one, length_ps=length, frames=2, ions=ions, seed=seed)
    moves = positions[1] - positions[0]
    products = moves[:, :, None] * moves[:, None, :] / (2 * length)
    error = products.std(axis=0) / np.sqrt(ions)
    # The first hops, within a cell of 4 Å, are not yet those of diffusion.
    assert (np.abs(products.mean(axis=0) - D.tensor) < 4 * error + 16 / (2 * length)).all()


def test_an_ion_that_has_no_way_out_stays():
    one = network(np.eye(2), [[0, 0], [0.5, 0.5]], [0, 0], [(0, 0, (1, 0), 0.1)])
    positions, sites = walkers(one, length_ps=5.0, frames=11, ions=50)
    alone = sites[0] == 1
    assert 10 < alone.sum() < 40
    np.testing.assert_array_equal(sites[:, alone], 1)
    assert np.ptp(positions[:, alone], axis=0).max() == 0
    cold = walk(one, 1.0, times_ps=np.arange(3.0), ions=5, rng=np.random.default_rng(0))[0]
    assert np.ptp(cold, axis=0).max() == 0


# Hops as runs count them.


def predicted(one, hollows, *, residence_ps, runs_ps, interval_ps=0.02, count=400, start=0):
    return predicted_hops(
        one,
        T,
        hollows=hollows,
        runs_ps=runs_ps,
        starts=[start] * len(runs_ps),
        interval_ps=interval_ps,
        residence_ps=residence_ps,
        walkers=count,
        rng=np.random.default_rng(3),
    )


def memoryless(one, *, residence_ps, interval_ps, frames):
    """The number of hops of equal sites that are counted in a long run, of its chain of frames.

    A visit lasts n frames with s^(n−1) (1 − s), s the chance to be seen at the same site in the
    next frame; a share q = s^(m−1) of visits lasts the m frames of `residence_ps`. Between two of
    these come k − 1 short ones with (1 − q)^(k−1) q, and the second is at the first's site with
    [Σ_k (1 − q)^(k−1) q P^k]_00, P the matrix of steps between visits.
    """
    step = expm(generator(one) * interval_ps)
    stay = step[0, 0]
    least = max(1, int(np.ceil(residence_ps / interval_ps - 1e-6)))
    long = stay ** (least - 1)
    visits = (step - stay * np.eye(len(step))) / (1 - stay)
    same = long * visits @ np.linalg.inv(np.eye(len(step)) - (1 - long) * visits)
    return frames * (1 - stay) * long * (1 - same[0, 0])


@pytest.mark.parametrize("residence_ps", [0.0, 0.5, 3.0])
def test_hops_of_memoryless_walkers_are_counted_with_what_a_residence_hides(residence_ps):
    one, length = honeycomb(cells=4, saddle=SADDLE), 80.0
    found = predicted(one, one.positions, residence_ps=residence_ps, runs_ps=[length])
    expected = memoryless(one, residence_ps=residence_ps, interval_ps=0.02, frames=length / 0.02)
    # At each end of a run a hop may be missed, for as long as a residence takes.
    missed = 3 * rate(SADDLE) * residence_ps
    assert abs(found.expected - expected) < 4 * found.standard_error + missed
    if residence_ps == 0:
        assert found.expected == pytest.approx(3 * rate(SADDLE) * length, rel=0.03)
    else:
        assert found.expected < 3 * rate(SADDLE) * length - 4 * found.standard_error


def test_hops_without_memory_scatter_as_poisson_s():
    one = honeycomb(cells=3, saddle=SADDLE)
    found = predicted(one, one.positions, residence_ps=0.0, runs_ps=[20.0], count=2000)
    assert found.spread == pytest.approx(np.sqrt(found.expected), rel=4 / np.sqrt(2 * 2000))
    assert found.standard_error == pytest.approx(found.spread / np.sqrt(2000))
    # Without a residence ions are watched all the time, but for the frame that a run ends with.
    assert found.watched_ps == pytest.approx(20.0, rel=0.01)
    assert found.expected / found.watched_ps == pytest.approx(3 * rate(SADDLE), rel=0.03)


def test_stops_at_shallow_sites_are_hidden_and_two_of_three_ways_on_are_seen():
    """From A over a shallow B the ion falls back with 1/3, so A is left with 2/3 of its rate."""
    saddle, length, residence = 0.14, 100.0, 0.5
    one = honeycomb(cells=4, second=0.11, saddle=saddle)
    out, back = 3 * rate(saddle), 3 * rate(saddle - 0.11)
    assert out * residence < 0.1
    assert back * residence > 4
    found = predicted(one, one.positions, residence_ps=residence, runs_ps=[length])
    seen = 2 / 3 * out * length * back / (out + back)
    # A stay at A is shorter than the residence with out · residence = 7 %.
    assert abs(found.expected - seen) < 4 * found.standard_error + out * residence * seen


def test_sites_that_are_no_hollows_count_as_the_nearest_one():
    one = chain([0.1, 0.1, 0.1, 0.1], along=(1.0, 0.0))
    apart = network(one.cell, one.positions, [0] * 4, [(0, 1, (0, 0), 0.1)])
    hollows = np.array([[0.4, 0.0], [2.4, 0.0]])
    assert predicted(apart, hollows, residence_ps=0.0, runs_ps=[5.0], count=20).expected == 0
    assert predicted(one, hollows, residence_ps=0.0, runs_ps=[5.0], count=20).expected > 0


def test_a_run_that_begins_high_up_hops_as_if_nobody_knew_of_the_trap():
    cell, length = np.diag([3.0, 20.0]), 1 / rate(0.1)
    one = network(cell, [[0, 0], [1.5, 0]], [0.5, 0.0], [(0, 1, (0, 0), 0.6)])
    # From the upper site the ion gets away once, and not back from the lower one.
    above = predicted(one, one.positions, residence_ps=0.0, runs_ps=[length], count=2000)
    assert above.expected == pytest.approx(1 - np.exp(-1), abs=4 * above.standard_error)
    below = predicted(one, one.positions, residence_ps=0.0, runs_ps=[length], start=1)
    assert below.expected == 0


def test_hops_of_several_runs_add_up_and_so_do_the_squares_of_their_spreads():
    one = honeycomb(cells=3, saddle=SADDLE)
    alone = predicted(one, one.positions, residence_ps=0.2, runs_ps=[10.0])
    several = predicted(one, one.positions, residence_ps=0.2, runs_ps=[10.0] * 4)
    assert several.expected == pytest.approx(4 * alone.expected)
    assert several.spread == pytest.approx(2 * alone.spread)
    assert several.standard_error == pytest.approx(4 * alone.standard_error)
    longer = predicted(one, one.positions, residence_ps=0.2, runs_ps=[10.0, 30.0])
    assert longer.expected == pytest.approx(4 * alone.expected, rel=0.15)


@pytest.mark.parametrize("expected", [0.3, 5.0, 40.0])
def test_a_count_as_far_off_has_the_summed_probability_of_its_tail_twice(expected):
    chance = poisson.pmf(np.arange(300), expected)
    own = functools.partial(agreement, expected=expected, spread=np.sqrt(expected))
    for counted in range(0, 80, 7):
        tails = chance[: counted + 1].sum(), chance[counted:].sum()
        assert own(counted) == pytest.approx(min(1, 2 * min(tails)), abs=1e-12)
    disagrees = [own(n) < 0.05 for n in range(300)]
    assert chance[disagrees].sum() <= 0.05


def test_counts_that_scatter_more_than_poisson_s_disagree_as_seldom():
    """Poisson counts whose means themselves scatter by a gamma law are negative binomial."""
    rng, mean, shape = np.random.default_rng(5), 8.0, 2.0
    counts = rng.poisson(rng.gamma(shape, mean / shape, 4000))
    spread = np.sqrt(mean + mean**2 / shape)
    assert counts.std() == pytest.approx(spread, rel=0.05)
    each, times = np.unique(counts, return_counts=True)

    def disagreeing(spread):
        return times[[agreement(int(n), mean, spread) < 0.05 for n in each]].sum() / len(counts)

    assert 0.02 < disagreeing(spread) < 0.05 + 2 * np.sqrt(0.05 / 4000)
    assert disagreeing(np.sqrt(mean)) > 0.2
    # A spread hardly above Poisson's leaves its probability.
    hardly = agreement(3, mean, np.sqrt(1.001 * mean))
    assert hardly == pytest.approx(agreement(3, mean, np.sqrt(mean)), rel=0.01)


def test_no_hop_agrees_with_none_expected_and_one_does_not():
    assert agreement(0, 0.0, 0.0) == 1
    assert agreement(1, 0.0, 0.0) == 0
