"""Sites, residence and hops of ions."""

import numpy as np
import pytest
from scipy.stats import poisson

from anodeflow.stages.motion.hop_diffusion import poisson_interval
from anodeflow.stages.motion.hops import (
    UNSETTLED,
    assign_sites,
    count_hops,
    find_hops,
    settle,
)
from anodeflow.structures.geometry import lateral_distances

STEP_PS = 0.01
CELL = 4 * 3.03 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
FRACTIONS = np.array([(i / 4, j / 4) for i in range(4) for j in range(4)])
SITES = np.vstack([FRACTIONS @ CELL, (FRACTIONS + np.array([1 / 12, 2 / 12])) @ CELL])
KINDS = np.repeat([0, 1], 16)
NEIGHBOUR = 3.03 / np.sqrt(3)


def times(frames):
    return np.arange(frames) * STEP_PS


def path(*visits):
    """One ion that stays `frames` frames at each site, as (F, 1)."""
    return np.concatenate([np.full(frames, site) for site, frames in visits])[:, None]


def hops_of(settled):
    return find_hops(settled, sites=SITES, cell=CELL, times_ps=times(len(settled)))


def test_sites_are_assigned_as_a_search_over_all_images_does():
    xy = np.random.default_rng(0).uniform(-40, 40, (50, 3, 2))
    images = np.array([(a, b) for a in range(-6, 7) for b in range(-6, 7)]) @ CELL
    distance = np.linalg.norm(xy[:, :, None, None] - (SITES[:, None] + images), axis=-1)
    np.testing.assert_array_equal(assign_sites(xy, SITES, CELL), distance.min(-1).argmin(-1))


def test_an_ion_in_another_image_of_the_cell_belongs_to_the_same_site():
    xy = SITES[None, [7]] + 0.2
    for shift in ([3, 0], [0, -2], [-5, 4]):
        assert assign_sites(xy + np.array(shift) @ CELL, SITES, CELL) == 7


def test_neighbouring_hollows_are_a_over_root_three_apart():
    distances = lateral_distances(SITES, SITES, CELL)
    assert distances[distances > 1e-9].min() == pytest.approx(NEIGHBOUR)
    np.testing.assert_allclose(distances, distances.T)


@pytest.mark.parametrize(("along_a", "along_b"), [(4, 4), (8, 1), (1, 8), (9, 2)])
def test_lateral_distances_are_the_shortest_over_all_images_however_long_the_cell(along_a, along_b):
    cell = CELL / 4 * [[along_a], [along_b]]
    first, second = np.random.default_rng(1).uniform(-20, 20, (2, 12, 2))
    images = np.array([(a, b) for a in range(-60, 61) for b in range(-60, 61)]) @ cell
    separation = second[None] - first[:, None]
    shortest = np.linalg.norm(separation[:, :, None] + images, axis=-1).min(axis=-1)
    np.testing.assert_allclose(lateral_distances(first, second, cell), shortest)


def test_a_hop_forward_and_back_counts_as_two_hops():
    hops = hops_of(path((0, 50), (16, 50), (0, 50)))
    assert hops["direction"].tolist() == ["forward", "backward"]
    assert hops["length"].tolist() == pytest.approx([NEIGHBOUR] * 2)
    assert hops["time_ps"].tolist() == pytest.approx([0.5, 1.0])


def test_a_third_hop_along_the_same_line_back_and_forth_is_backward_again():
    hops = hops_of(path((0, 9), (16, 9), (0, 9), (16, 9), (1, 9)))
    assert hops["direction"].tolist() == ["forward", "backward", "backward", "forward"]


def test_a_visit_shorter_than_the_residence_time_is_no_hop():
    assigned = path((0, 50), (16, 19), (0, 50), (16, 20), (0, 50))
    settled = settle(assigned, times_ps=times(len(assigned)), residence_ps=20 * STEP_PS)
    assert len(hops_of(settled)) == 2
    assert (settled[:119] == 0).all()


def test_a_short_stop_on_the_way_makes_one_long_hop():
    assigned = path((0, 50), (16, 5), (4, 50))
    settled = settle(assigned, times_ps=times(len(assigned)), residence_ps=0.2)
    hops = hops_of(settled)
    assert hops[["from_site", "to_site"]].to_numpy().tolist() == [[0, 4]]
    assert hops["length"].iloc[0] == pytest.approx(3.03)


def test_settling_for_the_first_time_is_no_hop():
    assigned = path((3, 5), (0, 50))
    settled = settle(assigned, times_ps=times(len(assigned)), residence_ps=0.2)
    assert (settled[:5] == UNSETTLED).all()
    assert hops_of(settled).empty


def test_without_residence_time_every_change_of_site_is_a_hop():
    assigned = np.random.default_rng(4).integers(0, 3, (200, 2))
    settled = settle(assigned, times_ps=times(200), residence_ps=0.0)
    np.testing.assert_array_equal(settled, assigned)
    assert len(hops_of(settled)) == np.count_nonzero(np.diff(assigned, axis=0))


def test_a_hop_across_the_edge_of_the_cell_has_the_length_of_any_other():
    far = int(np.argmin(np.linalg.norm(FRACTIONS - [0.75, 0.0], axis=1)))
    assert hops_of(path((0, 9), (far, 9)))["length"].iloc[0] == pytest.approx(3.03)


@pytest.mark.parametrize("count", [0, 1, 7, 40])
def test_the_poisson_interval_is_where_the_tails_hold_2_5_percent(count):
    low, high = poisson_interval(count)
    assert poisson.cdf(count, high) == pytest.approx(0.025)
    assert low == 0.0 if count == 0 else poisson.sf(count - 1, low) == pytest.approx(0.025)


def counted(settled, assigned=None, residence_ps=0.2):
    assigned = settled if assigned is None else assigned
    lattice = {"sites": SITES, "kinds": KINDS, "cell": CELL, "times_ps": times(len(settled))}
    return count_hops(assigned, settled, **lattice, residence_ps=residence_ps)


def test_rate_and_d_of_hops_follow_from_the_counts():
    settled = np.hstack([path((0, 500), (16, 500)), path((5, 1000))])
    summary, hops = counted(settled)
    assert len(hops) == summary.hops == summary.forward == 1
    assert summary.hops_per_ion == (1, 0)
    # Three stays, each watched after its first 20 frames but for the interval that ends them.
    watched = 20 - 3 * 0.19
    assert summary.watched_ion_ps == pytest.approx(watched)
    assert summary.rate_per_ps == pytest.approx(1 / watched)
    # Garwood's interval of one event: 0.02532 to 5.572.
    assert summary.rate_low_per_ps == pytest.approx(0.02532 / watched, rel=1e-3)
    assert summary.rate_high_per_ps == pytest.approx(5.572 / watched, rel=1e-3)
    # It was 0.05 l²/4, as if one hop told that hops are not taken back: that is a bound only.
    assert summary.D_hop_cm2_s is None
    bound = 5.572 * 0.05 * NEIGHBOUR**2 / 4 * 1e-4
    assert summary.D_hop_bound_cm2_s == pytest.approx(bound, rel=1e-3)


def test_hops_of_different_lengths_widen_the_interval_of_d_as_fewer_equal_ones_do():
    # 40 hops, half of them √3 times as long: (20 + 60)² / (20 + 180) = 32 equal ones.
    stays = [(0, 30), (16, 30), (0, 30), (1, 30)] * 10 + [(0, 30)]
    summary, hops = counted(path(*stays))
    assert sorted(hops["length"].round(2).unique()) == [1.75, 3.03]
    assert summary.effective_hops == pytest.approx(32.0)
    # Each hop of this ion goes out and back, which made D by f = 1 the D of an ion that stays: now
    # f stands beside it, and its end in the bound.
    factor, ratio = summary.correlation_factor, poisson_interval(32.0)[1] / 32
    square = (hops["length"] ** 2).sum()
    assert summary.D_hop_cm2_s == pytest.approx(factor * square / 4e4 / summary.settled_ion_ps)
    bound = ratio * summary.correlation_factor_high / factor
    assert summary.D_hop_bound_cm2_s / summary.D_hop_cm2_s == pytest.approx(bound)
    assert ratio < summary.D_hop_high_cm2_s / summary.D_hop_cm2_s < bound


@pytest.mark.parametrize(
    ("seen", "length"), [((0,), 3.03), ((0, 5), 3.03), ((3, 20), NEIGHBOUR)], ids=str
)
def test_without_a_hop_the_bound_takes_the_nearest_hollow_of_a_kind_that_was_used(seen, length):
    """It took the nearest hollow of either kind: a third of D for an ion that uses one kind."""
    summary, hops = counted(np.hstack([path((site, 1000)) for site in seen]))
    assert hops.empty and summary.D_hop_cm2_s is None
    assert summary.jump_length == pytest.approx(length)
    # 3.689 events are the upper 97.5 % end for none seen.
    expected = 3.689 / (10 * len(seen)) * length**2 / 4 * 1e-4
    assert summary.D_hop_bound_cm2_s == pytest.approx(expected, rel=1e-3)


def test_time_before_an_ion_settles_does_not_dilute_the_rate():
    settled = np.vstack([np.full((600, 1), UNSETTLED), path((0, 200), (16, 200))])
    summary, _ = counted(settled)
    assert summary.rate_per_ps == pytest.approx(1 / ((400 - 2 * 19) * STEP_PS))
    assert summary.settled_fraction == pytest.approx(0.4)


def test_hops_of_a_poisson_walker_give_its_rate():
    rng, rate, frames = np.random.default_rng(8), 0.5, 100_000
    jumps = rng.random((frames, 1)) < rate * STEP_PS
    # Every jump goes on to another of the three sites, so that none is hidden.
    settled = np.cumsum(jumps * rng.integers(1, 3, jumps.shape), axis=0) % 3
    summary, _ = counted(settled, residence_ps=STEP_PS)
    assert summary.hops == jumps[1:].sum()
    assert summary.rate_low_per_ps < rate < summary.rate_high_per_ps


@pytest.mark.parametrize(
    ("rate", "backward"), [(0.05, 1 / 3), (0.5, 1 / 3), (1.0, 1 / 3), (0.5, 0.8)]
)
def test_the_rate_of_hops_as_fast_as_the_residence_time_is_still_within_its_interval(
    rate, backward
):
    """A chain of sites on a ring; a hop goes back with a given probability."""
    rng, frames, runs, held = np.random.default_rng(9), 4000, 60, 0
    for _ in range(runs):
        jumps = rng.random((frames, 1)) < -np.expm1(-rate * STEP_PS)
        turns = np.where(rng.random(jumps.sum()) < backward, -1, 1)
        steps = np.zeros((frames, 1), int)
        steps[jumps] = np.cumprod(turns)
        assigned = np.cumsum(steps, axis=0) % 12
        settled = settle(assigned, times_ps=times(frames), residence_ps=0.3)
        summary, _ = counted(settled, assigned, residence_ps=0.3)
        held += summary.rate_low_per_ps <= rate <= summary.rate_high_per_ps
    # 57 are expected; a calibrated interval holds fewer than 51 in 1 of 100 such tests.
    assert held >= 51


def test_a_recrossing_at_the_edge_of_a_site_takes_nothing_from_the_watched_time():
    assigned = path((0, 300), (16, 3), (0, 300), (16, 400))
    settled = settle(assigned, times_ps=times(len(assigned)), residence_ps=0.2)
    summary, _ = counted(settled, assigned)
    assert summary.watched_ion_ps == pytest.approx((1003 - 2 * 19) * STEP_PS)


def test_time_on_the_way_between_two_stays_is_not_watched():
    assigned = path((0, 300), (16, 10), (4, 300))
    settled = settle(assigned, times_ps=times(len(assigned)), residence_ps=0.2)
    summary, hops = counted(settled, assigned)
    assert len(hops) == 1
    assert summary.watched_ion_ps == pytest.approx((600 - 2 * 19) * STEP_PS)
