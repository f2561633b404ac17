"""What is held, or stays, is no degree of freedom: 2 ⟨K⟩ / (k N_f) is the temperature drawn."""

import numpy as np
import pytest
from ase import units
from ase.constraints import (
    FixAtoms,
    FixBondLength,
    FixCartesian,
    FixCom,
    FixedLine,
    FixedPlane,
    FixScaled,
    Hookean,
    MirrorForce,
)
from ase.io import read, write
from springs import make_stack

from anodeflow.errors import TrajectoryError
from anodeflow.stages.dynamics.degrees_of_freedom import count_degrees_of_freedom

SIZE = 3 * len(make_stack())


def drawn(constraints, *, count=300, seed=1):
    """Return frames with momenta at 300 K, projected on constraints as ASE does it."""
    rng, frames = np.random.default_rng(seed), []
    for _ in range(count):
        frame = make_stack()
        frame.set_constraint(constraints)
        spread = np.sqrt(frame.get_masses()[:, None] * units.kB * 300.0)
        frame.set_momenta(spread * rng.standard_normal((len(frame), 3)))
        frames.append(frame)
    return frames


HELD = {
    "nothing": ([], 0),
    "atoms": ([FixAtoms([0, 1, 4])], 9),
    "centre of mass": ([FixCom()], 3),
    "along lines": ([FixedLine([0, 1], [0, 0, 1])], 4),
    "in planes": ([FixedPlane([0, 1], [0, 0, 1])], 2),
    "in x and y": ([FixCartesian([3, 5], [True, True, False])], 4),
    "along the third vector": ([FixScaled([2], [False, False, True])], 1),
    "a bond length": ([FixBondLength(0, 1)], 1),
    "a spring": ([Hookean(0, 1, k=5.0, rt=9.0)], 0),
    "two kinds": ([FixAtoms([0]), FixedLine([5], [0, 0, 1])], 5),
}


@pytest.mark.parametrize("which", HELD)
def test_the_mean_temperature_is_that_of_the_draw_under_every_constraint(which):
    constraints, held = HELD[which]
    frames = drawn(constraints)
    freedom = count_degrees_of_freedom(frames)
    assert freedom == SIZE - held
    kinetic = np.mean([frame.get_kinetic_energy() for frame in frames])
    error = np.sqrt(2 / (freedom * len(frames)))
    assert 2 * kinetic / (freedom * units.kB * 300.0) == pytest.approx(1, abs=4 * error)


@pytest.mark.parametrize("which", ["atoms", "along lines", "in x and y", "centre of mass"])
@pytest.mark.parametrize("kept", [0, 7, None])
def test_constraints_count_in_whichever_frame_they_stand_and_where_no_format_keeps_them(
    which, kept
):
    constraints, held = HELD[which]
    frames = drawn(constraints)
    for number, frame in enumerate(frames):
        if number != kept:
            frame.set_constraint()
    assert count_degrees_of_freedom(frames) == SIZE - held


@pytest.mark.parametrize("ending", ["traj", "extxyz"])
def test_a_frozen_layer_of_a_file_is_counted(tmp_path, ending):
    path = tmp_path / f"frames.{ending}"
    write(path, drawn([FixAtoms([0, 1, 4])], count=20))
    assert count_degrees_of_freedom(read(path, ":")) == SIZE - 9


def test_without_momenta_nothing_is_taken_to_be_at_rest():
    assert count_degrees_of_freedom([make_stack(), make_stack()]) in (SIZE, SIZE - 3)


def test_constraints_that_hold_everything_or_are_not_counted_are_refused():
    frames = drawn([], count=3)
    for constraint, said in (
        (FixAtoms(range(SIZE // 3)), "hold all of their atoms"),
        (MirrorForce(0, 1), r"\(MirrorForce\): write the frames without"),
    ):
        frames[0].set_constraint(constraint)
        with pytest.raises(TrajectoryError, match=said):
            count_degrees_of_freedom(frames)
