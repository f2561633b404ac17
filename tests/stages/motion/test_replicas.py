"""Replicas seen together: means and their intervals, pooled hops, one D."""

import numpy as np
import pytest
from scipy.stats import binomtest

from anodeflow.stages.motion.hop_diffusion import poisson_interval
from anodeflow.stages.motion.replicas import combine_means, combine_mobility, combine_replicas
from anodeflow.stages.motion.results import (
    BrokenRun,
    Ensemble,
    HopMemory,
    MapNumbers,
    MeanAndSpread,
    MeanSpacing,
    MeanTemperature,
    Mobility,
    PooledMobility,
    SeriesMean,
)

STEP_PS = 0.05
SETTINGS = {
    "residence_ps": 0.1,
    "slope_window": [0.8, 1.2],
    "fit_from_fraction": 0.1,
    "fit_to_fraction": 0.5,
    "confined_msd": 2.0,
    "minimum_hops": 10,
    "origins": "all",
    "moved_only": None,
    "dimensions": 2,
}


def result(mean, error=0.1, note=""):
    ends = {} if error is None else {"low": mean - 1, "high": mean + 1}
    return SeriesMean(mean=mean, standard_error=error, frames=90, note=note, **ends)


def test_one_replica_keeps_its_own_error_and_says_that_no_spread_is_known():
    found = combine_means([result(4.0, 0.02)], what="spacing")
    assert (found.mean, found.standard_error, found.replica_std) == (4.0, 0.02, None)
    assert (found.low, found.high) == (3.0, 5.0)
    assert found.note == "one replica: what others would give of the spacing is not known"


def test_means_of_three_replicas_by_hand():
    found = combine_means([result(v, 0.3) for v in (3.9, 4.0, 4.4)], what="spacing")
    assert found.mean == pytest.approx(4.1)
    assert found.replica_std == pytest.approx(0.264575)
    # Within: 0.3 √3 / 3 = 0.1732; between: 0.264575/√3 = 0.15275, times t(2) = 4.3027.
    assert found.standard_error == pytest.approx(0.173205, rel=1e-4)
    assert found.high - found.mean == pytest.approx(4.3027 * 0.15275, rel=1e-3)
    assert found.note == ""


@pytest.mark.parametrize("replicas", [2, 3, 5])
@pytest.mark.parametrize("between", [0.0, 0.1, 1.0])
def test_the_interval_holds_the_truth_whether_or_not_replicas_sample_the_same(replicas, between):
    rng, runs, held = np.random.default_rng(replicas), 400, 0
    for _ in range(runs):
        own = rng.normal(0, between, replicas)
        found = combine_means([result(rng.normal(m, 0.1), 0.1) for m in own], what="spacing")
        held += found.low < 0 < found.high
    # At least 380 are expected; a calibrated interval holds fewer than 367 in 1 of 1000 tests.
    assert held >= 367


def test_what_errs_to_one_side_is_known_no_better_from_more_replicas():
    """Six runs whose lowest of 64 cells is 2.4 errors too low each: the truth stays in the ends."""
    rng = np.random.default_rng(5)
    lowest = [result(float(rng.normal(4, 0.02, 64).min()), 0.05) for _ in range(6)]
    found = combine_means(lowest, what="lowest place", one_sided=True)
    assert found.standard_error == pytest.approx(0.05)
    assert found.low < 4.0 < found.high
    assert combine_means(lowest, what="mean").high < 4.0


def test_what_errs_to_one_side_has_no_error_by_the_spread_alone():
    """The lowest of 64 cells known to 0.02 Å is 0.047 Å too low in each of six runs alike."""
    rng = np.random.default_rng(4)
    lowest = [result(end, None) for end in rng.normal(4.0, 0.02, (6, 64)).min(axis=1)]
    found = combine_means(lowest, what="lowest place", one_sided=True)
    assert found.mean == pytest.approx(3.953, abs=0.01)
    assert found.standard_error is found.low is found.high is None
    assert "all err to one side" in found.note
    spread = combine_means(lowest, what="lowest place")
    assert spread.high < 4.0  # by which the truth would be excluded


def test_replicas_that_sample_different_states_are_told():
    found = combine_means([result(v, 0.02) for v in (3.9, 4.0, 4.4)], what="spacing")
    assert "differ in spacing by more than their own errors" in found.note


def test_replicas_that_agree_are_called_different_in_one_of_twenty_cases():
    rng = np.random.default_rng(1)
    notes = [
        combine_means([result(rng.normal(4, 0.1), 0.1) for _ in range(3)], what="spacing").note
        for _ in range(600)
    ]
    assert 0.02 < np.mean([bool(note) for note in notes]) < 0.09


def test_a_replica_without_a_mean_or_an_error_is_left_out_and_told():
    broken, short = result(None, None, "0 frames"), result(4.2, None, "short")
    found = combine_means([result(4.0), broken, short], what="spacing")
    assert found.values == (4.0, None, 4.2)
    assert found.mean == pytest.approx(4.1)
    assert found.standard_error == pytest.approx(0.1)
    assert "too short for an error of its own" in found.note
    assert combine_means([broken], what="spacing").mean is None


RUN = {"ions": 1, "frames": 2000, "analysed_ps": 100.0, "stable": True, "note": ""}
FORGETFUL = HopMemory(pairs=(0,), products=(0.0,), squares=(0.0,))
UNDETERMINED = Mobility(**RUN, verdict="undetermined")


def summary(hops, *, watched=100.0, verdict="hopping", end=5.0):
    return Mobility(
        **RUN,
        verdict=verdict,
        hops=hops,
        backward=hops // 3,
        watched_ion_ps=watched,
        settled_ion_ps=watched,
        jump_length_rms=1.75,
        effective_hops=float(hops),
        memory=FORGETFUL,
        msd_at_window_end=end,
    )


def walk(seed, *, frames=2000, ions=1, D=0.5):
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, np.sqrt(2 * D * STEP_PS), (frames, ions, 3))
    return np.arange(frames) * STEP_PS, np.cumsum(steps, axis=0)


def combined(counts, *, runs=None, **changes):
    summaries = [summary(count, **changes) for count in counts]
    runs = runs or [walk(seed) for seed in range(len(counts))]
    found = combine_mobility(summaries, runs, settings=SETTINGS)
    assert PooledMobility.model_validate_json(found.model_dump_json()) == found
    return found


def test_hops_and_times_of_replicas_add_up_to_one_rate():
    found = combined([3, 5, 4])
    low, high = poisson_interval(12)
    assert (found.hops, found.watched_ion_ps) == (12, 300.0)
    assert found.rate_per_ps == pytest.approx(12 / 300)
    assert found.rate_low_per_ps == pytest.approx(low / 300)
    assert found.rate_high_per_ps == pytest.approx(high / 300, rel=0.01)
    assert found.note == ""


def test_hops_back_of_replicas_add_up_to_one_share():
    memories = [HopMemory(pairs=(n,), products=(0.0,), squares=(0.0,)) for n in (7, 4)]
    runs = [summary(9), summary(5)]
    runs = [run.model_copy(update={"memory": m}) for run, m in zip(runs, memories, strict=True)]
    found = combine_mobility(runs, [walk(0), walk(1)], settings=SETTINGS)
    assert (found.successive_hops, found.backward_share) == (11, pytest.approx(4 / 11))
    exact = binomtest(4, 11).proportion_ci(0.95, "exact")
    assert (found.backward_share_low, found.backward_share_high) == pytest.approx(tuple(exact))


def test_replicas_without_any_hop_give_an_upper_bound_of_the_rate():
    found = combined([0, 0, 0], verdict="confined", runs=[walk(s, D=1e-9) for s in range(3)])
    assert found.rate_per_ps == 0.0
    assert found.rate_high_per_ps == pytest.approx(3.689 / 300, rel=1e-3)
    assert found.D_cm2_s is None
    assert found.D_upper_bound_cm2_s == pytest.approx(3.689 / 300 * 1.75**2 / 4e4, rel=1e-3)
    assert found.hop_scatter_p is None


def test_hops_that_scatter_more_than_poisson_are_told():
    assert "(0, 0, 30) scatter more than one Poisson rate" in combined([0, 0, 30]).note


def test_poisson_hops_are_called_overdispersed_in_one_of_twenty_cases():
    rng, runs, told = np.random.default_rng(3), [walk(0, frames=20)] * 3, 0
    for _ in range(200):
        told += bool(combined(rng.poisson(4, 3).tolist(), runs=runs).note)
    assert 1 <= told <= 20


def test_verdicts_that_differ_are_mixed_and_the_ions_together_get_one_of_their_own():
    summaries = [summary(60), summary(60, verdict="diffusive"), summary(60)]
    found = combine_mobility(summaries, [walk(s, ions=4) for s in range(3)], settings=SETTINGS)
    assert found.verdict == "mixed"
    assert found.verdicts == ("hopping", "diffusive", "hopping")
    assert found.pooled_verdict == "diffusive", found.criterion
    assert found.D_low_cm2_s < 0.5e-4 < found.D_high_cm2_s
    assert found.D_kinisi_low_cm2_s < found.D_kinisi_cm2_s < found.D_kinisi_high_cm2_s
    assert found.msd_at_window_end == MeanAndSpread(mean=5.0, spread=0.0)


def test_d_of_the_published_averaging_has_no_interval_for_replicas_either():
    published = SETTINGS | {"moved_only": 3.0}
    runs = [walk(seed, ions=4) for seed in range(3)]
    found = combine_mobility([summary(60)] * 3, runs, settings=published)
    assert found.pooled_verdict == "diffusive", found.criterion
    assert found.D_cm2_s > 0 and found.D_low_cm2_s is None
    assert found.D_kinisi_cm2_s is None and found.slope_error is None


def test_three_replicas_pin_d_down_better_than_one():
    def width(replicas):
        runs = [walk(seed, ions=4) for seed in range(replicas)]
        found = combined([60] * replicas, runs=runs)
        return np.log(found.D_high_cm2_s / found.D_low_cm2_s)

    assert width(3) == pytest.approx(width(1) / np.sqrt(3), rel=0.25)


def test_a_replica_that_broke_early_leaves_the_others_their_window():
    found = combined([20, 20, 20], runs=[walk(0, ions=4), walk(1, ions=4), walk(2, frames=100)])
    assert found.window_ps[1] == pytest.approx(0.5 * 1999 * STEP_PS, rel=0.01)
    assert "the others broke in their first half" in found.note


def test_undetermined_replicas_are_counted_out():
    runs = [walk(0), walk(1, frames=2)]
    found = combine_mobility([summary(5), UNDETERMINED], runs, settings=SETTINGS)
    assert found.verdict == "mixed" and found.hops == 5
    assert found.note.startswith("1 of 2 replicas undetermined")
    none = combine_mobility([UNDETERMINED], runs[1:], settings=SETTINGS)
    assert none.verdict == "undetermined" and none.hops is None


def test_a_group_lists_its_runs_and_those_that_broke(tmp_path):
    about_run = {"timestep_fs": 1.0, "conserved_energy": {"note": ""}}
    about_run["temperature_K"] = MeanTemperature(**dict(result(300.0, 2.0)))
    whole = {"stable": True, "unstable_after_ps": None, "reason": ""}
    broken = {"stable": False, "unstable_after_ps": 3.2, "reason": "the sheet detached"}
    spacings = [MeanSpacing(**dict(result(4.0)), **end, **about_run) for end in (whole, broken)]
    about = {"stack": "m-g", "ions": 0, "temperature": 300.0}
    maps = [
        MapNumbers(
            kind="cells", lowest=result(low, 0.02), highest=result(4.3), variance=result(0.03)
        )
        for low in (3.7, 3.8)
    ]
    found = combine_replicas(about, ["a_0", "a_1"], spacings, maps, None)
    assert found.map.lowest.mean == pytest.approx(3.75)
    assert found.map.lowest.standard_error == pytest.approx(0.05)  # of the spread
    assert found.map.highest.mean == pytest.approx(4.3)
    told = BrokenRun(replica=1, after_ps=3.2, reason="the sheet detached")
    assert found.unstable == (told,)
    assert (found.replicas, found.runs, found.mobility) == (2, ("a_0", "a_1"), None)
    assert found.temperature_K.mean == 300.0
    found.write(tmp_path / "group.json")
    assert Ensemble.read(tmp_path / "group.json") == found
