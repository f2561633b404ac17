"""Temperature of a run against the canonical ensemble."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from ase import units
from correlated import STEP_PS, ar1

from anodeflow.errors import TrajectoryError
from anodeflow.stages.motion.temperature import (
    degrees_of_freedom,
    mean_temperature,
    run_temperature,
)

FREEDOM, TARGET = 386, 300.0
CANONICAL = TARGET * np.sqrt(2 / FREEDOM)


def averaged(temperatures):
    times = np.arange(len(temperatures)) * STEP_PS
    table = pd.DataFrame({"time_ps": times, "temperature_K": temperatures, "phase": "production"})
    options = {"discard_ps": 0.1, "target": TARGET, "freedom": FREEDOM, "note": ""}
    return mean_temperature(table, **options)


def series(seed=0, mean=TARGET, std=CANONICAL, frames=5000):
    (noise,) = ar1(np.random.default_rng(seed), frames, tau=5.0)
    return mean + std * noise


def test_a_canonical_series_agrees_and_says_what_it_was_held_against():
    result = averaged(series())
    assert result.thermostat == "agrees" and result.note == ""
    assert result.expected_std == pytest.approx(300 * (2 / 386) ** 0.5)
    assert abs(result.mean - TARGET) < 4 * result.standard_error


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mean": 306.0}, "where 300.0 K is its aim"),
        ({"std": 0.5 * CANONICAL}, "K is canonical"),
        ({"std": 1.5 * CANONICAL}, "K is canonical"),
    ],
)
def test_a_thermostat_that_is_off_is_told_with_both_numbers(changes, said):
    result = averaged(series(**changes))
    assert result.thermostat == "off"
    assert said in result.note


def test_the_error_of_the_fluctuation_is_its_scatter_over_many_runs():
    results = [averaged(series(seed, frames=2000)) for seed in range(150)]
    scatter = np.std([result.std for result in results])
    assert np.median([r.std_error for r in results]) == pytest.approx(scatter, rel=0.2)
    assert np.mean([r.thermostat == "agrees" for r in results]) > 0.98


def test_a_weak_slow_motion_below_a_fast_one_seldom_raises_a_false_alarm():
    rng = np.random.default_rng(5)
    (slow,) = ar1(rng, 150 * 1000, tau=15.0)
    both = np.sqrt(0.6) * rng.normal(size=slow.size) + np.sqrt(0.4) * slow
    results = [averaged(TARGET + CANONICAL * noise) for noise in both.reshape(150, 1000)]
    scatter = np.std([result.std for result in results])
    assert np.median([r.std_error for r in results]) == pytest.approx(scatter, rel=0.2)
    assert np.mean([r.thermostat == "agrees" for r in results]) > 0.98


def test_a_short_run_judges_nothing():
    result = averaged(series(frames=60))
    assert result.thermostat == "undetermined" and "no error of the temperature" in result.note


def test_degrees_of_freedom_are_those_that_the_temperatures_were_computed_with():
    temperature = np.array([0.0, 290.0, 310.0])
    kinetic = 0.5 * FREEDOM * units.kB * temperature
    run = SimpleNamespace(temperature=temperature, kinetic_energy=kinetic)
    assert degrees_of_freedom(run) == FREEDOM
    with pytest.raises(TrajectoryError, match="No sample of this run"):
        degrees_of_freedom(SimpleNamespace(temperature=np.zeros(3), kinetic_energy=np.zeros(3)))


def imported(temperatures, settings):
    times = np.arange(len(temperatures)) * STEP_PS
    table = pd.DataFrame({"time_ps": times, "temperature_K": temperatures, "phase": "production"})
    kinetic = 0.5 * FREEDOM * units.kB * temperatures
    run = SimpleNamespace(temperature=temperatures, kinetic_energy=kinetic, settings=settings)
    run.production_start_ps = 0.1
    return run_temperature(run, table, note="")


def test_a_run_without_velocities_has_no_temperature_and_says_so():
    result = imported(np.full(100, np.nan), {})
    assert result.mean is None and result.thermostat == "undetermined"
    assert "no velocities" in result.note
    assert result.target is result.degrees_of_freedom is None


def test_a_run_of_unknown_target_has_a_mean_and_no_verdict():
    result, known = imported(series(), {}), imported(series(), {"temperature": TARGET})
    assert known.thermostat == "agrees"
    assert result.mean == known.mean and result.std_error == known.std_error
    assert result.expected_std is None and result.thermostat == "undetermined"
    assert "no target temperature" in result.note
