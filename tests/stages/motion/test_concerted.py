"""Ions that move together, and ions that do not, told apart by hops and by displacements."""

import numpy as np
import pytest
from walkers import (
    SETTINGS,
    STEP_PS,
    hopper,
    neighbours,
    run_of,
    starts,
    study_stack,
    vibrating,
)

from anodeflow.stages.motion.concerted import collective_ratio, concerted_motion
from anodeflow.stages.motion.diffusion import analyse_diffusion
from anodeflow.stages.motion.hops import assign_sites, find_hops, settle
from anodeflow.structures.geometry import lateral_distances
from anodeflow.structures.sites import hollow_sites

ONE, EIGHT = study_stack(ions=1), study_stack(ions=8)
CELL = EIGHT.cell.array[:2, :2]


def groups(rng, *, size, sign=1, rate=0.1, length_ps=95.0):
    """Eight ions of which, `rate` times per ion and ps, one hops and takes its neighbours along.

    `size` ions hop by one vector within 0.3 ps, the others than the first by `sign` of it.
    """
    sites, vectors, near, _ = neighbours(EIGHT, "triangular")
    frames, start = round(length_ps / STEP_PS), sites[starts(EIGHT, sites)]
    steps = np.zeros((frames, 8, 2))
    for time in rng.uniform(1, length_ps - 1, rng.poisson(8 * rate * length_ps / size)):
        now = start + steps[: round(time / STEP_PS)].sum(axis=0)
        first = rng.integers(8)
        chosen = lateral_distances(now[[first]], now, CELL)[0].argsort()[:size]
        vector = vectors[0, rng.choice(near[0])]
        for ion in chosen:
            at = time + rng.uniform(0, 0.3)
            steps[round(at / STEP_PS), ion] += vector if ion == first else sign * vector
    return vibrating(rng, start + np.cumsum(steps, axis=0))


def concerted(paths):
    frames = len(paths)
    times = np.arange(frames) * STEP_PS
    lattice = {"sites": hollow_sites(EIGHT), "cell": CELL}
    settled = settle(assign_sites(paths, **lattice), times_ps=times, residence_ps=0.5)
    hops = find_hops(settled, **lattice, times_ps=times)
    options = lattice | {"times_ps": times, "block_fraction": 0.1}
    return concerted_motion(paths, settled, hops, **options)


def analysed(paths, atoms=EIGHT):
    return analyse_diffusion(run_of(atoms, paths), settings=SETTINGS).summary


@pytest.mark.parametrize("rate", [0.02, 0.1])
def test_of_independent_ions_nothing_is_found(rate):
    rng, found = np.random.default_rng(1), []
    for _ in range(100):
        found.append(concerted(hopper(rng, EIGHT, length_ps=95.0, rate=rate)[0]))
    given = [one for one in found if one.concerted_p is not None]
    assert len(given) >= 85
    # 5 are expected of 100; more than 11 come up in 1 of 100 such tests.
    assert sum(one.concerted_p < 0.05 for one in given) <= 11
    pairs = sum(one.concerted_pairs for one in given)
    expected = sum(one.concerted_expected for one in given)
    assert pairs == pytest.approx(expected, abs=4 * np.sqrt(expected))
    # 95 are expected; a calibrated interval holds fewer than 89 in 1 of 100 such tests.
    held = [one.collective_ratio_low <= 1 <= one.collective_ratio_high for one in given]
    assert np.mean(held) >= 0.89
    assert np.mean([one.collective_ratio for one in given]) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("size", "sign", "ratio"),
    [(2, 1, 2.0), (2, -1, 0.0), (8, 1, 8.0)],
    ids=["two along", "two against each other", "all along"],
)
def test_ions_that_move_together_are_found_with_their_closed_form(size, sign, ratio):
    """k ions by one vector: |k r|² of the centre against k |r|² of the ions, a ratio of k."""
    rng = np.random.default_rng(2)
    found = [concerted(groups(rng, size=size, sign=sign)) for _ in range(40)]
    assert all(one.concerted_p < 0.01 for one in found)
    assert all(one.concerted_ratio_low > 1 for one in found)
    assert np.mean([one.collective_ratio for one in found]) == pytest.approx(ratio, abs=0.25)
    if size == 2 and sign == 1:
        held = [one.collective_ratio_low <= ratio <= one.collective_ratio_high for one in found]
        assert np.mean(held) >= 0.85
    elif sign == 1:
        assert all(one.collective_ratio_low > 5 for one in found)
    else:
        assert all(one.collective_ratio_high < 0.5 for one in found)


def test_a_run_of_ions_that_hop_together_says_so_and_one_of_others_does_not():
    summary = analysed(groups(np.random.default_rng(8), size=2))
    assert "ions hop together" in summary.note
    assert "interval of the rate is too narrow" in summary.note
    alone = analysed(hopper(np.random.default_rng(8), EIGHT, length_ps=95.0, rate=0.05)[0])
    assert alone.note == ""


def test_expected_pairs_are_those_of_poisson_ions_in_a_window():
    """Of n hops each, and always near: n² (2W + Δt)/T pairs, W = 0.5 ps on either side."""
    rng = np.random.default_rng(3)
    summary = analysed(groups(rng, size=8))
    n = np.array(summary.hops_per_ion)
    pairs = (n.sum() ** 2 - (n**2).sum()) / 2 * (1.0 + STEP_PS) / 95
    # Six first neighbours of sixteen hollows of a kind, and those of the end of the hop: not all.
    assert 0.3 * pairs < summary.concerted_expected < 0.9 * pairs
    assert summary.concerted_pairs > 3 * summary.concerted_expected


@pytest.mark.parametrize("correlation", [0.0, 0.3, -0.1])
def test_the_interval_of_the_collective_ratio_holds_for_gaussian_ions(correlation):
    """Displacements with Cov(i, j) = c: N D_cm/D = 1 + (N − 1) c."""
    rng, ions, runs, held = np.random.default_rng(4), 8, 600, 0
    covariance = np.full((ions, ions), correlation) + (1 - correlation) * np.eye(ions)
    root = np.linalg.cholesky(covariance)
    for _ in range(runs):
        steps = np.einsum("ij,fjk->fik", root, rng.normal(size=(10, ions, 2)))
        paths = np.concatenate([np.zeros((1, ions, 2)), np.cumsum(steps, axis=0)])
        _, low, high = collective_ratio(paths, block=1, hops=10**6)
        held += low <= 1 + (ions - 1) * correlation <= high
    # 570 are expected; a calibrated interval holds fewer than 555 in 1 of 300 such tests.
    assert held >= 555


def test_a_single_ion_and_few_hops_have_no_measure_and_say_why():
    alone = analysed(hopper(np.random.default_rng(5), ONE, length_ps=95.0, rate=0.3)[0], ONE)
    assert (alone.concerted_p, alone.collective_ratio) == (None, None)
    assert alone.concerted_note == "one ion moves with no other"
    still = analysed(hopper(np.random.default_rng(6), EIGHT, length_ps=9.0, rate=0.02)[0])
    assert (still.concerted_p, still.collective_ratio) == (None, None)
    assert "do not tell whether ions move together" in still.concerted_note
