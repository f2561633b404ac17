"""Frames of other programs give the analyses what a run of our own gives them."""

import h5py
import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms
from springs import SETTINGS, make_stack, simulate
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.errors import StructureError, TrajectoryError
from anodeflow.stages.dynamics.constraints import hold_centres
from anodeflow.stages.dynamics.importing import import_trajectory, take_run, unwrap
from anodeflow.stages.dynamics.trajectory import A_PER_PS, read_trajectory
from anodeflow.stages.motion.msd import mean_square_displacement
from anodeflow.stages.motion.spacing_series import run_spacing, spacing_series
from anodeflow.stages.motion.temperature import degrees_of_freedom
from anodeflow.structures.builders.ions import fill_ions
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.role_guessing import guess_stack_tags

INTERVAL_FS = 10.0
RUN = {"interval_fs": 50.0, "equilibration_ps": 0.0, "temperature": None}
RUN |= {"stability": SETTINGS["stability"]}
OPTIONS = {"interval_fs": INTERVAL_FS, "equilibration_ps": 0.0, "temperature": None}
OPTIONS |= {"stability": SETTINGS["stability"], "model": "other"}


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
    import_trajectory(frames_of(own), output, **OPTIONS | {"equilibration_ps": 0.1})
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
    import_trajectory(frames, tmp_path / "still.h5", **OPTIONS)
    assert np.isnan(read_trajectory(tmp_path / "still.h5").temperature).all()
    speed = np.random.default_rng(1).normal(scale=0.04, size=(len(frames), len(frames[0]), 3))
    for frame, own_speed in zip(frames, speed, strict=True):
        frame.set_velocities(own_speed)
    import_trajectory(frames, tmp_path / "moving.h5", **OPTIONS)
    kinetic = 0.5 * (frames[0].get_masses()[:, None] * speed**2).sum(axis=(1, 2))
    temperature = 2 * kinetic / (3 * len(frames[0]) * units.kB)
    np.testing.assert_allclose(read_trajectory(tmp_path / "moving.h5").temperature, temperature)


def moving_frames(path, hold):
    """Return a run of our own, and its frames with their momenta and the constraints it had."""
    run = simulate(path, frame_interval_fs=INTERVAL_FS, hold_centres_of_mass=hold)
    with h5py.File(path) as file:
        velocities = file["particles/all/velocity/value"][:] / A_PER_PS
    frames = frames_of(run)
    for frame, velocity in zip(frames, velocities, strict=True):
        frame.set_velocities(velocity)
        frame.set_constraint(hold_centres(run.initial, hold)[0])
    return run, frames


@pytest.mark.parametrize(("hold", "held"), [(True, 5), (False, 3), ("published", 6)])
def test_constraints_in_the_frames_count_in_the_temperature(tmp_path, hold, held):
    run, frames = moving_frames(tmp_path / "own.h5", hold)
    import_trajectory(frames, tmp_path / "imported.h5", **OPTIONS)
    read = read_trajectory(tmp_path / "imported.h5")
    assert degrees_of_freedom(read) == degrees_of_freedom(run) == 3 * len(frames[0]) - held
    np.testing.assert_allclose(read.temperature, run.temperature)


def drawn(count, seed=0):
    """Return frames of a stack whose momenta are drawn at 300 K, one apart from the other."""
    stack, rng = make_stack(), np.random.default_rng(seed)
    frames = [stack.copy() for _ in range(count)]
    for frame in frames:
        spread = np.sqrt(frame.get_masses()[:, None] * units.kB * 300.0)
        frame.set_momenta(spread * rng.standard_normal((len(frame), 3)))
    return frames


def test_a_momentum_that_does_not_stay_is_a_degree_of_freedom_and_fixed_atoms_are_none(tmp_path):
    """As Langevin's thermostat and a frozen layer leave it."""
    counted = {}
    for name, fixed in {"free": [], "frozen": [0, 1, 2]}.items():
        frames = drawn(400)
        for frame in frames:
            frame.set_constraint(FixAtoms(fixed))
            frame.set_momenta(frame.get_momenta())  # takes those of fixed atoms off
        import_trajectory(frames, tmp_path / f"{name}.h5", **OPTIONS)
        read = read_trajectory(tmp_path / f"{name}.h5")
        counted[name] = 3 * len(frames[0]) - degrees_of_freedom(read)
        expected = 300 * np.sqrt(2 / (3 * len(frames[0]) * len(frames)))
        assert abs(read.temperature.mean() - 300) < 4 * expected
    assert counted == {"free": 0, "frozen": 9}


def test_an_imported_run_passes_the_watch_of_our_own_and_ends_where_it_breaks(own, tmp_path):
    frames = frames_of(own)
    for frame in frames[12:]:
        frame.positions[frame.get_tags() == 10, 2] += 2.5
    import_trajectory(frames, tmp_path / "detached.h5", **OPTIONS)
    read = read_trajectory(tmp_path / "detached.h5")
    assert not read.stable and "the sheet detached" in read.reason
    assert f"it ends at frame 12 of 30: {read.reason}" in read.settings["notes"]
    assert read.unstable_after_ps == read.ion_times_ps[-1] == pytest.approx(0.12)
    assert list(spacing_series(read)["phase"]) == ["production"] * 12 + ["unstable"]


@pytest.mark.parametrize(
    ("faulty", "said"), [(np.nan, "temperature (nan) is not finite"), (40.0, "temperature reached")]
)
def test_an_imported_run_that_heats_up_or_has_no_finite_energy_is_unstable(
    own, tmp_path, faulty, said
):
    frames = drawn(9)
    frames[4].set_momenta(faulty * frames[4].get_momenta())
    import_trajectory(frames, tmp_path / "hot.h5", **OPTIONS)
    read = read_trajectory(tmp_path / "hot.h5")
    assert said in read.reason
    assert read.unstable_after_ps == pytest.approx(0.04)


def test_the_thermostat_of_an_imported_run_is_judged_if_its_temperature_is_told(tmp_path):
    for told, verdict in ((300.0, "agrees"), (330.0, "off"), (None, "undetermined")):
        output = tmp_path / f"{told}.h5"
        import_trajectory(drawn(400), output, **OPTIONS | {"temperature": told})
        read = read_trajectory(output)
        found = run_spacing(read, spacing_series(read))
        assert found.temperature_K.thermostat == verdict
        assert found.timestep_fs is None
        assert found.conserved_energy.drift_meV_atom_10ps is None
        assert found.conserved_energy.note == "no conserved energy: the frames do not hold it"


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
    np.testing.assert_array_equal(guess_stack_tags(bare, ions=["Na"]), stack.get_tags())


def test_atoms_that_are_no_two_layers_are_refused_with_their_parts():
    atoms = make_stack()[:4]
    with pytest.raises(StructureError, match=r"bonded part"):
        guess_stack_tags(atoms, ions=["Na"])


def small_run(change=lambda frame: None):
    """Return three frames of a stack of one cell, 4.0 Å apart, in which the ion moves; no tags."""
    frames = []
    for k in range(3):
        frame = make_stack(bottom=1, top=1, spacing=4.0)
        frame.positions[-1, 0] += 0.1 * k
        frame.set_tags(0)
        change(frame)
        frames.append(frame)
    return frames


def upside_down(frame):
    frame.positions[:, 2] = 40.0 - frame.positions[:, 2]


def folded(frame):
    """Put the gap on the boundary of a cell that is open along z."""
    frame.positions[:, 2] = (frame.positions[:, 2] + 16.0) % 40.0
    frame.pbc = [True, True, False]


def vacuum_first(frame):
    frame.set_cell(frame.cell.array[[2, 0, 1]])


def pointing_down(frame):
    frame.set_cell(frame.cell.array * [[1], [1], [-1]])


def shifted(frame):
    frame.positions += [0.3, -7.0, 18.5]
    frame.wrap()


WAYS = [lambda frame: None, upside_down, folded, vacuum_first, pointing_down, shifted]


@pytest.mark.parametrize("change", WAYS)
def test_a_stack_has_one_spacing_however_its_frames_stand_in_their_cell(change):
    run = take_run(small_run(change), **RUN, ions=["Na"])
    np.testing.assert_allclose(run.series["spacing"], 4.0, atol=1e-9)
    assert not run.reason
    ion = run.series["position"][:, -1, 0]
    np.testing.assert_allclose(np.abs(ion - ion[0]), [0.0, 0.1, 0.2], atol=1e-9)


def along_x(frame):
    frame.positions = frame.positions[:, [2, 0, 1]]
    frame.set_cell(frame.cell.array[:, [2, 0, 1]])


def no_lattice(frame):
    frame.set_cell(None)
    frame.pbc = False


@pytest.mark.parametrize(("change", "said"), [(along_x, "is along x"), (no_lattice, "no cell")])
def test_frames_whose_stack_is_not_along_z_or_has_no_cell_are_refused(change, said):
    with pytest.raises(StructureError, match=said):
        take_run(small_run(change), **RUN, ions=["Na"])


def with_edges(frame):
    frame.pbc = [True, False, True]


def test_layers_with_edges_are_refused():
    with pytest.raises(TrajectoryError, match="not periodic along their vector 2"):
        take_run(small_run(with_edges), **RUN, ions=["Na"])


def test_momenta_turn_with_a_stack_that_is_turned_over():
    """Along z an ion that moves away from the sheet does so in the file and in the run."""
    frames, rng = small_run(), np.random.default_rng(5)
    for frame in frames:
        frame.set_velocities(rng.normal(scale=0.01, size=(len(frame), 3)))
    over = [frame.copy() for frame in frames]
    for frame in over:
        upside_down(frame)
        frame.set_velocities(frame.get_velocities() * [1, 1, -1])
    straight, turned = (take_run(each, **RUN, ions=["Na"]) for each in (frames, over))
    found = turned.series["velocity"] / straight.series["velocity"]
    np.testing.assert_allclose(found[..., 2], 1.0)
    np.testing.assert_allclose(turned.series["kinetic_energy"], straight.series["kinetic_energy"])


def test_ions_of_two_kinds_are_refused_named_or_not():
    def with_lithium(frame):
        frame += Atoms("Li", positions=[frame.positions[4] + [0.0, 0.0, 2.0]])

    for named in ([], ["Na"], ["Li"], ["Na", "Li"]):
        with pytest.raises(TrajectoryError, match=r"hold ions of Li and Na, .* cannot be analysed"):
            take_run(small_run(with_lithium), **RUN, ions=named)


def test_a_nonmetal_or_no_element_is_no_ion():
    with pytest.raises(StructureError, match="--ion names O, which is no metal"):
        take_run(small_run(), **RUN, ions=["O"])
    for name in ("na", "NA", "Na+"):
        with pytest.raises(StructureError, match=r"is no element \(did you mean 'Na'\?\)"):
            take_run(small_run(), **RUN, ions=[name])


def test_an_ion_that_the_frames_do_not_hold_is_refused():
    with pytest.raises(TrajectoryError, match="--ion names K, and the ions of the frames are Na"):
        take_run(small_run(), **RUN, ions=["K"])
    with pytest.raises(
        TrajectoryError, match="--ion names Na, and the ions of the frames are none"
    ):
        take_run([frame[:-1] for frame in moving_sheet()], **RUN, ions=["Na"])
    assert not take_run([frame[:-1] for frame in moving_sheet()], **RUN).reason


def moving_sheet():
    frames = small_run()
    for k, frame in enumerate(frames):
        frame.positions[0, 0] += 0.01 * k
    return frames


def test_tags_that_frames_bring_are_held_against_bonds_and_heights():
    frames = small_run()
    frames[0].set_tags(make_stack(bottom=1, top=1).get_tags())
    assert not take_run(frames, **RUN).reason
    frames[0].set_tags([3, 0, 2, 0, 1, 10, 10, 20])
    with pytest.raises(StructureError, match=r"atom 0 \(O\) has the tag 3"):
        take_run(frames, **RUN)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        (
            [10, 0, 2, 0, 3, 10, 10, 20],
            r"atom 0 \(O\) has the tag 10, of the top layer, but is bonde",
        ),
        (
            [1, 0, 2, 0, 3, 10, 3, 20],
            r"atom . \(C\) has the tag .*, but is bonded to the other one",
        ),
        ([1, 0, 2, 0, 3, 10, 10, 7], r"atom 7 \(Na\) has the tag 7: tags are"),
        ([3, 0, 2, 0, 1, 10, 10, 20], r"atom 0 \(O\) has the tag 3"),
    ],
)
def test_a_wrong_tag_is_named_before_ions_and_gaps(tags, said):
    frames = small_run()
    frames[0].set_tags(tags)
    for ions in ([], ["Na"], ["K"]):
        with pytest.raises(StructureError, match=said):
            take_run(frames, **RUN, ions=ions)


def test_a_termination_of_oh_has_the_spacing_of_its_oxygen():
    def with_hydrogen(frame):
        frame += Atoms("H2", positions=frame.positions[[4, 0]] + [[0, 0, 0.98], [0, 0, -0.98]])

    run = take_run(small_run(with_hydrogen), **RUN, ions=["Na"])
    np.testing.assert_allclose(run.series["spacing"], 4.0, atol=1e-9)


def test_what_could_not_be_checked_stands_in_the_file(tmp_path):
    import_trajectory(small_run(), tmp_path / "run.h5", **RUN, model="other", ions=["Na"])
    notes = read_trajectory(tmp_path / "run.h5").settings["notes"]
    assert notes == ["no momenta: neither the interval nor a temperature is checked"]


def test_the_sheet_of_a_run_that_goes_through_the_facing_plane_ends_it():
    frames = small_run()
    for frame in frames[1:]:
        frame.positions[5:7, 2] -= 5.0
    run = take_run(frames, **RUN, ions=["Na"])
    assert "through the facing plane" in run.reason and run.last == 1
