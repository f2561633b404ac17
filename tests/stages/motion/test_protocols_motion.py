"""Published and rigorous dynamics and what is read from it, each pair where the truth is known."""

import h5py
import numpy as np
import pandas as pd
import pytest
from ase import units
from hopping import NEIGHBOUR, SETTINGS, STEP_PS, hopping, host, rattling, trajectory
from scipy.special import gammaln
from springs import make_stack, simulate

from anodeflow.stages.motion.diffusion import analyse_diffusion
from anodeflow.stages.motion.msd import (
    displacement_from_first,
    mean_square_displacement,
    window_lags,
)
from anodeflow.stages.motion.spacing_series import spacing_series
from anodeflow.stages.motion.temperature import run_temperature

PUBLISHED_COUPLING_FS = 0.10180505671


# Coupling time of the thermostat


def test_the_published_coupling_time_is_a_hundredth_of_ases_unit_of_time():
    assert PUBLISHED_COUPLING_FS * units.fs == pytest.approx(0.01, rel=1e-9)


@pytest.fixture(scope="module")
def coupled(tmp_path_factory):
    """Kinetic energies and velocities, every femtosecond, with either coupling time."""
    found = {}
    for tau in (100.0, PUBLISHED_COUPLING_FS):
        path = tmp_path_factory.mktemp("coupled") / "run.h5"
        run = simulate(
            path,
            thermostat_time_fs=tau,
            equilibration_ps=0.2,
            production_ps=2.0,
            frame_interval_fs=1.0,
            ion_interval_fs=1.0,
            checkpoint_interval_ps=1.0,
        )
        with h5py.File(path) as file:
            velocities = file["particles/all/velocity/value"][200:]
            masses = file["particles/all/mass"][:]
        found[tau] = run.kinetic_energy[200:], velocities * np.sqrt(masses)[:, None]
    return found


def memory(series):
    """Return the autocorrelation of a series after one femtosecond, its mean taken off."""
    off = series - series.mean()
    return (off[1:] * off[:-1]).mean() / off.var()


def test_the_published_coupling_makes_the_kinetic_energy_forget_itself_within_one_step(coupled):
    assert memory(coupled[100.0][0]) > 0.95
    assert abs(memory(coupled[PUBLISHED_COUPLING_FS][0])) < 4 / np.sqrt(2000)


def test_the_published_coupling_keeps_the_canonical_kinetic_energy(coupled):
    freedom, kinetic = 3 * 29 - 5, coupled[PUBLISHED_COUPLING_FS][0]
    assert 2 * kinetic.mean() / (freedom * units.kB) == pytest.approx(300, abs=5)
    assert kinetic.std() / kinetic.mean() == pytest.approx(np.sqrt(2 / freedom), rel=0.08)


def test_velocities_lose_one_part_in_twice_the_degrees_of_freedom_and_no_more(coupled):
    kept = {
        tau: (v[1:] * v[:-1]).sum(axis=(1, 2)).mean() / (v**2).sum(axis=(1, 2)).mean()
        for tau, (_, v) in coupled.items()
    }
    # All velocities are scaled to a fresh kinetic energy K, of a gamma distribution of shape f/2:
    # what is left is <sqrt(K)>²/<K>, about 1 - 1/(2f), and the directions are left alone.
    half = (3 * 29 - 5) / 2
    left = np.exp(2 * (gammaln(half + 0.5) - gammaln(half))) / half
    assert left == pytest.approx(1 - 1 / (4 * half), abs=1e-4)
    assert kept[PUBLISHED_COUPLING_FS] / kept[100.0] == pytest.approx(left, abs=1.5e-3)


@pytest.mark.parametrize(("hold", "held"), [(True, 5), ("published", 6), (False, 3)])
def test_a_thermostat_that_counts_what_is_held_as_free_heats_the_rest_by_3n_over_what_is_left(
    tmp_path, hold, held
):
    options = {"production_ps": 2.0, "ion_interval_fs": 1.0, "frame_interval_fs": 1000.0}
    options |= {"thermostat_time_fs": PUBLISHED_COUPLING_FS, "hold_centres_of_mass": hold}
    options |= {"checkpoint_interval_ps": 1.0, "stack": make_stack(ions=1)}
    every = 3 * 29
    for counted, target in (("counted", 300.0), ("all", 300 * every / (every - held))):
        path = tmp_path / f"{counted}.h5"
        run = simulate(path, degrees_of_freedom=counted, **options)
        found = run_temperature(run, spacing_series(run), note="")
        assert found.degrees_of_freedom == every - held
        assert found.target == pytest.approx(target)
        # 2000 kinetic energies, each drawn afresh.
        scatter = target * np.sqrt(2 / (every - held) / 2000)
        assert found.mean == pytest.approx(target, abs=4 * scatter)
        assert found.thermostat == "agrees", found.note
        assert run.temperature.mean() == pytest.approx(
            2 * run.kinetic_energy.mean() / ((every - held) * units.kB)
        )


def test_the_published_hold_pins_the_distance_of_the_layers_that_is_to_be_measured(tmp_path):
    moved, spread = {}, {}
    for hold in (True, "published"):
        run = simulate(
            tmp_path / f"{hold}.h5",
            stack=make_stack(ions=4),
            hold_centres_of_mass=hold,
            equilibration_ps=0.0,
            production_ps=2.0,
            frame_interval_fs=1000.0,
            checkpoint_interval_ps=1.0,
        )
        moved[hold] = np.ptp((run.top_centre - run.bottom_centre)[:, 2])
        spread[hold] = run.spacing.std()
    assert moved[True] > 0.05
    # ASE corrects the second layer by a shift of all atoms, which undoes a little of the first.
    assert moved["published"] < moved[True] / 5
    # What is left is the breathing of the bottom layer about its own centre.
    assert spread["published"] < 0.8 * spread[True]


# Time origins of the mean square displacement


def brownian(rng, *, frames, ions, D):
    return np.cumsum(rng.normal(0, np.sqrt(2 * D * STEP_PS), (frames, ions, 2)), axis=0)


@pytest.mark.parametrize("origins", [1, 7, 53, 1000])
def test_the_msd_from_the_first_origins_equals_the_double_loop(origins):
    walk = brownian(np.random.default_rng(0), frames=53, ions=3, D=1.0)
    times = np.arange(53) * STEP_PS
    lag, msd = displacement_from_first(walk, times_ps=times, origins=origins)
    for k in range(53):
        starts = range(min(origins, 53 - k))
        direct = np.mean([((walk[t + k] - walk[t]) ** 2).sum(axis=1) for t in starts], axis=0)
        np.testing.assert_allclose(msd[:, k], direct, atol=1e-12)
    if origins >= 53:
        everything = mean_square_displacement(walk, times_ps=times)
        np.testing.assert_allclose(msd, everything[1], atol=1e-9)
        np.testing.assert_allclose(lag, everything[0])


def test_d_from_the_first_20_or_200_frames_is_unbiased_but_scatters_twice_as_widely():
    rng, frames, D, runs = np.random.default_rng(1), 2000, 0.05, 300
    times = np.arange(frames) * STEP_PS
    lags = window_lags(frames, from_fraction=0.02, to_fraction=0.2, count=10)
    found = {20: [], 200: [], "all": []}
    for _ in range(runs):
        walk = brownian(rng, frames=frames, ions=1, D=D)
        for origins, values in found.items():
            if origins == "all":
                lag, msd = mean_square_displacement(walk, times_ps=times)
            else:
                lag, msd = displacement_from_first(walk, times_ps=times, origins=origins)
            values.append(np.polyfit(lag[lags], msd[0, lags], 1)[0] / (4 * D))
    scatter = {origins: np.std(values) for origins, values in found.items()}
    for origins, values in found.items():
        assert abs(np.mean(values) - 1) < 4 * scatter[origins] / np.sqrt(runs)
    assert scatter[20] == pytest.approx(1.15, abs=0.25)
    assert scatter[200] == pytest.approx(1.0, abs=0.25)
    assert scatter["all"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("origins", [20, 200])
def test_early_origins_scatter_as_their_overlap_says(origins):
    rng, frames, D, k = np.random.default_rng(2), 600, 0.05, 390
    times, values = np.arange(frames) * STEP_PS, []
    for _ in range(800):
        walk = brownian(rng, frames=frames, ions=1, D=D)
        values.append(displacement_from_first(walk, times_ps=times, origins=origins)[1][0, k])
    relative = np.array(values) / (4 * D * k * STEP_PS)
    # Squares of two displacements of k steps, s steps apart, correlate as (1 - s/k)².
    apart = np.abs(np.subtract.outer(np.arange(origins), np.arange(origins)))
    expected = np.sqrt(((1 - apart / k) ** 2).mean())
    assert relative.std() == pytest.approx(expected, rel=0.15)
    assert expected > 0.8


def test_an_msd_of_early_origins_gives_a_d_without_an_interval_and_says_why():
    atoms, rate = host(8), 0.3
    path = hopping(np.random.default_rng(3), atoms, frames=4000, rate=rate)
    run = trajectory(atoms, path)
    full = analyse_diffusion(run, settings=SETTINGS).summary
    early, msd, hops = analyse_diffusion(run, settings=SETTINGS | {"origins": 200})
    assert early.verdict == full.verdict == "diffusive", early.criterion
    assert early.D_cm2_s == pytest.approx(rate * NEIGHBOUR**2 / 4 * 1e-4, rel=0.6)
    assert early.D_low_cm2_s is early.D_high_cm2_s is None
    assert "the first 200 frames as origins and 8 of 8 ions in the plane" in early.interval_note
    assert full.interval_note == "" and full.D_low_cm2_s < full.D_high_cm2_s
    assert msd["origins"].tolist() == [min(200, 4000 - k) for k in range(4000)]
    assert len(hops) == full.hops


# Ions that the mean square displacement is averaged over


def test_averaging_over_the_ions_that_moved_doubles_d_where_half_of_them_move():
    atoms, rng, rate = host(8), np.random.default_rng(4), 0.3
    path = rattling(rng, atoms, frames=4000)
    path[:, :4] = hopping(rng, atoms, frames=4000, rate=rate)[:, :4]
    run = trajectory(atoms, path)
    every = analyse_diffusion(run, settings=SETTINGS)
    moved = analyse_diffusion(run, settings=SETTINGS | {"moved_only": 3.0})
    assert every.summary.averaged_ions == 8
    assert moved.summary.averaged_ions == 4
    assert "4 of 8 ions" in moved.summary.interval_note
    assert moved.summary.D_low_cm2_s is None
    truth = rate * NEIGHBOUR**2 / 4 * 1e-4 / 2
    assert every.summary.D_low_cm2_s < truth
    assert moved.summary.D_cm2_s / truth == pytest.approx(2, abs=0.7)
    movers = moved.msd[[f"ion_{i}" for i in range(4)]].mean(axis=1)
    pd.testing.assert_series_equal(moved.msd["msd"], movers, check_names=False)
    assert moved.summary.hops == every.summary.hops


def test_averaging_over_the_ions_that_moved_overrates_ions_that_are_all_alike():
    atoms, rate, frames = host(8), 0.01, 2000
    rng, found = np.random.default_rng(5), {None: [], 3.0: []}
    for _ in range(25):
        run = trajectory(atoms, hopping(rng, atoms, frames=frames, rate=rate))
        for moved_only, values in found.items():
            settings = SETTINGS | {"moved_only": moved_only}
            values.append(analyse_diffusion(run, settings=settings))
    truth = rate * NEIGHBOUR**2 / 4
    slopes = {
        key: np.mean([a.msd["msd"][400] for a in kept if len(a.msd)]) for key, kept in found.items()
    }
    # 20 ps of lag; the vibration of 0.15 Å along each axis adds 4 · 0.15² to the MSD.
    rates = {key: (msd - 4 * 0.15**2) / (4 * 400 * STEP_PS) / truth for key, msd in slopes.items()}
    share = np.mean([a.summary.averaged_ions / 8 for a in found[3.0]])
    assert rates[None] == pytest.approx(1, abs=0.2)
    assert 0.1 < share < 0.35
    assert 2 < rates[3.0] < 4


def test_a_run_in_which_no_ion_moved_has_no_average_and_says_so():
    atoms = host(2)
    run = trajectory(atoms, rattling(np.random.default_rng(6), atoms, frames=1000))
    summary, msd, _ = analyse_diffusion(run, settings=SETTINGS | {"moved_only": 3.0})
    assert summary.verdict == "undetermined"
    assert summary.criterion == "no ion got farther than 3 Å from its start"
    assert msd.empty


# Dimensions of the mean square displacement


def test_an_msd_in_three_dimensions_adds_that_along_z_and_makes_two_thirds_of_d():
    atoms, rate = host(8), 0.3
    run = trajectory(atoms, hopping(np.random.default_rng(3), atoms, frames=4000, rate=rate))
    plane, _, hops = analyse_diffusion(run, settings=SETTINGS | {"origins": 200})
    every = analyse_diffusion(run, settings=SETTINGS | {"origins": 200, "dimensions": 3})
    flat = analyse_diffusion(run, settings=SETTINGS | {"origins": 200}).msd
    assert every.msd["msd"].to_numpy() == pytest.approx((flat["msd"] + flat["msd_z"]).to_numpy())
    # Along z the ions only shake by 0.1 Å: 2 · 0.1² at every lag.
    assert flat["msd_z"][1:3000].mean() == pytest.approx(0.02, rel=0.1)
    lags = window_lags(4000, from_fraction=0.02, to_fraction=0.2, count=10)
    slope = np.polyfit(every.msd["lag_ps"][lags], every.msd["msd"][lags], 1)[0]
    assert every.summary.D_cm2_s == pytest.approx(slope / 6 * 1e-4)
    assert every.summary.D_cm2_s / plane.D_cm2_s == pytest.approx(2 / 3, abs=0.002)
    assert every.summary.hops == plane.hops == len(hops)


def test_in_three_dimensions_there_is_no_interval_and_the_bound_is_of_six_times_the_time():
    atoms = host(8)
    run = trajectory(atoms, hopping(np.random.default_rng(3), atoms, frames=4000, rate=0.3))
    found = analyse_diffusion(run, settings=SETTINGS | {"dimensions": 3}).summary
    assert found.D_low_cm2_s is found.slope_error is None
    assert "in three dimensions" in found.interval_note
    upwards = np.full((1000, 8, 3), 22.0)
    upwards[..., :2] = rattling(np.random.default_rng(6), atoms, frames=1000)
    upwards[:, 0, 2] += 12 * np.linspace(0, 1, 1000)  # one ion of eight, 12 Å in 50 ps
    changes = {"ion_positions": upwards}
    drifting = trajectory(atoms, upwards[..., :2], **changes)
    still, flat, _ = analyse_diffusion(drifting, settings=SETTINGS)
    moved, msd, _ = analyse_diffusion(drifting, settings=SETTINGS | {"dimensions": 3})
    end = window_lags(1000, from_fraction=0.02, to_fraction=0.2, count=10)[-1]
    square = (12 * end / 999) ** 2 / 8
    assert msd["msd"][end] - flat["msd"][end] == pytest.approx(square)
    bound = msd["msd"][end] / (6 * end * STEP_PS) * 1e-4
    by_hops = 2 / 3 * still.D_hop_bound_cm2_s  # hops are in the plane: <r²> = 4 D₂ t = 6 D₃ t
    assert moved.D_upper_bound_cm2_s == pytest.approx(max(bound, by_hops))
    assert (still.dimensions, moved.dimensions) == (2, 3)


def test_an_ion_that_only_goes_up_and_down_has_moved_in_three_dimensions_and_not_in_two():
    atoms, frames = host(2), 1000
    path = np.zeros((frames, 2, 3))
    path[..., :2] = rattling(np.random.default_rng(8), atoms, frames=frames)
    path[:, 0, 2] = 4 * np.sin(np.arange(frames) / 50)
    run = trajectory(atoms, path[..., :2], ion_positions=path)
    found = {
        dimensions: analyse_diffusion(
            run, settings=SETTINGS | {"moved_only": 3.0, "dimensions": dimensions}
        ).summary
        for dimensions in (2, 3)
    }
    assert {key: summary.averaged_ions for key, summary in found.items()} == {2: 0, 3: 1}
    assert found[3].hops == 0


# One trajectory or several


def test_one_trajectory_calls_a_hopping_ion_confined_as_often_as_poisson_says():
    atoms, rate, frames, runs = host(1), 0.02, 1000, 150
    rng, verdicts = np.random.default_rng(7), []
    for _ in range(runs):
        run = trajectory(atoms, hopping(rng, atoms, frames=frames, rate=rate))
        verdicts.append(analyse_diffusion(run, settings=SETTINGS).summary.verdict)
    # One hop expected in 50 ps: none is seen in exp(-1) = 37 % of runs.
    missed = verdicts.count("confined") / runs
    assert missed == pytest.approx(np.exp(-1), abs=4 * np.sqrt(0.37 * 0.63 / runs))
