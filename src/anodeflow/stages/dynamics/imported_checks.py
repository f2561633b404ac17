"""What frames of another program have to be before they are taken as one run."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms, units

from anodeflow.errors import TrajectoryError

CLOCKS = {"time": True, "time_fs": True, "time_ps": True, "timestep": False, "step": False}
"""Names (in small letters) under which frames say when they are; true: in a unit of time."""

UNEVEN = 0.01
"""Relative difference of two intervals, beyond the rounding of what is written."""


def require_numbers(
    *, interval_fs: float, equilibration_ps: float, temperature: float | None
) -> None:
    """Refuse times and temperatures that no run has.

    Args:
        interval_fs: time between frames, fs.
        equilibration_ps: start of the production, ps.
        temperature: K, or None.

    Raises:
        TrajectoryError: one of them is not finite, or not positive (the equilibration: negative).
    """
    given = {"--interval-fs": interval_fs, "--temperature": temperature}
    for name, value in given.items():
        if value is not None and not (np.isfinite(value) and value > 0):
            raise TrajectoryError(f"{name} is {value:g}: give a positive number.")
    if not (np.isfinite(equilibration_ps) and equilibration_ps >= 0):
        raise TrajectoryError(
            f"--equilibration-ps is {equilibration_ps:g}: give the time that is left out, or 0."
        )


def require_one_run(
    frames: Sequence[Atoms], *, interval_fs: float, equilibration_ps: float
) -> None:
    """Refuse frames that are not one run of the same atoms in one cell, evenly spaced in time.

    Args:
        frames: as they were read.
        interval_fs: time between frames, fs.
        equilibration_ps: start of the production, ps.

    Raises:
        TrajectoryError: the first of all that is wrong, with the frame.
    """
    if len(frames) < 2:
        raise TrajectoryError(f"A trajectory needs two frames, and {len(frames)} was given.")
    for number, frame in enumerate(frames):
        _require_like_first(frames[0], frame, number)
    length_ps = (len(frames) - 1) * interval_fs / 1000
    if equilibration_ps >= length_ps:
        raise TrajectoryError(
            f"--equilibration-ps is {equilibration_ps:g} and the run ends after {length_ps:g} ps, "
            "which leaves nothing to analyse: give a shorter one."
        )
    _require_no_copies(frames)
    _require_momenta(frames)
    _require_even_times(frames, interval_fs)


def _require_like_first(first: Atoms, frame: Atoms, number: int) -> None:
    if not np.array_equal(frame.numbers, first.numbers):
        raise TrajectoryError(f"Frame {number} holds other atoms than frame 0: give one run.")
    if not np.allclose(frame.cell, first.cell, atol=1e-6):
        raise TrajectoryError(
            f"Frame {number} has another cell than frame 0: give a run at constant volume."
        )
    if not np.array_equal(frame.pbc, first.pbc):
        raise TrajectoryError(
            f"Frame {number} is periodic along other vectors than frame 0: give one run."
        )
    unknown = ~np.isfinite(frame.positions).all(axis=1)
    if unknown.any():
        raise TrajectoryError(
            f"Atom {unknown.argmax()} of frame {number} is at {frame.positions[unknown][0]}: end "
            "the file before that frame."
        )


def _require_no_copies(frames: Sequence[Atoms]) -> None:
    """Refuse a frame that stands twice, as a restart writes it."""
    seen: dict[bytes, int] = {}
    for number, frame in enumerate(frames):
        held = frame.positions.tobytes() + frame.get_momenta().tobytes()
        before = seen.setdefault(held, number)
        if before != number:
            raise TrajectoryError(
                f"Frames {before} and {number} are the same to the last digit, as where a restart "
                "writes a frame again: leave one out, and what a restart repeats."
            )


def _require_momenta(frames: Sequence[Atoms]) -> None:
    """Refuse momenta that some frames have and others have not; a run may begin at rest."""
    moving = np.array([bool(frame.get_momenta().any()) for frame in frames])
    if frames[0].has("momenta") and moving[1:].all():
        return
    if moving.any() and not moving.all():
        raise TrajectoryError(
            f"Frame {moving.argmin()} has no momenta, or none but zeros, while {moving.sum()} of "
            f"{len(frames)} frames have them: give the momenta of all frames, or of none."
        )


def _require_even_times(frames: Sequence[Atoms], interval_fs: float) -> None:
    """Hold the times that frames say, in whatever unit, against each other and the interval."""
    for name in frames[0].info:
        kind = CLOCKS.get(name.lower())
        if kind is None or not all(_is_number(frame.info.get(name)) for frame in frames):
            continue
        gaps = np.diff([float(frame.info[name]) for frame in frames])
        usual = float(np.median(gaps))
        odd = ~np.isclose(gaps, usual, rtol=UNEVEN, atol=0) | (gaps <= 0)
        if odd.any():
            at = int(odd.argmax())
            raise TrajectoryError(
                f"Frames {at} and {at + 1} are {gaps[at]:g} apart in '{name}', and most are "
                f"{usual:g}: give frames that are evenly spaced, each once."
            )
        if kind:
            _require_interval(name, usual, interval_fs)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _require_interval(name: str, gap: float, interval_fs: float) -> None:
    """Refuse an interval that a gap in time is in none of the units in which programs count."""
    known = {"fs": 1.0, "ps": 1000.0, "ns": 1e6, "s": 1e15, "ASE's unit": 1 / units.fs}
    if suffix := name.lower().partition("_")[2]:
        known = {suffix: known[suffix]}
    if not any(np.isclose(gap * unit, interval_fs, rtol=UNEVEN) for unit in known.values()):
        read = " or ".join(f"{gap * unit:g} fs (in {which})" for which, unit in known.items())
        raise TrajectoryError(
            f"The frames are {gap:g} apart in '{name}', that is {read}, and --interval-fs is "
            f"{interval_fs:g}: give the interval of the frames."
        )
