"""Displacements and momenta of frames say how far apart they are in time."""

import numpy as np
import pytest
from ase import Atoms, units
from springs import SETTINGS, make_stack
from vibrating import vibrating, without_momenta

from anodeflow.errors import TrajectoryError
from anodeflow.stages.dynamics.importing import take_run
from anodeflow.stages.dynamics.interval_check import check_interval

OPTIONS = {"equilibration_ps": 0.0, "temperature": None, "stability": SETTINGS["stability"]}


@pytest.mark.parametrize("interval_fs", [0.5, 1.0, 5.0, 10.0, 20.0])
def test_the_interval_of_a_run_is_told_from_its_vibrations(interval_fs):
    frames = vibrating(interval_fs=interval_fs, count=200)
    assert take_run(frames, interval_fs=interval_fs, **OPTIONS).notes == []


@pytest.mark.parametrize("factor", [0.001, 0.1, 0.5, 0.7, 1.4, 2.0, 10.0, 1000.0])
@pytest.mark.parametrize("interval_fs", [1.0, 5.0, 20.0])
def test_an_interval_that_the_momenta_contradict_is_refused_with_theirs(interval_fs, factor):
    frames = vibrating(interval_fs=interval_fs, count=100)
    with pytest.raises(TrajectoryError, match=r"The momenta say .* fs between frames") as told:
        take_run(frames, interval_fs=factor * interval_fs, **OPTIONS)
    found = float(str(told.value).split()[3])
    assert found == pytest.approx(interval_fs, rel=0.05)


def test_three_frames_are_enough_and_two_where_they_are_near():
    for count in (2, 3):
        frames = vibrating(interval_fs=1.0, count=count)
        assert take_run(frames, interval_fs=1.0, **OPTIONS).notes == []
        with pytest.raises(TrajectoryError, match="The momenta say 1 fs"):
            take_run(frames, interval_fs=2.0, **OPTIONS)


def test_momenta_in_another_unit_are_refused():
    """As LAMMPS writes Å/fs with units real, where those of metal, Å/ps, are expected."""
    frames = vibrating(interval_fs=1.0, count=50)
    for frame in frames:
        frame.set_momenta(frame.get_momenta() / 1000)
    with pytest.raises(TrajectoryError, match="momenta in the units of their format"):
        take_run(frames, interval_fs=1.0, **OPTIONS)


THZ = {"Ti": (7, 8, 6), "C": (40, 42, 18), "O": (15, 16, 12), "H": (12, 36, 108), "Na": (4, 4, 5)}
"""Frequencies along x, y and z, THz; each atom has its own within 12 %."""


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("interval_fs", [50.0, 70.0, 100.0, 200.0])
def test_light_atoms_that_look_correlated_after_whole_periods_refuse_nothing(interval_fs, seed):
    random = np.random.default_rng(seed)
    atoms = Atoms("Ti18C41O19HNa")
    thz = np.array([THZ[symbol] for symbol in atoms.symbols])
    omega = 2e-3 * np.pi * thz * (1 + 0.12 * random.normal(size=thz.shape))
    speeds = random.normal(size=thz.shape) / np.sqrt(atoms.get_masses())[:, None]
    phases = interval_fs * omega * np.arange(60)[:, None, None] + 7 * random.random(thz.shape)
    steps = np.diff(speeds / omega * np.sin(phases), axis=0)
    note = check_interval(atoms, steps, speeds * np.cos(phases), interval_fs=interval_fs)
    assert "is not checked" in note


@pytest.mark.parametrize("interval_fs", [5.0, 20.0])
def test_atoms_that_are_held_do_not_keep_the_others_from_telling_the_interval(interval_fs):
    frames = vibrating(interval_fs=interval_fs, count=60)
    held = np.isin(frames[0].symbols, ("Ti", "O"))
    steps = np.diff([frame.positions for frame in frames], axis=0)
    velocities = np.array([frame.get_velocities() for frame in frames]) * units.fs
    steps[:, held] = velocities[:, held] = 0.0
    assert check_interval(frames[0], steps, velocities, interval_fs=interval_fs) == ""
    with pytest.raises(TrajectoryError, match="The momenta say") as told:
        check_interval(frames[0], steps, velocities, interval_fs=2 * interval_fs)
    assert float(str(told.value).split()[3]) == pytest.approx(interval_fs, rel=0.05)


def uncorrelated(interval_fs, count):
    """Return frames of oscillators with phases drawn anew in each, as after a long time."""
    one = [vibrating(interval_fs=0.0, count=1, seed=seed)[0] for seed in range(count)]
    periods = [frame.positions for frame in one]
    assert np.ptp(periods, axis=0).max() > 0
    return one


@pytest.mark.parametrize("interval_fs", [500.0, 1000.0])
def test_where_momenta_forget_each_other_between_frames_that_is_said(interval_fs):
    frames = uncorrelated(interval_fs, 30)
    for given in (interval_fs, 2 * interval_fs):
        (note,) = take_run(frames, interval_fs=given, **OPTIONS).notes
        assert note.startswith(f"the interval of {given:g} fs is not checked")


def test_an_interval_in_which_the_atoms_cannot_have_come_so_far_is_refused_at_any_length():
    """⟨d²⟩ ≤ ⟨v²⟩ Δt²: no motion leads farther than its mean speed."""
    frames = uncorrelated(1000.0, 30)
    with pytest.raises(TrajectoryError, match="at the speed of their momenta in 1 fs"):
        take_run(frames, interval_fs=1.0, **OPTIONS)


def test_a_drift_that_stands_in_positions_alone_or_in_momenta_alone_says_nothing():
    drift = np.array([0.02, 0.0, 0.01])
    moved, pushed = (vibrating(interval_fs=5.0, count=40) for _ in range(2))
    for k, (first, second) in enumerate(zip(moved, pushed, strict=True)):
        first.positions += k * drift
        second.set_velocities(second.get_velocities() + drift / (5.0 * units.fs))
    for frames in (moved, pushed):
        assert take_run(frames, interval_fs=5.0, **OPTIONS).notes == []


@pytest.mark.parametrize("kind", ["missing", "zero"])
def test_frames_without_momenta_are_taken_and_it_is_said(kind):
    bare = without_momenta(vibrating(interval_fs=5.0, count=10))
    if kind == "zero":
        for frame in bare:
            frame.set_momenta(np.zeros((len(frame), 3)))
    run = take_run(bare, interval_fs=5.0, **OPTIONS)
    assert run.notes == ["no momenta: neither the interval nor a temperature is checked"]
    assert np.isnan(run.series["temperature"]).all()


@pytest.mark.parametrize("kind", ["missing", "zero"])
@pytest.mark.parametrize("without", [[0], [4], [9], [5, 6, 7, 8, 9]])
def test_frames_of_which_some_have_no_momenta_are_refused_with_the_first(kind, without):
    frames = vibrating(interval_fs=5.0, count=10)
    bare = without_momenta(frames)
    for k in without:
        frames[k] = bare[k]
        if kind == "zero":
            frames[k].set_momenta(np.zeros((len(frames[k]), 3)))
    if kind == "zero" and without == [0]:  # a run that begins at rest
        assert take_run(frames, interval_fs=5.0, **OPTIONS).series["temperature"][0] == 0.0
        return
    said = f"Frame {without[0]} has no momenta, or none but zeros, while {10 - len(without)} of 10"
    with pytest.raises(TrajectoryError, match=said):
        take_run(frames, interval_fs=5.0, **OPTIONS)


@pytest.mark.parametrize("interval_fs", [1.0, 2.0, 5.0, 10.0])
@pytest.mark.parametrize("missing", [1, 3])
def test_a_missing_frame_is_told_by_momenta_that_do_not_lead_so_far(interval_fs, missing):
    stack = make_stack(bottom=3, top=4)
    whole = vibrating(interval_fs=interval_fs, count=60, stack=stack)
    assert take_run(whole, interval_fs=interval_fs, **OPTIONS).notes == []
    with pytest.raises(TrajectoryError, match=r"^Frames 29 and 30 are .* apart by their") as told:
        take_run(whole[:30] + whole[30 + missing :], interval_fs=interval_fs, **OPTIONS)
    if (1 + missing) * interval_fs <= 20:  # of a vibration's period
        found = float(str(told.value).split()[5])
        assert found == pytest.approx((1 + missing) * interval_fs, rel=0.1)


def test_a_frame_too_many_is_told_as_well():
    stack = make_stack(bottom=3, top=4)
    frames = vibrating(interval_fs=2.5, count=80, stack=stack)
    with pytest.raises(TrajectoryError, match=r"^Frames 15 and 16 are 2\.\d+ fs apart by their"):
        take_run(frames[:30:2] + frames[30:33] + frames[34::2], interval_fs=5.0, **OPTIONS)
