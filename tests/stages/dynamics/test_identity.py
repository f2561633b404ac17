"""An atom is the same one in every frame: a renumbered list is no motion, and a hop is one."""

import numpy as np
import pytest
from springs import SETTINGS, make_stack, simulate
from vibrating import hopping, vibrating, without_momenta

from anodeflow.errors import TrajectoryError
from anodeflow.stages.dynamics.importing import take_run
from anodeflow.structures import roles

OPTIONS = {"equilibration_ps": 0.0, "temperature": None, "stability": SETTINGS["stability"]}
LATTICE = 2.46


def exchanged(frames, pairs, since):
    """Renumber atoms in all frames from one on: what stood at the first stands at the second."""
    for frame in frames[since:]:
        order = np.arange(len(frame))
        for first, second in pairs:
            order[[first, second]] = order[[second, first]]
        frame.positions = frame.positions[order]
        if "momenta" in frame.arrays:
            frame.arrays["momenta"] = frame.arrays["momenta"][order]
    return frames


def atoms_of(symbol, tag):
    stack = make_stack(ions=2)
    return np.flatnonzero((stack.get_tags() == tag) & (stack.symbols == symbol))


@pytest.mark.parametrize("interval_fs", [1.0, 10.0, 50.0, 1000.0])
@pytest.mark.parametrize(
    "pair",
    [
        ("C", roles.SHEET, roles.SHEET),
        ("C", roles.X, roles.SHEET),
        ("Ti", roles.METAL, roles.METAL),
        ("O", roles.UPPER_TERMINATION, roles.LOWER_TERMINATION),
        ("Na", roles.ION, roles.ION),
    ],
)
@pytest.mark.parametrize("momenta", [True, False])
def test_two_atoms_of_an_element_that_change_places_in_the_list_are_refused(
    interval_fs, pair, momenta
):
    symbol, one, other = pair
    first, second = atoms_of(symbol, one)[0], atoms_of(symbol, other)[-1]
    frames = vibrating(interval_fs=interval_fs, count=8, stack=make_stack(ions=2))
    frames = exchanged(frames if momenta else without_momenta(frames), [(first, second)], 5)
    said = (
        rf"Atom {first} \({symbol}\) moved by .* Å between frames 4 and 5, to where atom {second}"
    )
    with pytest.raises(TrajectoryError, match=said):
        take_run(frames, interval_fs=interval_fs, **OPTIONS)


def test_a_list_that_is_shuffled_within_its_elements_is_refused():
    frames = without_momenta(vibrating(interval_fs=20.0, count=6, stack=make_stack(ions=2)))
    rng = np.random.default_rng(4)
    for frame in frames[3:]:
        for number in np.unique(frame.numbers):
            like = np.flatnonzero(frame.numbers == number)
            frame.positions[like] = frame.positions[rng.permutation(like)]
    with pytest.raises(TrajectoryError, match="between frames 2 and 3, to where"):
        take_run(frames, interval_fs=20.0, **OPTIONS)


def two_far_ions():
    """Return a larger stack with ions 5 lattice constants apart."""
    stack = make_stack(bottom=4, top=4, ions=2)
    stack.positions[roles.ions(stack), 2] = 22.232 + 1.95
    return stack


@pytest.mark.parametrize("interval_fs", [5.0, 20.0, 50.0, 100.0, 500.0, 1000.0])
@pytest.mark.parametrize("momenta", [True, False])
def test_a_hop_of_an_ion_to_the_next_site_is_taken_at_any_interval(interval_fs, momenta):
    length = LATTICE * np.array([1.0, 0.0, 0.0])
    frames = hopping(interval_fs=interval_fs, count=40, hop_at=10, to=length, stack=two_far_ions())
    ion = np.flatnonzero(roles.ions(frames[0]))[0]
    start, end = frames[0].positions[ion].copy(), frames[-1].positions[ion].copy()
    for frame in frames:
        frame.wrap()
    run = take_run(
        frames if momenta else without_momenta(frames), interval_fs=interval_fs, **OPTIONS
    )
    followed = run.series["position"][:, ion]
    assert not run.reason
    np.testing.assert_allclose(followed[-1] - followed[0], end - start, atol=1e-9)


def test_ions_that_follow_each_other_to_the_next_site_between_two_frames_are_taken():
    """One goes where the other was, which goes on: no ring is closed."""
    stack = make_stack(bottom=4, top=4, ions=2)
    first, second = np.flatnonzero(roles.ions(stack))
    stack.positions[second] = stack.positions[first] + [LATTICE, 0, 0]
    frames = without_momenta(vibrating(interval_fs=1000.0, count=6, stack=stack))
    for frame in frames[3:]:
        frame.positions[[first, second]] += [LATTICE, 0, 0]
    assert not take_run(frames, interval_fs=1000.0, **OPTIONS).reason


def test_a_sheet_that_slides_by_its_lattice_is_not_renumbered():
    frames = without_momenta(
        vibrating(interval_fs=2000.0, count=6, stack=make_stack(bottom=3, top=3))
    )
    for frame in frames[3:]:
        frame.positions[roles.top(frame)] += frame.cell[0] / 3
    assert not take_run(frames, interval_fs=2000.0, **OPTIONS).reason


def test_atoms_that_change_places_in_a_sheet_that_slides_are_refused():
    frames = without_momenta(
        vibrating(interval_fs=1000.0, count=6, stack=make_stack(bottom=3, top=3))
    )
    first, second = np.flatnonzero(roles.sheet(frames[0]))[:2]
    for frame in exchanged(frames, [(first, second)], 3)[3:]:
        frame.positions[roles.top(frame)] += [0.0, 1.1, 0.6]
    with pytest.raises(TrajectoryError, match=rf"Atom {first} \(C\) moved by 1\..*atom {second}"):
        take_run(frames, interval_fs=1000.0, **OPTIONS)


@pytest.mark.parametrize("interval_fs", [10.0, 20.0, 40.0, 100.0])
def test_a_run_of_our_own_passes(tmp_path, interval_fs):
    run = simulate(tmp_path / "own.h5", frame_interval_fs=interval_fs, production_ps=0.9)
    frames = []
    for positions in run.positions:
        frame = run.initial.copy()
        frame.positions = positions
        frame.wrap()
        frames.append(frame)
    for temperature in (300.0, None):
        options = OPTIONS | {"temperature": temperature}
        taken = take_run(frames, interval_fs=interval_fs, **options)
        np.testing.assert_allclose(taken.series["spacing"], run.spacing[:: round(interval_fs / 10)])


@pytest.mark.parametrize("told", [300.0, None])
def test_an_atom_that_moves_farther_than_heat_carries_it_is_refused(told):
    """An only ion, which cannot change places with another."""
    far = 6 * np.sqrt(1.380649e-23 * 300.0 / (22.98976928 * 1.66053907e-27)) * 20e-15 * 1e10
    for moved, refused in ((far - 0.1, False), (far + 0.2, True)):
        frames = [make_stack(bottom=4, top=4) for _ in range(4)]
        ion = np.flatnonzero(roles.ions(frames[0]))[0]
        for k, frame in enumerate(frames):
            frame.positions[0, 2] += 1e-3 * k  # no two frames are alike
            frame.positions[ion] += [moved if k > 1 else 0.0, 0.0, 0.0]
        options = OPTIONS | {"temperature": told}
        if refused and told:
            said = (
                rf"Atom {ion} \(Na\) moved by {moved:.2f} Å between frames 1 and 2, .* {far:.2f} Å"
            )
            with pytest.raises(TrajectoryError, match=said):
                take_run(frames, interval_fs=20.0, **options)
        else:  # up to the watch's limit of 3000 K where no temperature is known
            assert not take_run(frames, interval_fs=20.0, **options).reason


def test_what_comes_after_a_run_broke_is_not_looked_at():
    frames = vibrating(interval_fs=20.0, count=8, stack=make_stack(ions=2))
    for frame in frames[4:]:
        frame.positions[roles.top(frame), 2] += 12.0
    frames = exchanged(frames, [tuple(atoms_of("C", roles.SHEET)[:2])], 6)
    run = take_run(frames, interval_fs=20.0, **OPTIONS)
    assert "the sheet detached" in run.reason and run.last == 4


def test_a_path_that_may_be_a_cell_off_is_told():
    """Half the cell of 2 × 2.46 Å is 2.46 Å: 2.2 Å on may be 2.72 Å back."""
    frames = without_momenta(vibrating(interval_fs=1000.0, count=6, temperature=1.0))
    ion = np.flatnonzero(roles.ions(frames[0]))[0]
    for frame in frames[3:]:
        frame.positions[ion, 0] += 2.2
    notes = take_run(frames, interval_fs=1000.0, **OPTIONS).notes
    assert any(
        f"atom {ion} (Na) moved by 2.2" in note and "half the cell (2.46 Å)" in note
        for note in notes
    )
