"""Frames are one run: the same atoms and cell, evenly spaced, each once; or a sentence says why."""

import numpy as np
import pytest
from springs import SETTINGS
from vibrating import vibrating, without_momenta

from anodeflow.errors import TrajectoryError
from anodeflow.stages.dynamics.importing import take_run

OPTIONS = {"interval_fs": 5.0, "equilibration_ps": 0.0, "temperature": None}
OPTIONS |= {"stability": SETTINGS["stability"]}


@pytest.fixture
def frames():
    return vibrating(interval_fs=5.0, count=8)


def refused(frames, match, **options):
    with pytest.raises(TrajectoryError, match=match):
        take_run(frames, **OPTIONS | options)


@pytest.mark.parametrize("value", [0.0, -50.0, np.nan, np.inf])
def test_times_and_temperatures_that_no_run_has_are_refused(frames, value):
    refused(frames, "--interval-fs is .*: give a positive number", interval_fs=value)
    refused(frames, "--temperature is .*: give a positive number", temperature=value)
    if value:
        refused(frames, "--equilibration-ps is", equilibration_ps=value)


def test_an_equilibration_that_leaves_nothing_is_refused(frames):
    assert len(take_run(frames, **OPTIONS | {"equilibration_ps": 0.03}).notes) == 0
    refused(frames, "the run ends after 0.035 ps", equilibration_ps=0.035)


def test_frames_of_two_systems_cells_or_borders_are_refused(frames):
    refused(frames[:1], "needs two frames, and 1 was given")
    refused([], "needs two frames, and 0 was given")
    refused([frames[0], frames[1][:-1]], "Frame 1 holds other atoms")
    other = frames[3].copy()
    other.numbers[[0, 1]] = other.numbers[[1, 0]]
    refused([*frames[:3], other], "Frame 3 holds other atoms")
    wide, open_frame, lost = frames[2].copy(), frames[2].copy(), frames[2].copy()
    wide.set_cell(wide.cell * 1.01)
    refused([*frames[:2], wide], "Frame 2 has another cell")
    open_frame.pbc = [True, True, False]
    refused([*frames[:2], open_frame], "Frame 2 is periodic along other vectors")
    lost.positions[4, 1] = np.nan
    refused([*frames[:2], lost], r"Atom 4 of frame 2 is at \[.* nan .*\]: end the file before")


@pytest.mark.parametrize("momenta", [True, False])
def test_frames_that_a_restart_wrote_twice_are_refused(frames, momenta):
    frames = frames if momenta else without_momenta(frames)
    refused([*frames[:4], *frames[3:]], "Frames 3 and 4 are the same to the last digit")
    refused([*frames[:5], *frames[2:]], "Frames 2 and 5 are the same to the last digit")


def timed(frames, name, times):
    copies = [frame.copy() for frame in frames]
    for frame, time in zip(copies, times, strict=True):
        frame.info[name] = time
    return copies


STEPS = np.arange(8)


@pytest.mark.parametrize(
    ("name", "unit"),
    [("time", 1.0), ("Time", 1e-3), ("time", 1e-15), ("time_fs", 1.0), ("time_ps", 1e-3)],
)
def test_times_in_the_frames_are_held_against_the_interval_in_any_unit(frames, name, unit):
    said = timed(frames, name, 12.0 + STEPS * 5.0 * unit)
    if unit == 1e-15:
        said = timed(frames, name, STEPS * 5.0 * unit)
    assert take_run(said, **OPTIONS).notes == []
    refused(without_momenta(said), rf"apart in '{name}', that is", interval_fs=7.0)


def test_steps_in_the_frames_have_to_be_even_but_say_no_interval(frames):
    assert take_run(timed(frames, "timestep", 1000 + 20 * STEPS), **OPTIONS).notes == []
    gap = 20 * STEPS + 20 * (STEPS > 4)
    refused(timed(frames, "timestep", gap), "Frames 4 and 5 are 40 apart in 'timestep'")
    again = 20 * STEPS - 60 * (STEPS > 4)
    refused(timed(frames, "step", again), "Frames 4 and 5 are -40 apart in 'step'")
    assert take_run(timed(frames, "step", ["a"] * 8), **OPTIONS).notes == []
