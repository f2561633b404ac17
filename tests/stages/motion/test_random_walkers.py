"""The analysis of diffusion against ions on the study's own lattice whose motion is known."""

import json

import numpy as np
import pytest
from intervals import without_kinisi
from walkers import SETTINGS, STEP_PS, hopper, neighbours, run_of, study_stack, vibrating

from anodeflow.errors import TrajectoryError
from anodeflow.stages.motion.diffusion import analyse_diffusion

ONE, EIGHT = study_stack(ions=1), study_stack(ions=8)


def analysed(atoms, paths, **changes):
    summary = analyse_diffusion(run_of(atoms, paths, **changes), settings=SETTINGS).summary
    json.dumps(summary.model_dump(), allow_nan=False)
    return summary


def test_hollows_of_the_stack_are_the_honeycomb_that_the_walkers_take_it_for():
    sites, _, near, nearest = neighbours(ONE)
    assert len(sites) == 32 and {len(n) for n in near} == {3}
    assert nearest == pytest.approx(3.03 / np.sqrt(3), rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(("atoms", "runs"), [(ONE, 40), (EIGHT, 15)], ids=["1 ion", "8 ions"])
def test_rate_and_d_of_hoppers_lie_within_their_intervals(atoms, runs):
    rng, held, rates, given = np.random.default_rng(1), 0, 0, 0
    for _ in range(runs):
        paths, D = hopper(rng, atoms, length_ps=95.0, rate=0.3)
        with without_kinisi():
            summary = analysed(atoms, paths)
        rates += summary.rate_low_per_ps <= 0.3 <= summary.rate_high_per_ps
        if summary.D_cm2_s is None:
            held += summary.D_upper_bound_cm2_s >= D * 1e-4
        else:
            given += 1
            held += summary.D_low_cm2_s <= D * 1e-4 <= summary.D_high_cm2_s
    # 95 % are expected; fewer than 85 % come up in 1 of 100 such tests of 40.
    assert min(held, rates) >= 0.85 * runs - 1
    assert given > runs / 5


def test_hops_back_and_forth_lower_d_and_not_the_rate():
    paths, D = hopper(np.random.default_rng(2), EIGHT, length_ps=95.0, rate=0.5, backward=0.85)
    summary = analysed(EIGHT, paths)
    assert summary.rate_low_per_ps <= 0.5 <= summary.rate_high_per_ps
    assert summary.backward / summary.hops > 0.7
    # It was more than three times D, as hops were taken to be without memory.
    assert summary.D_hop_low_cm2_s <= D * 1e-4 <= summary.D_hop_high_cm2_s
    assert summary.correlation_factor_high < 0.5
    bound = summary.D_high_cm2_s or summary.D_upper_bound_cm2_s
    assert (summary.D_low_cm2_s or 0.0) <= D * 1e-4 <= bound


def test_hops_as_fast_as_the_residence_time_come_with_a_note():
    slow, fast = (
        analysed(EIGHT, hopper(np.random.default_rng(9), EIGHT, length_ps=40.0, rate=rate)[0])
        for rate in (0.1, 1.0)
    )
    # There was no note of the slow one; now one says that few hops called it diffusive.
    assert slow.note.startswith("24 hops may be worth no more than")
    assert slow.note.endswith("so that D may be too high")
    assert "residence_ps" not in slow.note
    assert "shorten residence_ps" in fast.note
    assert "D may be too high" not in fast.note


def test_ions_that_rattle_between_two_sites_hop_and_do_not_diffuse():
    paths, D = hopper(np.random.default_rng(3), EIGHT, length_ps=95.0, rate=1.0, pair_only=True)
    summary = analysed(EIGHT, paths)
    assert D == 0.0
    assert summary.hops > 300
    assert summary.verdict == "hopping"
    assert summary.D_cm2_s is None


@pytest.mark.parametrize("length_ps", [0.1, 1.0, 3.0, 10.0])
def test_a_short_run_gives_no_d_that_is_wrong(length_ps):
    rng = np.random.default_rng(4)
    for _ in range(8):
        paths, D = hopper(rng, ONE, length_ps=length_ps, rate=0.5)
        summary = analysed(ONE, paths)
        if summary.verdict == "undetermined":
            assert summary.D_cm2_s is None and summary.D_upper_bound_cm2_s is None
        elif summary.D_cm2_s is None:
            assert summary.D_upper_bound_cm2_s > D * 1e-4 / 2
        else:
            assert summary.D_low_cm2_s < D * 1e-4 < summary.D_high_cm2_s


def test_a_host_that_drifts_and_shakes_changes_nothing():
    rng = np.random.default_rng(5)
    paths, _ = hopper(rng, EIGHT, length_ps=60.0, rate=0.3)
    frames = len(paths)
    drift = np.linspace(0, 1, frames)[:, None] * np.array([40.0, -25.0, 3.0])
    drift = vibrating(rng, drift)
    still, moving = analysed(EIGHT, paths), analysed(EIGHT, paths, drift=drift - drift[0])
    for name, value in still:
        if isinstance(value, float) and "kinisi" not in name:
            assert getattr(moving, name) == pytest.approx(value, rel=1e-6), name


def test_ions_that_cross_the_cell_are_followed_and_folded_ones_are_refused():
    paths, _ = hopper(np.random.default_rng(6), EIGHT, length_ps=95.0, rate=1.0)
    cell = EIGHT.cell.array[:2, :2]
    assert np.ptp(paths @ np.linalg.inv(cell), axis=0).max() > 1
    folded = ((paths @ np.linalg.inv(cell)) % 1.0) @ cell
    with pytest.raises(TrajectoryError, match="folded into the cell"):
        analysed(EIGHT, folded)


@pytest.mark.parametrize("fault", ["repeated", "missing"])
def test_frames_that_stand_twice_or_are_missing_are_refused(fault):
    paths, _ = hopper(np.random.default_rng(7), ONE, length_ps=10.0, rate=0.5)
    order = np.arange(len(paths))
    order = np.insert(order, 80, 80) if fault == "repeated" else np.delete(order, 80)
    times = order * STEP_PS
    with pytest.raises(TrajectoryError, match="even intervals"):
        analysed(ONE, paths[order], ion_times_ps=times)


def test_an_ion_in_free_flight_does_not_diffuse():
    grid = np.arange(2000) * STEP_PS
    start = ONE.positions[-1, :2]
    flight = start + 0.4 * grid[:, None, None] * np.ones((1, 1, 2))
    paths = vibrating(np.random.default_rng(8), flight)
    summary = analysed(ONE, paths)
    assert summary.slope == pytest.approx(2.0, abs=0.05)
    assert summary.verdict == "hopping" and summary.D_cm2_s is None
    assert summary.D_upper_bound_cm2_s is None
    assert "faster than diffusion" in summary.criterion
