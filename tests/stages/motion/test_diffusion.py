"""Verdict, D and hops of synthetic ions whose motion is known."""

import numpy as np
import pandas as pd
import pytest
from hopping import (
    LATERAL,
    NEIGHBOUR,
    SETTINGS,
    STEP_PS,
    hopping,
    host,
    rattling,
    start_of,
    trajectory,
)
from intervals import without_kinisi

from anodeflow.errors import TrajectoryError
from anodeflow.stages.motion.diffusion import analyse_diffusion, ion_paths
from anodeflow.stages.motion.production import stability_note
from anodeflow.stages.motion.results import HOPS, MSD, PATHS, Mobility
from anodeflow.structures.sites import hollow_sites


def brownian(rng, atoms, *, frames, D):
    steps = rng.normal(0, np.sqrt(2 * D * STEP_PS), (frames, len(start_of(atoms)), 2))
    steps[0] = 0
    return start_of(atoms) + np.cumsum(steps, axis=0)


def test_brownian_walkers_are_diffusive_with_their_own_d():
    atoms, D = host(8), 0.5
    walk = brownian(np.random.default_rng(1), atoms, frames=4000, D=D)
    summary, msd, _ = analyse_diffusion(trajectory(atoms, walk), settings=SETTINGS)
    assert summary.verdict == "diffusive", summary.criterion
    assert summary.D_low_cm2_s < D * 1e-4 < summary.D_high_cm2_s
    assert summary.D_high_cm2_s / summary.D_low_cm2_s < 2
    assert summary.D_upper_bound_cm2_s is None
    ions = [f"ion_{i}" for i in range(8)]
    np.testing.assert_allclose(msd["msd"], msd[ions].mean(axis=1))
    # z is white noise of 0.1 Å: MSD_z is twice its variance at any lag.
    assert msd["msd_z"][1:1000].mean() == pytest.approx(2 * 0.1**2, rel=0.02)


def test_a_lattice_hopper_gives_rate_and_d_of_its_random_walk_both_ways():
    atoms, rate = host(8), 0.3
    path = hopping(np.random.default_rng(2), atoms, frames=8000, rate=rate)
    summary, _, hops = analyse_diffusion(trajectory(atoms, path), settings=SETTINGS)
    assert summary.verdict == "diffusive", summary.criterion
    # Two hops within the residence time count as one, here 3 % of them.
    assert summary.rate_per_ps == pytest.approx(rate, rel=0.08)
    D = rate * NEIGHBOUR**2 / 4 * 1e-4
    half_width = np.log(summary.D_high_cm2_s / summary.D_cm2_s)
    assert abs(np.log(summary.D_cm2_s / D)) < 1.5 * half_width  # three standard errors
    assert summary.D_hop_cm2_s == pytest.approx(D, rel=0.1)
    # Each hop of a memoryless walker has one way back among three neighbours.
    assert summary.backward / summary.hops == pytest.approx(1 / 3, abs=0.04)
    assert len(hops) == summary.hops


@pytest.mark.slow
def test_the_interval_of_d_holds_the_true_value_for_hopping_ions_as_well():
    rng, atoms, rate, held = np.random.default_rng(3), host(2), 1.0, 0
    D = rate * NEIGHBOUR**2 / 4 * 1e-4
    wide = SETTINGS | {"slope_window": [0.0, 2.0]}
    for _ in range(25):
        path = hopping(rng, atoms, frames=1200, rate=rate)
        with without_kinisi():
            summary = analyse_diffusion(trajectory(atoms, path), settings=wide).summary
        held += summary.D_low_cm2_s < D < summary.D_high_cm2_s
    # 23.75 are expected; a calibrated interval holds fewer than 20 in 1 of 100 such tests.
    assert held >= 20


def test_a_rattling_ion_is_confined_and_only_bounded():
    atoms = host(1)
    path = rattling(np.random.default_rng(4), atoms, frames=2000)
    summary = analyse_diffusion(trajectory(atoms, path), settings=SETTINGS).summary
    assert summary.verdict == "confined"
    assert summary.D_cm2_s is None
    # No event in 100 ps: Garwood's upper end is 3.689 events. The ion uses one kind of hollow, so
    # that the next it could hop to is a away: the square was a²/3, and the bound a third of this.
    assert summary.D_upper_bound_cm2_s == pytest.approx(3.689 / 100 * 3.03**2 / 4 * 1e-4, rel=1e-3)
    assert "no hop" in summary.criterion


def test_the_upper_bound_lies_above_the_d_of_a_slow_hopper():
    atoms, rate, frames = host(1), 0.03, 2000
    rng, held = np.random.default_rng(5), 0
    for _ in range(20):
        path = hopping(rng, atoms, frames=frames, rate=rate)
        summary = analyse_diffusion(trajectory(atoms, path), settings=SETTINGS).summary
        assert summary.verdict in ("confined", "hopping")
        held += summary.D_upper_bound_cm2_s > rate * NEIGHBOUR**2 / 4 * 1e-4
    assert held >= 18


def test_a_single_jump_is_hopping_though_its_slope_is_one():
    atoms = host(1)
    path = rattling(np.random.default_rng(6), atoms, frames=2000) * 1.0
    path[1000:] += 1.9 * np.array([3.03, 0.0])
    summary = analyse_diffusion(trajectory(atoms, path), settings=SETTINGS).summary
    assert 0.8 < summary.slope < 1.2
    assert summary.verdict == "hopping"
    assert "fewer than 10 hops" in summary.criterion


def test_a_drifting_host_changes_nothing():
    atoms = host(2)
    path = hopping(np.random.default_rng(7), atoms, frames=1500, rate=0.5)
    drift = np.linspace(0, 1, 1500)[:, None] * np.array([30.0, -11.0, 2.0])
    still = analyse_diffusion(trajectory(atoms, path), settings=SETTINGS)
    moving = analyse_diffusion(trajectory(atoms, path, drift=drift), settings=SETTINGS)
    assert moving.summary.hops == still.summary.hops > 0
    np.testing.assert_allclose(moving.msd, still.msd, atol=1e-8)


def test_only_the_stable_production_part_is_analysed_and_the_summary_says_so():
    atoms = host(1)
    path = rattling(np.random.default_rng(8), atoms, frames=2000)
    path[:200] += 5.0
    path[1500:] += np.linspace(0, 50, 500)[:, None, None]
    run = trajectory(
        atoms,
        path,
        production_start_ps=10.0,
        stable=False,
        reason="the ion left the gap",
        unstable_after_ps=75.0,
    )
    summary = analyse_diffusion(run, settings=SETTINGS).summary
    assert summary.verdict == "confined"
    assert (summary.frames, summary.stable) == (1300, False)
    assert summary.note.startswith(f"{stability_note(run)}; only stable production")
    assert stability_note(run) == "unstable after 75 ps (the ion left the gap)"


@pytest.mark.parametrize("frames", [0, 1, 12])
def test_a_short_run_is_undetermined_and_raises_nothing(frames):
    atoms = host(1)
    path = rattling(np.random.default_rng(9), atoms, frames=20)
    run = trajectory(atoms, path, production_start_ps=(20 - frames) * STEP_PS)
    summary, msd, hops = analyse_diffusion(run, settings=SETTINGS)
    assert summary.verdict == "undetermined"
    assert f"{frames} stable production frames" in summary.criterion
    assert msd.empty and hops.empty


@pytest.mark.parametrize("seed", range(3))
def test_every_analysis_comes_back_from_its_files_as_it_was(seed, tmp_path):
    atoms = host(1 + seed)
    path = hopping(np.random.default_rng(seed), atoms, frames=300, rate=0.3 * seed)
    run = trajectory(atoms, path)
    summary, *tables = analyse_diffusion(run, settings=SETTINGS)
    summary.write(tmp_path / "summary.json")
    assert "NaN" not in (tmp_path / "summary.json").read_text()
    assert Mobility.read(tmp_path / "summary.json") == summary
    for kind, table in zip((MSD, HOPS, PATHS), (*tables, ion_paths(run, atoms)), strict=True):
        kind.write(table, tmp_path / "table.csv")
        pd.testing.assert_frame_equal(
            kind.read(tmp_path / "table.csv"), table, check_dtype=not table.empty
        )


def test_a_run_without_ions_is_refused():
    atoms = host(1)
    run = trajectory(atoms, np.zeros((50, 0, 2)))
    with pytest.raises(TrajectoryError, match="no ions"):
        analyse_diffusion(run, settings=SETTINGS)


def test_paths_are_folded_into_the_cell_and_keep_their_distance_to_the_sites():
    atoms = host(2)
    path = hopping(np.random.default_rng(10), atoms, frames=200, rate=2.0)
    drift = np.linspace(0, 1, 200)[:, None] * np.array([30.0, 0.0, 0.0])
    table = ion_paths(trajectory(atoms, path, drift=drift), atoms)
    assert len(table) == 400
    fractions = table[["x", "y"]].to_numpy() @ np.linalg.inv(LATERAL)
    assert fractions.min() >= -1e-9 and fractions.max() <= 1 + 1e-9
    second = table[table["ion"] == 1]
    difference = (second[["x", "y"]].to_numpy() - path[:, 1]) @ np.linalg.inv(LATERAL)
    np.testing.assert_allclose(difference, np.round(difference), atol=1e-9)
    np.testing.assert_allclose(second["time_ps"], np.arange(200) * STEP_PS)


def test_an_ion_that_never_settles_is_not_called_confined():
    atoms = host(1)
    sites = hollow_sites(atoms)
    other = sites[np.argsort(np.linalg.norm(sites - sites[0], axis=1))[1]]
    # One frame in each of two hollows by turns, faster than the residence time of two frames.
    here = (np.arange(2000) % 2 == 0)[:, None, None]
    analysis = analyse_diffusion(
        trajectory(atoms, np.where(here, sites[0], other)), settings=SETTINGS
    )
    assert analysis.summary.verdict == "undetermined"
    assert "no ion stayed in a hollow for 0.1 ps" in analysis.summary.criterion
    assert analysis.summary.D_upper_bound_cm2_s is None
    assert len(analysis.msd) == 2000
