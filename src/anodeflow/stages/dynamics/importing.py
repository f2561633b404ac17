"""Runs of other programs as H5MD files that every analysis of this project reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.geometry import find_mic

from anodeflow.errors import TrajectoryError
from anodeflow.models.versions import own_versions
from anodeflow.stages.dynamics.degrees_of_freedom import count_degrees_of_freedom
from anodeflow.stages.dynamics.identity import (
    note_on_unwrapping,
    require_no_exchange,
    require_thermal_steps,
)
from anodeflow.stages.dynamics.imported_checks import require_numbers, require_one_run
from anodeflow.stages.dynamics.interval_check import check_interval
from anodeflow.stages.dynamics.stability import StabilityWatch
from anodeflow.stages.dynamics.trajectory import A_PER_PS, write_trajectory
from anodeflow.structures import roles
from anodeflow.structures.elements import ALKALIS, require_ions
from anodeflow.structures.geometry import heights
from anodeflow.structures.orientation import find_orientation
from anodeflow.structures.role_checks import check_stack_tags
from anodeflow.structures.role_guessing import guess_stack_tags
from anodeflow.structures.spacing import spacing_in


@dataclass(frozen=True)
class ImportedRun:
    """A run of another program that passed all checks, until it ended.

    `initial` is the first frame, in one piece, with tags; `series` (F, ...) as `write_trajectory`
    takes them, up to the frame `last` where the run became unstable for `reason` (empty: stable);
    `freedom` are the degrees of freedom of its temperatures, and `notes` say what could not be
    checked.
    """

    initial: Atoms
    series: dict[str, np.ndarray]
    interval_fs: float
    settings: dict[str, Any]
    reason: str
    last: int
    freedom: int
    notes: list[str]


def import_trajectory(frames: Sequence[Atoms], output: Path, *, model: str, **about: Any) -> None:
    """Write frames of a run as a trajectory of this project, whole or not at all.

    Args:
        frames: as `take_run` wants them.
        output: the file to write.
        model: what made the frames, by its name in figures.
        about: all else that `take_run` takes.

    Raises:
        TrajectoryError: as `take_run`.
    """
    write_run(take_run(frames, **about), output, model=model)


def take_run(
    frames: Sequence[Atoms],
    *,
    interval_fs: float,
    equilibration_ps: float,
    temperature: float | None,
    stability: Mapping[str, float],
    ions: Sequence[str] = (),
) -> ImportedRun:
    """Make of frames what a run of our own records, checked as it is.

    Positions (N, 3) are unwrapped by the minimum image from frame to frame, so no atom may move
    half a cell between two. Temperature and kinetic energy come from the momenta, the potential
    energy from a stored one; NaN stands for what the frames do not hold, a conserved energy
    always. The run ends at the first frame that breaks a limit of the stability watch; what comes
    after is not looked at.

    Args:
        frames: at least two in one cell, evenly spaced in time.
        interval_fs: time between frames, fs.
        equilibration_ps: start of the production, ps.
        temperature: at which the run was held, K; None: not known, or at none.
        stability: limits of `StabilityWatch`, which starts from the first frame.
        ions: the ions' element, by which frames without tags are tagged; none: no ions.

    Raises:
        TrajectoryError: the frames are not one run, atoms are renumbered, or the interval is
            another than that of the momenta.
        StructureError: the frames are no stack.
    """
    require_numbers(
        interval_fs=interval_fs, equilibration_ps=equilibration_ps, temperature=temperature
    )
    require_one_run(frames, interval_fs=interval_fs, equilibration_ps=equilibration_ps)
    freedom = count_degrees_of_freedom(frames)
    first, series = _series(_as_stacks(frames, ions), freedom)
    notes = [_check_same_and_interval(first, series, interval_fs, stability)]
    reason, last = _first_fault(first, series, stability)
    sound = series["position"][: last if reason else last + 1]
    require_thermal_steps(
        first,
        sound,
        interval_fs=interval_fs,
        temperature=_hottest(series["temperature"][: len(sound)], temperature, stability),
    )
    notes.append(note_on_unwrapping(first, sound))
    notes.append(f"it ends at frame {last} of {len(frames) - 1}: {reason}" if reason else "")
    told = {} if temperature is None else {"temperature": temperature}
    return ImportedRun(
        initial=first,
        series={name: values[: last + 1] for name, values in series.items()},
        interval_fs=interval_fs,
        settings={"equilibration_ps": equilibration_ps} | told,
        reason=reason,
        last=last,
        freedom=freedom,
        notes=[note for note in notes if note],
    )


def write_run(run: ImportedRun, output: Path, *, model: str) -> None:
    """Write a run as an H5MD file, with what could not be checked among its settings.

    Args:
        run: of `take_run`.
        output: the file to write.
        model: what made the frames, by its name in figures.
    """
    steps, ions = np.arange(run.last + 1), roles.ions(run.initial)
    segment = {"frame_step": steps, "sample_step": steps} | run.series
    segment |= {f"ion_{name}": run.series[name][:, ions] for name in ("position", "velocity")}
    write_trajectory(
        output,
        run.initial,
        [segment],
        settings=run.settings | {"notes": run.notes},
        step_fs=run.interval_fs,
        model=model,
        software={"software": own_versions(["ase", "numpy"])},
        reason=run.reason,
        last_step=run.last,
    )


def unwrap(positions: np.ndarray, atoms: Atoms) -> np.ndarray:
    """Undo jumps across the cell's boundary between successive frames; positions (F, N, 3), Å."""
    start = positions[0].copy()
    start[:, 2] = heights(atoms)
    steps = np.diff(positions, axis=0)
    shortest, _ = find_mic(steps.reshape(-1, 3), atoms.cell, atoms.pbc)
    return np.concatenate([start[None], start + np.cumsum(shortest.reshape(steps.shape), axis=0)])


def _as_stacks(frames: Sequence[Atoms], ions: Sequence[str]) -> list[Atoms]:
    """Bring all frames as the first has to be; it gets tags, or has its own checked."""
    require_ions(ions)
    orientation = find_orientation(frames[0], ions=ions)
    for vector in sorted(orientation.order[:2]):
        if not frames[0].pbc[vector]:
            raise TrajectoryError(
                f"The frames are not periodic along their vector {vector + 1}, which lies in the "
                "plane: give a run of layers without edges, or set pbc in the file."
            )
    brought = [orientation.apply(frame) for frame in frames]
    first = brought[0]
    if tagged := first.get_tags().any():
        check_stack_tags(first)
    _require_one_kind(first, ions)
    if not tagged:
        first.set_tags(guess_stack_tags(first, ions=ions))
    return brought


def _require_one_kind(first: Atoms, ions: Sequence[str]) -> None:
    """Refuse ions of two kinds, and a kind that is not there; alkalis are ions in any case."""
    symbols = np.array(first.get_chemical_symbols())
    tagged = bool(first.get_tags().any())
    inside = roles.ions(first) if tagged else np.isin(symbols, [*ALKALIS, *ions])
    kinds = set(symbols[inside].tolist())
    if len(kinds) > 1:
        raise TrajectoryError(
            f"The frames hold ions of {' and '.join(sorted(kinds))}, and hops and diffusion are "
            "those of one kind: a run with two kinds of ions cannot be analysed."
        )
    if missing := set(ions) - kinds:
        held = ", ".join(sorted(kinds)) or "none"
        raise TrajectoryError(
            f"--ion names {' and '.join(sorted(missing))}, and the ions of the frames are {held}: "
            "name their element."
        )


def _series(frames: Sequence[Atoms], freedom: int) -> tuple[Atoms, dict[str, np.ndarray]]:
    """Return the first frame in one piece, and all that is recorded of the frames (F, ...)."""
    first = frames[0].copy()
    positions = unwrap(np.array([frame.positions for frame in frames]), first)
    first.positions = positions[0]
    moving = _velocities_and_energies(frames, freedom)
    return first, {"position": positions} | moving | _centres(first, positions)


def _velocities_and_energies(frames: Sequence[Atoms], freedom: int) -> dict[str, np.ndarray]:
    unknown = np.full(len(frames), np.nan)
    moving = all(frame.has("momenta") for frame in frames)
    moving = moving and any(frame.get_momenta().any() for frame in frames)
    stored = all(frame.calc is not None and "energy" in frame.calc.results for frame in frames)
    atoms = (len(frames), len(frames[0]), 3)
    velocity = [f.get_velocities() for f in frames] if moving else np.full(atoms, np.nan)
    energies = [frame.calc.results["energy"] for frame in frames] if stored else unknown
    kinetic = [frame.get_kinetic_energy() for frame in frames] if moving else unknown
    return {
        "velocity": np.array(velocity) * A_PER_PS,
        "potential_energy": np.array(energies),
        "kinetic_energy": np.array(kinetic),
        "conserved_energy": unknown,
        "temperature": 2 * np.array(kinetic) / (freedom * units.kB),
    }


def _check_same_and_interval(
    first: Atoms,
    series: Mapping[str, np.ndarray],
    interval_fs: float,
    stability: Mapping[str, float],
) -> str:
    """Refuse renumbered atoms and a wrong interval, until the layers fall apart.

    Momenta are taken as far as they are finite, and are not asked whether the run is too hot: those
    in another unit are no fault of the run.
    """
    positions, velocities = series["position"], series["velocity"]
    fault, last = _first_fault(first, {"position": positions}, stability)
    require_no_exchange(first, positions[: last + 1])
    if np.isnan(velocities).all():
        return "no momenta: neither the interval nor a temperature is checked"
    finite = np.isfinite(velocities).all(axis=(1, 2))
    # A step that ends in a fault is as violent as it is long.
    frames = min(last + (not fault), len(finite) if finite.all() else int(finite.argmin()))
    if frames < 2:
        return "no two frames with momenta before it ends: the interval is not checked"
    steps = np.diff(positions[:frames], axis=0)
    return check_interval(first, steps, velocities[:frames] / 1000, interval_fs=interval_fs)


def _hottest(
    temperatures: np.ndarray, given: float | None, stability: Mapping[str, float]
) -> float:
    """Return the highest temperature known of a run, or the watch's limit where none is."""
    known = [*temperatures[np.isfinite(temperatures)], *([given] if given else [])]
    return float(max(known, default=stability["max_temperature_K"]))


def _first_fault(
    start: Atoms, series: Mapping[str, np.ndarray], stability: Mapping[str, float]
) -> tuple[str, int]:
    """Return why a run had to stop and at which frame; an empty reason and the last one if not."""
    watch = StabilityWatch(start, **stability)
    names = {"temperature": "temperature", "energy": "potential_energy"}
    held = {key: series[name] for key, name in names.items() if name in series}
    held = {key: values for key, values in held.items() if not np.isnan(values).all()}
    for frame, positions in enumerate(series["position"]):
        now = {key: float(values[frame]) for key, values in held.items()}
        if reason := watch.check(positions, **now):
            return reason, frame
    return "", len(series["position"]) - 1


def _centres(first: Atoms, positions: np.ndarray) -> dict[str, np.ndarray]:
    masses = first.get_masses()
    centres = {
        f"{name}_centre": np.average(positions[:, mask], axis=1, weights=masses[mask])
        for name, mask in (("bottom", roles.bottom(first)), ("top", roles.top(first)))
    }
    return centres | {"spacing": spacing_in(positions, first.get_tags())}
