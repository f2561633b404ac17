"""Frames of other programs give the analyses what a run of our own gives them."""

import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from springs import make_stack, simulate
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.errors import TrajectoryError
from anodeflow.stages.dynamics.importing import import_trajectory, main, unwrap
from anodeflow.stages.dynamics.trajectory import read_trajectory
from anodeflow.stages.motion.msd import mean_square_displacement
from anodeflow.stages.motion.spacing_series import spacing_series
from anodeflow.structures.builders.ions import fill_ions
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.role_guessing import guess_stack_tags

INTERVAL_FS = 10.0


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.h5"
    simulate(path, frame_interval_fs=INTERVAL_FS)
    return read_trajectory(path)


def frames_of(run):
    """Wrap the frames of a run into its cell, as other programs write them."""
    frames = []
    for positions, energy in zip(run.positions, run.potential_energy, strict=True):
        atoms = run.initial.copy()
        atoms.positions = positions + np.array([0.4, -0.9, 21.0])
        atoms.wrap()
        atoms.calc = SinglePointCalculator(atoms, energy=energy)
        frames.append(atoms)
    return frames


def test_an_imported_run_gives_the_series_of_the_run_itself(own, tmp_path):
    output = tmp_path / "imported.h5"
    import_trajectory(
        frames_of(own), output, interval_fs=INTERVAL_FS, equilibration_ps=0.1, model="other"
    )
    read = read_trajectory(output)
    np.testing.assert_allclose(read.spacing, own.spacing, atol=1e-9)
    np.testing.assert_allclose(read.potential_energy, own.potential_energy)
    assert list(spacing_series(read)["phase"]) == list(spacing_series(own)["phase"])
    for ours, theirs in zip(
        mean_square_displacement(own.ion_positions, times_ps=own.ion_times_ps),
        mean_square_displacement(read.ion_positions, times_ps=read.ion_times_ps),
        strict=True,
    ):
        np.testing.assert_allclose(theirs, ours, atol=1e-9)


def test_the_temperature_is_that_of_the_momenta_and_unknown_without(own, tmp_path):
    frames = frames_of(own)
    options = {"interval_fs": INTERVAL_FS, "equilibration_ps": 0.0, "model": "other"}
    import_trajectory(frames, tmp_path / "still.h5", **options)
    assert np.isnan(read_trajectory(tmp_path / "still.h5").temperature).all()
    for frame in frames:
        frame.set_velocities(np.full((len(frame), 3), 0.01))
    import_trajectory(frames, tmp_path / "moving.h5", **options)
    kinetic = 0.5 * frames[0].get_masses().sum() * 3 * 0.01**2
    temperature = 2 * kinetic / ((3 * len(frames[0]) - 3) * units.kB)
    np.testing.assert_allclose(read_trajectory(tmp_path / "moving.h5").temperature, temperature)


def test_an_ion_that_crosses_the_boundary_is_followed():
    atoms = Atoms("Na", positions=[[0.0, 0.0, 5.0]], cell=[4.0, 4.0, 10.0], pbc=True)
    path = np.cumsum(np.full((30, 1, 3), [0.7, -0.3, 0.0]), axis=0)
    wrapped = path.copy()
    wrapped[..., :2] %= 4.0
    atoms.positions = wrapped[0]
    followed = unwrap(wrapped, atoms)
    np.testing.assert_allclose(followed - followed[0], path - path[0], atol=1e-12)


@pytest.mark.parametrize("group", [None, "epoxide", "hydroxyl"])
def test_inferred_tags_are_those_of_the_builder(group):
    bottom = build_layer(TI2CO2, cell_height=HEIGHT)
    top = (
        GRAPHENE
        if group is None
        else {"builder": "functionalised", "base": "graphene", "group": group, "carrier": "middle"}
    )
    base = None if group is None else GRAPHENE
    settings = {"strained": "top", "spacing": 3.9, "registry": [0.0, 0.0], "strain_limit": 0.03}
    sheet = build_layer(top, cell_height=HEIGHT, base=base)
    stack = stack_layers(bottom, sheet, cell_height=HEIGHT, **settings)
    stack = fill_ions(stack, element="Na", count=8, spacing=4.3)
    bare = stack.copy()
    bare.set_tags(0)
    bare.wrap()
    np.testing.assert_array_equal(guess_stack_tags(bare, ion="Na"), stack.get_tags())


def test_atoms_that_are_no_two_layers_are_refused_with_their_parts():
    atoms = make_stack()[:4]
    with pytest.raises(TrajectoryError, match=r"bonded parts"):
        guess_stack_tags(atoms, ion="Na")


def test_frames_of_two_systems_or_cells_are_refused(own, tmp_path):
    options = {"interval_fs": 1.0, "equilibration_ps": 0.0, "model": "other"}
    frames = frames_of(own)
    with pytest.raises(TrajectoryError, match="Frame 1 holds other atoms"):
        import_trajectory([frames[0], frames[1][:-1]], tmp_path / "out.h5", **options)
    frames[2].set_cell(frames[2].cell * 1.01)
    with pytest.raises(TrajectoryError, match="Frame 2 has another cell"):
        import_trajectory(frames, tmp_path / "out.h5", **options)
    with pytest.raises(TrajectoryError, match="needs two frames"):
        import_trajectory(frames[:1], tmp_path / "out.h5", **options)


def test_the_command_converts_a_file_and_refuses_a_missing_one_in_a_sentence(own, tmp_path):
    write(tmp_path / "frames.traj", frames_of(own))
    output = tmp_path / "new" / "run.h5"
    main([str(tmp_path / "frames.traj"), str(output), "--interval-fs", "10"])
    assert len(read_trajectory(output).spacing) == len(own.spacing)
    with pytest.raises(SystemExit, match=r"error: .*missing\.traj cannot be read"):
        main([str(tmp_path / "missing.traj"), str(output), "--interval-fs", "10"])
