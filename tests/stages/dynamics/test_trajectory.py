"""H5MD files: what is written comes back, and other programs open it."""

import json
import warnings

import h5py
import numpy as np
import pytest
from ase import Atoms

from anodeflow.errors import TrajectoryError
from anodeflow.stages.dynamics.trajectory import read_trajectory, write_trajectory

SETTINGS = {"timestep_fs": 2.0, "equilibration_ps": 0.04, "seed": 3}
SOFTWARE = {"software": {"ase": "3.26"}, "environment_software": {"sevenn": "0.13.0"}}
CELL = np.array([[12.12, 0, 0], [-6.06, 10.496, 0], [0, 0, 40]])


def make_start(ions=2):
    return Atoms(
        ["Ti", "O", "C", *["Na"] * ions],
        positions=np.arange(9 + 3 * ions).reshape(-1, 3),
        cell=CELL,
        pbc=True,
        tags=[0, 3, 10, *[20] * ions],
    )


def make_segment(start, rng, frame_steps, sample_steps):
    ions = int((start.get_tags() == 20).sum())
    frames, samples = len(frame_steps), len(sample_steps)
    segment = {}
    if frames:
        segment |= {
            "frame_step": np.array(frame_steps),
            "position": rng.standard_normal((frames, len(start), 3)),
            "velocity": rng.standard_normal((frames, len(start), 3)),
        }
    if samples:
        segment |= {
            "sample_step": np.array(sample_steps),
            "ion_position": rng.standard_normal((samples, ions, 3)),
            "ion_velocity": rng.standard_normal((samples, ions, 3)),
            "bottom_centre": rng.standard_normal((samples, 3)),
            "top_centre": rng.standard_normal((samples, 3)),
        }
        energies = ("potential_energy", "kinetic_energy", "conserved_energy")
        for name in (*energies, "temperature", "spacing"):
            segment[name] = rng.standard_normal(samples)
        segment["spacing"] = np.abs(segment["spacing"])
    return segment


def write_example(path, *, ions=2, reason=""):
    start, rng = make_start(ions), np.random.default_rng(4)
    segments = [
        make_segment(start, rng, [0, 10], [0, 5, 10]),
        make_segment(start, rng, [], [15]),
        make_segment(start, rng, [], []),
        make_segment(start, rng, [20], [20, 25]),
    ]
    write_trajectory(
        path,
        start,
        segments,
        settings=SETTINGS,
        step_fs=SETTINGS["timestep_fs"],
        model="toy",
        software=SOFTWARE,
        reason=reason,
        last_step=25,
    )
    return start, segments


def joined(segments, name):
    return np.concatenate([segment[name] for segment in segments if name in segment])


def test_a_spacing_that_is_not_positive_is_not_written(tmp_path):
    start, rng = make_start(2), np.random.default_rng(4)
    segment = make_segment(start, rng, [0], [0, 5, 10])
    segment["spacing"] = np.array([3.5, 0.0, -1.2])
    options = {"settings": SETTINGS, "step_fs": 2.0, "model": "toy", "software": SOFTWARE}
    write_trajectory(tmp_path / "r.h5", start, [segment], reason="through", last_step=10, **options)
    assert np.array_equal(
        read_trajectory(tmp_path / "r.h5").spacing, [3.5, np.nan, np.nan], equal_nan=True
    )


def test_what_was_written_comes_back_exactly(tmp_path):
    start, segments = write_example(tmp_path / "run.h5")
    read = read_trajectory(tmp_path / "run.h5")
    assert read.initial == start
    assert read.symbols == ["Ti", "O", "C", "Na", "Na"]
    assert np.array_equal(read.tags, [0, 3, 10, 20, 20])
    assert np.array_equal(read.cell, CELL)
    assert np.array_equal(read.times_ps, [0, 0.02, 0.04])
    assert np.allclose(read.ion_times_ps, [0, 0.01, 0.02, 0.03, 0.04, 0.05])
    assert np.array_equal(read.positions, joined(segments, "position"))
    assert np.array_equal(read.ion_positions, joined(segments, "ion_position"))
    for name in (
        "bottom_centre",
        "top_centre",
        "spacing",
        "temperature",
        "potential_energy",
        "kinetic_energy",
        "conserved_energy",
    ):
        assert np.array_equal(getattr(read, name), joined(segments, name)), name
    assert (read.stable, read.reason, read.unstable_after_ps) == (True, "", None)
    assert (read.production_start_ps, read.settings, read.model) == (0.04, SETTINGS, "toy")


def test_a_stopped_run_says_when_and_why(tmp_path):
    write_example(tmp_path / "run.h5", reason="the sheet detached")
    read = read_trajectory(tmp_path / "run.h5")
    assert (read.stable, read.reason) == (False, "the sheet detached")
    assert read.unstable_after_ps == pytest.approx(0.05)


def test_a_run_without_ions_has_no_ion_group(tmp_path):
    write_example(tmp_path / "run.h5", ions=0)
    with h5py.File(tmp_path / "run.h5") as file:
        assert list(file["particles"]) == ["all"]
    assert read_trajectory(tmp_path / "run.h5").ion_positions.shape == (6, 0, 3)


def test_the_layout_is_that_of_h5md(tmp_path):
    write_example(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5") as file:
        assert list(file["h5md"].attrs["version"]) == [1, 1]
        assert file["h5md/creator"].attrs["name"] == "anodeflow"
        for name in ("all", "ions"):
            particles = file[f"particles/{name}"]
            assert particles["box"].attrs["dimension"] == 3
            assert list(particles["box"].attrs["boundary"]) == ["periodic"] * 3
            count = len(particles["species"])
            for element, unit in (("position", "Angstrom"), ("velocity", "Angstrom ps-1")):
                group = particles[element]
                assert group["value"].shape == (len(group["step"]), count, 3)
                assert group["value"].attrs["unit"] == unit
                assert group["time"].attrs["unit"] == "ps"
            assert particles["box/edges/step"] == particles["position/step"]
            assert particles["mass"].attrs["unit"] == "amu"
        for observable in file["observables"].values():
            assert len(observable["value"]) == len(observable["step"]) == len(observable["time"])
            assert "unit" in observable["value"].attrs


def test_the_file_names_the_software_of_both_pythons(tmp_path):
    write_example(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5") as file:
        found = {name: json.loads(file["parameters"].attrs[name]) for name in SOFTWARE}
    assert found == SOFTWARE


def test_mdanalysis_opens_the_file(tmp_path):
    _, segments = write_example(tmp_path / "run.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of its own imports
        import MDAnalysis
    universe = MDAnalysis.Universe.empty(5, trajectory=False)
    universe.load_new(str(tmp_path / "run.h5"), format="H5MD")
    assert len(universe.trajectory) == 3
    positions, velocities = joined(segments, "position"), joined(segments, "velocity")
    for k, frame in enumerate(universe.trajectory):
        assert frame.time == pytest.approx(0.02 * k)
        assert np.allclose(frame.positions, positions[k], atol=1e-6)
        assert np.allclose(frame.dimensions, [12.12, 12.12, 40, 90, 90, 120], atol=1e-2)
        assert np.allclose(frame.velocities, velocities[k], atol=1e-6)


@pytest.mark.parametrize("fraction", [0, 0.01, 0.3, 0.7, 0.99])
def test_a_file_cut_in_the_middle_is_refused_with_one_sentence(tmp_path, fraction):
    path = tmp_path / "run.h5"
    write_example(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(fraction * len(content))])
    with pytest.raises(TrajectoryError, match="delete it and run the dynamics again") as caught:
        read_trajectory(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["text", "other hdf5"])
def test_a_file_that_is_no_trajectory_is_refused(tmp_path, kind):
    path = tmp_path / "run.h5"
    if kind == "text":
        path.write_text("not HDF5")
    else:
        with h5py.File(path, "w") as file:
            file["numbers"] = [1, 2, 3]
    with pytest.raises(TrajectoryError, match="cannot be read as a trajectory"):
        read_trajectory(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TrajectoryError, match=r"absent\.h5 does not exist"):
        read_trajectory(tmp_path / "absent.h5")
