"""Segments on disk: whole or absent, exact, and never taken for another run's."""

import json

import numpy as np
import pytest
from ase import Atoms

from anodeflow.errors import TrajectoryError
from anodeflow.evaluation.identity import fingerprint
from anodeflow.stages.dynamics.segments import (
    State,
    find_checkpoint,
    read_series,
    segment_path,
    write_segment,
)


def make_state(step):
    rng = np.random.default_rng(step)
    return State(
        step=step,
        positions=rng.standard_normal((4, 3)),
        momenta=rng.standard_normal((4, 3)),
        rng=rng.bit_generator.state,
        transferred_energy=0.1 + 0.2,
        reason="",
        software={"software": {"ase": "3"}},
    )


def write_three(folder):
    for number in (1, 2, 3):
        series = {"frame_step": np.array([number]), "position": np.full((1, 4, 3), number / 3)}
        write_segment(folder, number, series, make_state(number), "mark")


def test_a_state_comes_back_exactly_and_its_generator_goes_on_as_before(tmp_path):
    written = make_state(5)
    write_segment(tmp_path / "part", 1, {}, written, "mark")
    number, read = find_checkpoint(tmp_path / "part", "mark")
    assert number == 1
    assert np.array_equal(read.positions, written.positions)
    assert np.array_equal(read.momenta, written.momenta)
    assert (read.step, read.transferred_energy, read.reason) == (5, 0.1 + 0.2, "")
    generators = [np.random.default_rng(), np.random.default_rng()]
    for generator, state in zip(generators, (written, read), strict=True):
        generator.bit_generator.state = state.rng
    assert generators[0].standard_normal() == generators[1].standard_normal()


def test_no_folder_means_no_checkpoint(tmp_path):
    assert find_checkpoint(tmp_path / "absent", "mark") == (0, None)


def test_series_come_back_in_order(tmp_path):
    write_three(tmp_path)
    assert [int(s["frame_step"][0]) for s in read_series(tmp_path, 3)] == [1, 2, 3]


@pytest.mark.parametrize("damaged", [1, 2, 3])
@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "absent"])
def test_a_damaged_segment_takes_the_run_back_before_it(tmp_path, capsys, damaged, damage):
    write_three(tmp_path)
    path = segment_path(tmp_path, damaged)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    half = len(content) // 2
    if damage == "absent":
        path.unlink()
    else:
        path.write_bytes({"cut": content[:half], "empty": b"", "flipped": content}[damage])
    number, state = find_checkpoint(tmp_path, "mark")
    assert number == damaged - 1
    assert (state.step if state else 0) == damaged - 1
    assert len(list(tmp_path.glob("*.npz"))) == damaged - 1
    if damage != "absent":
        assert str(path) in capsys.readouterr().err


def test_a_half_written_segment_is_not_seen(tmp_path):
    write_three(tmp_path)
    segment_path(tmp_path, 4).with_suffix(".tmp").write_bytes(b"half")
    assert find_checkpoint(tmp_path, "mark")[0] == 3


def test_segments_of_another_run_are_refused_and_kept(tmp_path):
    write_three(tmp_path)
    with pytest.raises(TrajectoryError, match="another start, model or settings: delete"):
        find_checkpoint(tmp_path, "other")
    assert len(list(tmp_path.glob("*.npz"))) == 3


def test_a_segment_that_vanishes_before_assembly_is_named(tmp_path):
    write_three(tmp_path)
    segment_path(tmp_path, 2).unlink()
    with pytest.raises(TrajectoryError, match=r"000002\.npz cannot be read"):
        list(read_series(tmp_path, 3))


def test_the_fingerprint_sees_what_decides_a_run_and_nothing_else():
    atoms = Atoms("C2", positions=[[0, 0, 0], [0, 0, 1.4]], cell=[5, 5, 5], tags=[10, 10])
    settings = {"temperature": 300.0, "stability": {"max_spacing": 6.0}}
    same = fingerprint(atoms.copy(), json.loads(json.dumps(settings)), "hash")
    reordered = dict(reversed(settings.items()))
    assert fingerprint(atoms, settings, "hash") == same == fingerprint(atoms, reordered, "hash")
    moved, tagged, boxed = atoms.copy(), atoms.copy(), atoms.copy()
    moved.positions[0, 0] += 1e-12
    tagged.set_tags([10, 11])
    boxed.cell[2, 2] = 6
    marks = [fingerprint(other, settings, "hash") for other in (moved, tagged, boxed)]
    marks.append(fingerprint(atoms, settings | {"temperature": 301.0}, "hash"))
    marks.append(fingerprint(atoms, settings, "another hash"))
    assert len({same, *marks}) == 6
