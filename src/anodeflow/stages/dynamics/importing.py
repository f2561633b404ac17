"""Trajectories of other programs as H5MD files that every analysis of this project reads.

`python -m anodeflow.import_trajectory frames.traj results/mine/dynamics/m-go_1na_300K_0.h5
--interval-fs 10 --ion Na` reads what ASE reads.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import yaml
from ase import Atoms, units
from ase.geometry import find_mic

from anodeflow.errors import AnodeflowError, ConfigError, TrajectoryError
from anodeflow.files.shipped import locate
from anodeflow.models.versions import own_versions
from anodeflow.stages.dynamics.settings import Stability
from anodeflow.stages.dynamics.stability import StabilityWatch
from anodeflow.stages.dynamics.trajectory import A_PER_PS, write_trajectory
from anodeflow.structures import roles
from anodeflow.structures.geometry import heights
from anodeflow.structures.role_guessing import guess_stack_tags
from anodeflow.structures.spacing import spacing_in


def import_trajectory(
    frames: Sequence[Atoms],
    output: Path,
    *,
    interval_fs: float,
    equilibration_ps: float,
    temperature: float | None,
    stability: Mapping[str, float],
    model: str,
) -> None:
    """Write frames of a run in one cell, evenly spaced in time, as a trajectory of this project.

    Positions (N, 3) are unwrapped by the minimum image from frame to frame, so no atom may move
    half a cell between two. Temperature and kinetic energy come from the momenta, the potential
    energy from a stored one; NaN stands for what the frames do not hold, a conserved energy
    always. The run ends at the first frame that breaks a limit of the stability watch.

    Args:
        frames: at least two, the first with tags.
        output: the file to write.
        interval_fs: time between frames, fs.
        equilibration_ps: start of the production, ps.
        temperature: at which the run was held, K; None: not known, or at none.
        stability: limits of `StabilityWatch`, which starts from the first frame.
        model: what made the frames, by its name in figures.

    Raises:
        TrajectoryError: too few frames, other atoms or another cell in one of them, no tags.
    """
    _refuse_unlike(frames)
    first = frames[0].copy()
    steps = np.arange(len(frames))
    positions = unwrap(np.array([f.positions for f in frames]), first)
    settings: dict[str, Any] = {"equilibration_ps": equilibration_ps}
    settings |= {} if temperature is None else {"temperature": temperature}
    segment = {"frame_step": steps, "sample_step": steps, "position": positions}
    segment |= _velocities_and_energies(frames) | _centres(first, positions)
    ions = roles.ions(first)
    segment["ion_position"] = positions[:, ions]
    segment["ion_velocity"] = segment["velocity"][:, ions]
    first.positions = positions[0]
    reason, last = _first_fault(first, segment, stability)
    if reason:
        print(f"{output} ends at frame {last} of {steps[-1]}: {reason}", file=sys.stderr)
    segment = {name: series[: last + 1] for name, series in segment.items()}
    outcome: dict[str, Any] = {"settings": settings, "step_fs": interval_fs, "model": model}
    outcome |= {"reason": reason, "last_step": last}
    outcome["software"] = {"software": own_versions(["ase", "numpy"])}
    write_trajectory(output, first, [segment], **outcome)


def unwrap(positions: np.ndarray, atoms: Atoms) -> np.ndarray:
    """Undo jumps across the cell's boundary between successive frames; positions (F, N, 3), Å."""
    start = positions[0].copy()
    start[:, 2] = heights(atoms)
    steps = np.diff(positions, axis=0)
    shortest, _ = find_mic(steps.reshape(-1, 3), atoms.cell, atoms.pbc)
    return np.concatenate([start[None], start + np.cumsum(shortest.reshape(steps.shape), axis=0)])


def _refuse_unlike(frames: Sequence[Atoms]) -> None:
    if len(frames) < 2:
        raise TrajectoryError(f"A trajectory needs two frames, and {len(frames)} was given.")
    first = frames[0]
    for number, frame in enumerate(frames):
        if not np.array_equal(frame.numbers, first.numbers):
            raise TrajectoryError(f"Frame {number} holds other atoms than frame 0: give one run.")
        if not np.allclose(frame.cell, first.cell, atol=1e-6):
            raise TrajectoryError(
                f"Frame {number} has another cell than frame 0: give a run at constant volume."
            )
    roles.require_stack(first, "an imported trajectory", error=TrajectoryError)


def _velocities_and_energies(frames: Sequence[Atoms]) -> dict[str, np.ndarray]:
    unknown = np.full(len(frames), np.nan)
    moving = all(frame.has("momenta") for frame in frames)
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
        "temperature": 2 * np.array(kinetic) / (_degrees_of_freedom(frames) * units.kB),
    }


def _degrees_of_freedom(frames: Sequence[Atoms]) -> int:
    """Return 3N less what the first frame's constraints hold and what of the total momentum stays.

    Along an axis it stays if the constraints let all atoms move together, and the frames have one
    total momentum, to 1 % of the thermal √(2 M K / 3N).
    """
    first, masses = frames[0], frames[0].get_masses()
    together = np.repeat(masses[:, None], 3, axis=1)
    left = together.copy()
    for constraint in first.constraints:
        constraint.adjust_momenta(first, left)
    free = np.isclose(left, together).all(axis=0)
    totals = np.array([frame.get_momenta().sum(axis=0) for frame in frames])
    kinetic = np.mean([frame.get_kinetic_energy() for frame in frames])
    thermal = np.sqrt(2 * masses.sum() * kinetic / (3 * len(first)))
    stays = free & (np.ptp(totals, axis=0) <= 0.01 * thermal)
    return int(first.get_number_of_degrees_of_freedom() - stays.sum())


def _first_fault(
    start: Atoms, segment: Mapping[str, np.ndarray], stability: Mapping[str, float]
) -> tuple[str, int]:
    """Return why a run had to stop and at which frame; an empty reason and the last one if not."""
    watch = StabilityWatch(start, **stability)
    series = {"temperature": segment["temperature"], "energy": segment["potential_energy"]}
    held = {name: values for name, values in series.items() if not np.isnan(values).all()}
    for frame, positions in enumerate(segment["position"]):
        now = {name: float(values[frame]) for name, values in held.items()}
        if reason := watch.check(positions, **now):
            return reason, frame
    return "", len(segment["position"]) - 1


def _centres(first: Atoms, positions: np.ndarray) -> dict[str, np.ndarray]:
    masses = first.get_masses()
    centres = {
        f"{name}_centre": np.average(positions[:, mask], axis=1, weights=masses[mask])
        for name, mask in (("bottom", roles.bottom(first)), ("top", roles.top(first)))
    }
    return centres | {"spacing": spacing_in(positions, first.get_tags())}


def main(arguments: Sequence[str]) -> None:
    """Convert a file of frames; the command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m anodeflow.import_trajectory")
    parser.add_argument("frames", type=Path, help="frames in any format that ASE reads")
    parser.add_argument("output", type=Path, help="H5MD file to write, named as the study names it")
    parser.add_argument("--interval-fs", type=float, required=True, help="time between frames")
    parser.add_argument("--equilibration-ps", type=float, default=0.0, help="start of production")
    parser.add_argument("--temperature", type=float, help="at which the run was held, K")
    parser.add_argument(
        "--config",
        type=Path,
        default=locate("config/config.yaml"),
        help="configuration whose dynamics.stability has the limits of a stable run",
    )
    parser.add_argument("--ion", help="the ion's element, to tag frames that have no tags")
    parser.add_argument("--model", default="imported", help="name of the model in the file")
    given = parser.parse_args(arguments)
    try:
        frames = _read(given.frames)
        if given.ion and not frames[0].get_tags().any():
            frames[0].set_tags(guess_stack_tags(frames[0], ions=[given.ion]))
        import_trajectory(
            frames,
            given.output,
            interval_fs=given.interval_fs,
            equilibration_ps=given.equilibration_ps,
            temperature=given.temperature,
            stability=_limits(given.config),
            model=given.model,
        )
    except AnodeflowError as error:
        sys.exit(f"error: {error}")


def _limits(config: Path) -> dict[str, float]:
    """Read the limits of a stable run from a configuration."""
    try:
        raw = yaml.safe_load(config.read_text(encoding="utf-8"))
        return Stability.model_validate(raw["dynamics"]["stability"]).model_dump()
    except (
        OSError,
        UnicodeDecodeError,
        yaml.YAMLError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise ConfigError(
            f"{config} gives no limits of stability ({' '.join(str(error).split())}): name a "
            "configuration that holds all of dynamics.stability, as config/config.yaml does."
        ) from error


def _read(path: Path) -> list[Atoms]:
    try:
        frames = ase.io.read(path, index=":")
    except Exception as error:  # every ASE reader fails in its own way
        raise TrajectoryError(
            f"{path} cannot be read ({' '.join(str(error).split())}): give frames in a format "
            "that ASE reads, such as .traj or extxyz."
        ) from error
    return frames if isinstance(frames, list) else [frames]
