"""Activation of hops: closed forms, the likelihood on a grid, and intervals that hold the truth."""

import numpy as np
import pytest
from activated import brownian_activations, exact_activation, exact_rate, holds, poisson_activations
from ase.units import kB
from intervals import enough
from scipy.stats import chi2
from scipy.stats import f as fisher
from walkers import study_stack

from anodeflow.stages.motion.activation import activation_of_runs, fit_activation
from anodeflow.stages.motion.activation_results import activation_rows
from anodeflow.stages.motion.results import Mobility
from anodeflow.study.scored_files import read_scored

EV_K = 8.617333262e-5
"""Boltzmann's constant (CODATA 2018)."""

T = np.array([300.0, 400.0, 500.0])
HOPS, WATCHED = np.array([2, 14, 40]), np.array([500.0, 450.0, 420.0])
ONE = study_stack(ions=1)
SETTINGS = {"residence_ps": 0.5, "rate_temperature": 300.0}
ENDS = {
    "energy": ("energy_low", "energy_high"),
    "prefactor": ("prefactor_low_per_ps", "prefactor_high_per_ps"),
    "rate": ("rate_low_per_ps", "rate_high_per_ps"),
}


def fitted(hops=HOPS, watched=WATCHED, temperatures=T, **options):
    return fit_activation(hops, watched, temperatures, **{"at_temperature": 300.0} | options)


def interval(fit, name):
    return [getattr(fit, end) for end in ENDS[name]]


def rates(fit, temperatures=T):
    return fit.prefactor_per_ps * np.exp(-fit.energy / (kB * temperatures))


def grid_intervals(hops, watched, temperatures, *, drop, energies, at, reach):
    """Return the intervals of E and of ln Γ at x = 1/kT = at, from the likelihood on a grid.

    The grid reaches from one of `energies` to the other, and from e^-reach to e^reach times Γ.
    """
    energy = np.linspace(*energies, 1001)[:, None]
    fit = fitted(hops, watched, temperatures)
    logs = np.log(fit.prefactor_per_ps) - fit.energy * at + np.linspace(-reach, reach, 3001)
    likelihood = 0.0
    for n, t, u in zip(hops, watched, 1 / (EV_K * temperatures), strict=True):
        log_rate = logs - energy * (u - at)
        likelihood += n * log_rate - np.exp(log_rate) * t
    ends = []
    for values, axis in ((energy.ravel(), 1), (logs, 0)):
        inside = values[2 * (likelihood.max() - likelihood.max(axis=axis)) <= drop]
        assert values[0] < inside[0] and inside[-1] < values[-1], "the grid is too small"
        ends.append([inside[0], inside[-1]])
    return ends


def mobility(hops, watched=94.0, backward=0):
    return Mobility(
        ions=1,
        frames=9500,
        analysed_ps=95.0,
        stable=True,
        note="",
        verdict="hopping",
        hops=hops,
        backward=backward,
        watched_ion_ps=watched,
    )


def test_two_temperatures_give_the_energy_between_their_rates_and_the_line_through_both():
    fit = fitted([6, 30], [300.0, 200.0], [300.0, 400.0], at_temperature=350.0)
    first, second = 6 / 300, 30 / 200
    energy = np.log(second / first) / (1 / (EV_K * 300) - 1 / (EV_K * 400))
    assert fit.energy == pytest.approx(energy, rel=1e-5)
    assert fit.prefactor_per_ps == pytest.approx(first * np.exp(energy / (EV_K * 300)), rel=1e-4)
    assert rates(fit, np.array([300, 400])) == pytest.approx([first, second])
    assert fit.rate_per_ps == pytest.approx(rates(fit, 350.0))
    # Nothing is left over to hold two runs against.
    assert (fit.degrees_of_freedom, fit.deviance, fit.deviance_p) == (0, None, None)


def test_a_rate_that_doubles_every_ten_kelvin_at_300_k_has_an_energy_of_0_55_ev():
    fit = fitted([100, 200], [1000.0, 1000.0], [300.0, 310.0])
    assert fit.energy == pytest.approx(0.5555, abs=1e-4)


@pytest.mark.parametrize(("cold", "hot"), [(1000, 100), (2000, 100), (100, 2000), (5e5, 5.0)])
def test_temperatures_may_be_watched_for_times_as_different_as_one_likes(cold, hot):
    fit = fitted([5, 6], [cold, hot], [300.0, 500.0])
    energy = np.log((6 / hot) / (5 / cold)) / (1 / (EV_K * 300) - 1 / (EV_K * 500))
    assert fit.energy == pytest.approx(energy, rel=1e-5)
    assert rates(fit, np.array([300.0, 500.0])) == pytest.approx([5 / cold, 6 / hot])
    assert fit.energy_low < energy < fit.energy_high


@pytest.mark.parametrize("seed", range(5))
def test_at_the_fit_hops_and_their_inverse_temperatures_are_those_expected(seed):
    """The score of the likelihood, Σ (n − Γ t) and Σ (n − Γ t)/kT, is zero."""
    rng = np.random.default_rng(seed)
    temperatures = rng.choice([280.0, 300.0, 350.0, 420.0, 600.0], 12)
    watched = 10 ** rng.uniform(1, 4, 12)
    hops = rng.poisson(np.minimum(0.02 * watched * temperatures / 300, 30))
    missing = hops - rates(fitted(hops, watched, temperatures), temperatures) * watched
    assert missing.sum() == pytest.approx(0, abs=1e-8)
    assert (missing / (kB * temperatures)).sum() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("hops", "energies"),
    [([2, 14, 40], (-0.1, 0.5)), ([0, 3, 9], (-0.3, 1.5)), ([1, 0, 9], (-0.2, 0.8))],
)
@pytest.mark.parametrize(
    ("name", "temperature", "reach"),
    [("rate", 300.0, 10.0), ("rate", 450.0, 4.0), ("prefactor", np.inf, 30.0)],
)
def test_intervals_are_those_of_the_profiles_of_the_likelihood_on_a_grid(
    hops, energies, name, temperature, reach
):
    where = {"at": 1 / (kB * temperature), "reach": reach, "drop": chi2.ppf(0.95, 1)}
    energy, log_rate = grid_intervals(np.array(hops), WATCHED, T, energies=energies, **where)
    fit = fitted(hops, at_temperature=min(temperature, 1e3))
    assert interval(fit, "energy") == pytest.approx(energy, abs=1.1 * np.ptp(energies) / 1000)
    assert np.log(interval(fit, name)) == pytest.approx(log_rate, abs=1.1 * 2 * reach / 3000)


def test_of_many_hops_the_intervals_are_those_of_the_fisher_information():
    watched = 1e4 * WATCHED
    rate = 3 * np.exp(-0.2 / (kB * T))
    fit = fitted(rate * watched, watched)
    design = np.stack([np.ones(3), -1 / (kB * T)], axis=1)
    covariance = np.linalg.inv(design.T * (rate * watched) @ design)
    half = 1.96 * np.sqrt(np.diag(covariance))
    assert interval(fit, "energy") == pytest.approx([0.2 - half[1], 0.2 + half[1]], rel=2e-3)
    logs = np.log(interval(fit, "prefactor")) - np.log(3)
    assert logs == pytest.approx([-half[0], half[0]], rel=3e-2)


def test_runs_without_hops_count_as_time_in_which_none_came():
    without = fitted([14, 40], WATCHED[1:], T[1:])
    cold = fitted([0, 14, 40])
    assert cold.energy > without.energy
    assert cold.energy_low > without.energy_low
    # A run without a hop at a temperature is as if its time were watched in another one.
    more = fitted([14, 40, 0], [*WATCHED[1:], 100.0], [400.0, 500.0, 500.0])
    longer = fitted([14, 40], [WATCHED[1], WATCHED[2] + 100.0], [400.0, 500.0])
    assert more.energy == pytest.approx(longer.energy)
    assert more.energy < without.energy


def test_replicas_are_as_one_run_of_their_summed_time_but_for_their_scatter():
    parts = fitted([1, 1, 5, 9, 20, 20], np.repeat(WATCHED / 2, 2), np.repeat(T, 2))
    whole = fitted()
    shared = {"energy", "energy_low", "energy_high", "rate_per_ps", "rate_low_per_ps"}
    shared |= {"rate_high_per_ps", "prefactor_low_per_ps", "prefactor_high_per_ps"}
    for name in shared:
        assert getattr(parts, name) == pytest.approx(getattr(whole, name))
    assert (parts.degrees_of_freedom, whole.degrees_of_freedom) == (4, 1)
    # 5 and 9 of 14 are what the halves differ by.
    between = 2 * (5 * np.log(5 / 7) + 9 * np.log(9 / 7))
    assert parts.deviance - whole.deviance == pytest.approx(between)


def test_times_in_other_units_change_rates_by_their_factor_and_no_energy():
    in_ps, in_fs = fitted(), fitted(watched=1e3 * WATCHED)
    for name in ("energy", "energy_low", "energy_high", "deviance"):
        assert getattr(in_fs, name) == pytest.approx(getattr(in_ps, name))
    for name in ("prefactor", "rate"):
        assert np.multiply(interval(in_fs, name), 1e3) == pytest.approx(interval(in_ps, name))


def test_the_line_is_the_fit_and_its_ends_are_the_intervals_of_rates_there():
    line = fitted().line
    assert [point.temperature for point in (line[0], line[-1])] == pytest.approx([500, 300])
    for point in (line[0], line[12], line[-1]):
        there = fitted(at_temperature=point.temperature)
        for name in ("rate_per_ps", "rate_low_per_ps", "rate_high_per_ps"):
            assert getattr(point, name) == pytest.approx(getattr(there, name))


def test_temperatures_next_to_each_other_give_wide_intervals_that_are_numbers():
    fit = fitted([1, 1], [100.0, 100.0], [300.0, 300.5], at_temperature=1000.0)
    assert fit.energy == pytest.approx(0, abs=1e-9)
    assert fit.energy_high - fit.energy_low > 20
    assert np.isfinite([*interval(fit, "prefactor"), *interval(fit, "rate")]).all()


def test_hops_that_come_back_unseen_widen_the_upper_end_of_the_energy():
    """Of the hops at 500 K, 40/420 per ps, more are hidden than of those at 300 K."""
    backward, residence = 20, 2.0
    plain, widened = fitted(), fitted(backward=backward, residence_ps=residence)
    hidden = (1 - np.exp(-rates(plain) * residence)) * backward / HOPS.sum()
    assert hidden[2] > 0.05 > hidden[0]
    corrected = fitted(watched=WATCHED * (1 - hidden))
    assert widened.energy == pytest.approx(plain.energy)
    for name in ENDS:
        both = [*interval(plain, name), *interval(corrected, name)]
        assert interval(widened, name) == pytest.approx([min(both), max(both)])
    assert widened.energy_high > 1.002 * plain.energy_high


def scattered(rng, runs=6):
    """Counts of runs whose rates differ by a gamma distribution, six at each temperature."""
    mean = np.repeat(3 * np.exp(-0.15 / (kB * T)) * 100, runs)
    return rng.poisson(mean * rng.gamma(1.0, 1.0, len(mean)))


def test_intervals_of_hops_that_scatter_more_than_poisson_s_are_those_of_quasi_likelihood():
    hops = np.array([0, 6, 2, 20, 30, 80])
    watched, temperatures = np.repeat(WATCHED, 2), np.repeat(T, 2)
    fit = fitted(hops, watched, temperatures)
    expected = rates(fit, temperatures) * watched
    scatter = ((hops - expected) ** 2 / expected).sum() / 4
    assert fit.deviance_p < 0.01
    assert fit.hop_scatter == pytest.approx(scatter)
    limit = scatter * fisher.ppf(0.95, 1, 4)
    where = {"at": 1 / (kB * 300.0), "reach": 12.0, "drop": limit, "energies": (-1.0, 2.0)}
    energy, log_rate = grid_intervals(hops, watched, temperatures, **where)
    assert interval(fit, "energy") == pytest.approx(energy, abs=0.0035)
    assert np.log(interval(fit, "rate")) == pytest.approx(log_rate, abs=0.009)


def test_hops_that_scatter_more_than_poisson_s_are_noticed_and_their_intervals_hold():
    rng, truth = np.random.default_rng(8), 0.15
    found = [fitted(scattered(rng), np.full(18, 100.0), np.repeat(T, 6)) for _ in range(60)]
    noticed = np.mean([fit.deviance_p < 0.01 for fit in found])
    assert noticed > 0.9
    assert enough([fit.energy_low <= truth <= fit.energy_high for fit in found])


def test_the_probability_of_a_deviance_is_even_for_poisson_s_hops():
    fits = poisson_activations(
        np.random.default_rng(3), [3, 3, 9, 9, 25, 25], np.repeat(T, 2), runs=150
    )
    chances = np.array([fit.deviance_p for fit in fits])
    for share in (0.1, 0.5, 0.9):
        assert np.mean(chances < share) == pytest.approx(share, abs=3 * 0.5 / np.sqrt(150))


# Runs of a study.


def test_runs_are_added_up_by_temperature_and_fitted_together():
    runs = [mobility(1), mobility(4, backward=2), mobility(1), mobility(10)]
    temperatures = [300.0, 400.0, 300.0, 400.0]
    found = activation_of_runs(runs, temperatures, settings=SETTINGS)
    assert [(one.temperature, one.runs, one.hops) for one in found.temperatures] == [
        (300.0, 2, 2),
        (400.0, 2, 14),
    ]
    assert found.temperatures[1].rate_per_ps == pytest.approx(14 / 188)
    assert (found.hops, found.watched_ion_ps, found.reason) == (16, 376.0, "")
    alone = fitted([1, 4, 1, 10], [94.0] * 4, temperatures, backward=2, residence_ps=0.5)
    assert found.energy == alone.energy
    assert found.energy_high == alone.energy_high


@pytest.mark.parametrize(
    ("hops", "reason"),
    [
        ([0, 0], "no hop at any temperature: an activation energy needs hops at two temperatures"),
        ([0, 5], "hops at 400 K alone: an activation energy needs hops at two temperatures"),
        ([None, None], "no run could be analysed"),
    ],
)
def test_without_hops_at_two_temperatures_there_is_a_reason_in_place_of_numbers(hops, reason):
    runs = [mobility(n) if n is not None else mobility(None, None) for n in hops]
    found = activation_of_runs(runs, [300.0, 400.0], settings=SETTINGS)
    assert found.reason == reason
    assert found.energy is found.rate_per_ps is found.prefactor_per_ps is found.deviance is None
    assert found.line == ()


def test_runs_that_could_not_be_analysed_are_left_out_and_the_note_says_so():
    runs = [mobility(2), mobility(None, None), mobility(9)]
    found = activation_of_runs(runs, [300.0, 300.0, 400.0], settings=SETTINGS)
    assert found.note == "1 of 3 runs undetermined and left out"
    assert found.energy == fitted([2, 9], [94.0, 94.0], [300.0, 400.0]).energy


def test_a_note_says_where_ions_hop_as_fast_as_they_are_told_to_stay():
    found = activation_of_runs([mobility(5), mobility(60)], [300.0, 500.0], settings=SETTINGS)
    assert "at 500 K ions hop so fast" in found.note
    assert "energy may be too low" in found.note


def test_a_note_says_that_hops_scatter_and_that_intervals_are_widened():
    runs = [mobility(n) for n in (0, 6, 2, 20, 3, 40)]
    found = activation_of_runs(runs, np.repeat(T, 2).tolist(), settings=SETTINGS)
    assert "scatter around the fit more than Poisson's law has it" in found.note
    assert "intervals are widened" in found.note


# Its row and its quantities.


def read(found):
    about = {"file": "motion.activation", "source": "a model", "system": "m-g", "ions": 1}
    return {row.name: row for row in read_scored(about, found, numerical={})}


def test_the_scorecard_reads_the_energy_and_the_rate_with_the_longer_arm_as_error():
    found = activation_of_runs([mobility(4), mobility(30)], [300.0, 400.0], settings=SETTINGS)
    rows = read(found)
    energy, rate = rows["energy"], rows["log10_rate"]
    arms = (found.energy - found.energy_low, found.energy_high - found.energy)
    assert (energy.value, energy.unit, energy.case) == (found.energy, "eV", ("m-g", 1, None))
    assert energy.error == pytest.approx(max(arms) / 1.96)
    assert (energy.low, energy.high) == (found.energy_low, found.energy_high)
    assert rate.value == pytest.approx(np.log10(4 / 94))
    assert 10**rate.low == pytest.approx(rows["rate_per_ps"].low)
    assert "at 300 K" in rate.note


def test_without_a_fit_quantities_have_no_value_and_the_reason():
    found = activation_of_runs([mobility(0), mobility(3)], [300.0, 400.0], settings=SETTINGS)
    rows = read(found)
    assert {row.value for row in rows.values()} == {None}
    assert all("hops at 400 K alone" in row.note for row in rows.values())


def test_the_row_of_the_table_has_the_hops_of_each_temperature_and_the_reason_in_its_note():
    about = {"model": "m", "system": "m-g", "ions": 1}
    found = activation_of_runs([mobility(0), mobility(3)], [300.0, 400.0], settings=SETTINGS)
    (row,) = activation_rows(about, found)
    assert (row["temperatures"], row["hops_at_each"], row["hops"]) == ("300, 400", "0, 3", 3)
    assert row["energy"] is None
    assert row["note"] == found.reason


# Coverage: a small, seeded part of benchmarks/coverage.py.


@pytest.mark.parametrize(("expected", "energy"), [(5.5, 0.14), (20.0, 0.25)])
def test_intervals_hold_for_poisson_s_hops(expected, energy):
    rate = expected / 100 * np.exp(energy / (kB * 400.0) - energy / (kB * T))
    truth = {"energy": energy, "prefactor": rate[0] * np.exp(energy / (kB * 300.0))}
    fits = poisson_activations(np.random.default_rng(4), 100 * rate, T, runs=80)
    for name, held in holds(truth | {"rate": rate[0]}, fits).items():
        assert enough(held), (name, np.mean(held))


def test_intervals_hold_for_ions_in_a_potential_at_three_temperatures():
    kind = {"barrier": 0.18, "lattice": "honeycomb"}
    fits = list(brownian_activations(np.random.default_rng(6), ONE, runs=25, **kind))
    held = holds(exact_activation(ONE, **kind), fits)
    assert set(held) == set(ENDS)
    for name, each in held.items():
        assert len(each) >= 20
        assert enough(each), (name, np.mean(each))


def test_the_exact_rate_is_activated_by_the_barrier_less_what_kt_takes_of_its_prefactor():
    """Kramers without inertia: Γ goes as D₀/kT exp(−barrier/kT), of slope barrier − kT."""
    x = [1 / (kB * temperature) for temperature in (299.0, 301.0)]
    logs = [np.log(exact_rate(ONE, 0.3, "honeycomb", 1 / (kB * one))) for one in x]
    slope = (logs[1] - logs[0]) / (x[0] - x[1])
    assert slope == pytest.approx(0.3 - kB * 300.0, rel=0.02)
