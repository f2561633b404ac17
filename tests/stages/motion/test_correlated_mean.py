"""Means of correlated series: correlation time, blocks, and how often the interval holds."""

import numpy as np
import pytest
from correlated import STEP_PS, ar1, averaged

from anodeflow.errors import TrajectoryError
from anodeflow.stages.motion.correlated_mean import block_error, correlation_time, series_mean
from anodeflow.stages.motion.results import SeriesMean


def test_the_correlation_time_of_exponential_noise_is_its_decay_time_within_its_error():
    (values,) = ar1(np.random.default_rng(0), 200_000, tau=20.0)
    tau, error = correlation_time(values, STEP_PS)
    assert tau == pytest.approx(0.2, rel=0.05)
    assert abs(tau - 0.2) < 3 * error < 0.03


def test_uncorrelated_noise_has_half_a_frame_of_correlation():
    values = np.random.default_rng(1).normal(size=100_000)
    assert correlation_time(values, STEP_PS)[0] == pytest.approx(0.005, rel=0.05)


def test_the_error_of_the_correlation_time_is_its_scatter_over_many_runs():
    runs = ar1(np.random.default_rng(2), 4000, tau=10.0, runs=200)
    found = np.array([correlation_time(values, STEP_PS) for values in runs])
    assert np.median(found[:, 1]) == pytest.approx(found[:, 0].std(), rel=0.25)


@pytest.mark.parametrize("taus", [(15.0, 15.0), (2.0, 40.0)], ids=["one time", "slow below fast"])
def test_the_interval_of_the_mean_holds_the_truth_in_19_of_20_runs(taus):
    fast, slow = (ar1(np.random.default_rng(3 + i), 4000, t, 400) for i, t in enumerate(taus))
    results = [averaged(values) for values in fast + 0.5 * slow]
    held = np.mean([result.low < 0 < result.high for result in results])
    # Of 4000 runs each, 95 and 92 % hold it: docs/uncertainty.md.
    assert 0.89 < held < 0.985
    scatter = np.std([result.mean for result in results])
    assert np.median([result.standard_error for result in results]) == pytest.approx(
        scatter, rel=0.15
    )


def test_blocks_and_correlation_time_are_two_routes_to_one_error():
    (values,) = ar1(np.random.default_rng(4), 2**17, tau=15.0)
    length, error = block_error(values)
    by_hand = values.reshape(-1, 512).mean(axis=1)
    assert error == pytest.approx(by_hand.std(ddof=1) / np.sqrt(len(by_hand)), rel=0.15)
    assert length > 5 * 15
    tau, _ = correlation_time(values, 1.0)
    assert error == pytest.approx(values.std() * np.sqrt(2 * tau / len(values)), rel=0.15)


def test_a_run_of_few_correlation_times_gives_a_mean_but_no_error_and_says_why():
    (values,) = ar1(np.random.default_rng(5), 300, tau=50.0)
    result = averaged(values, note="unstable after 3 ps (x)")
    assert result.mean == pytest.approx(values.mean())
    assert result.standard_error is None and result.low is None
    assert result.note.startswith("unstable after 3 ps (x); no error of the spacing: 3 ps are ")
    assert "fewer than 10" in result.note


def test_runs_near_the_limit_hold_the_truth_less_often_and_never_below_four_in_five():
    runs = ar1(np.random.default_rng(6), 20 * 20, tau=20.0, runs=600)
    given = [r for r in map(averaged, runs) if r.standard_error is not None]
    assert 200 < len(given) < 550
    assert np.mean([result.low < 0 < result.high for result in given]) > 0.8


def test_a_mean_comes_back_from_json_as_it_was_with_or_without_an_error():
    (values,) = ar1(np.random.default_rng(7), 5000, tau=5.0)
    results = [averaged(values[:frames]) for frames in (5000, 30, 1)]
    for result in results:
        assert SeriesMean.model_validate_json(result.model_dump_json()) == result
    assert [result.mean is None for result in results] == [False, False, True]
    assert [result.low is None for result in results] == [False, True, True]


def test_a_series_that_never_changes_has_no_error():
    assert averaged(np.full(50, 4.0)).standard_error == 0.0


@pytest.mark.parametrize("times", [[0.0, 0.1, 0.1, 0.2], [0.0, 0.1, 0.3, 0.4]])
def test_a_frame_that_stands_twice_or_is_missing_is_refused(times):
    with pytest.raises(TrajectoryError, match="even intervals"):
        series_mean(np.arange(4.0), np.array(times), what="spacing", note="")
