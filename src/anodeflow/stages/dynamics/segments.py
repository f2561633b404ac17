"""Checkpoints of a run: numbered segments, each with the frames since the one before and the state.

A kill at any moment leaves either a whole segment or none. The segments 1..k are the trajectory up
to the state of segment k.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anodeflow.errors import TrajectoryError
from anodeflow.files.archives import DamagedArchiveError, read_archive, write_archive
from anodeflow.models.versions import Software


@dataclass(frozen=True)
class State:
    """All that the next step depends on: positions (N, 3) Å, momenta (N, 3) ASE units, and more.

    `rng` is the state of the bit generator, `transferred_energy` what the thermostat gave so far
    in eV, `reason` why the run was stopped (empty while it goes on), `software` what brought it
    here from its start (`models.versions.Software`).
    """

    step: int
    positions: np.ndarray
    momenta: np.ndarray
    rng: dict[str, Any]
    transferred_energy: float
    reason: str
    software: Software


def segment_path(folder: Path, number: int) -> Path:
    """Return the path of segment `number`, counted from 1."""
    return folder / f"{number:06d}.npz"


def write_segment(
    folder: Path, number: int, series: Mapping[str, np.ndarray], state: State, mark: str
) -> None:
    """Write segment `number` with its series and the state at its end, whole or not at all.

    `series`: arrays (F, ...) of F times, as `Recorder.take` returns them; `mark` is the fingerprint
    of the run.
    """
    values = {
        "step": state.step,
        "rng": state.rng,
        "transferred_energy": state.transferred_energy,
        "reason": state.reason,
        "software": state.software,
        "fingerprint": mark,
    }
    state_arrays = {"state_positions": state.positions, "state_momenta": state.momenta}
    write_archive(segment_path(folder, number), state_arrays | dict(series), values)


def _read_segment(path: Path) -> tuple[dict[str, np.ndarray], State, str]:
    arrays, values = read_archive(path)
    mark = values.pop("fingerprint")
    positions, momenta = arrays.pop("state_positions"), arrays.pop("state_momenta")
    return arrays, State(positions=positions, momenta=momenta, **values), mark


def find_checkpoint(folder: Path, mark: str) -> tuple[int, State | None]:
    """Return the number and state of the last segment up to which all are readable, or (0, None).

    Segments from the first damaged or missing one on are named on stderr and deleted.
    Raises TrajectoryError when the segments belong to other settings than `mark` says.
    """
    number, state = 0, None
    while (path := segment_path(folder, number + 1)).exists():
        try:
            _, candidate, found = _read_segment(path)
        except DamagedArchiveError as error:
            back = "going back before it" if number else "beginning anew"
            print(f"{path} is damaged ({error}); {back}.", file=sys.stderr)
            break
        if found != mark:
            raise TrajectoryError(
                f"{folder} holds checkpoints of a run with another start, model or settings: "
                "delete this folder to begin anew, or restore what was changed to continue it."
            )
        number, state = number + 1, candidate
    for path in sorted(folder.glob("[0-9]*.npz"))[number:]:
        path.unlink()
    return number, state


def read_series(folder: Path, count: int) -> Iterator[dict[str, np.ndarray]]:
    """Yield the series of segments 1..count in order, one at a time, arrays (F, ...) of F times.

    Raises TrajectoryError when a segment cannot be read.
    """
    for number in range(1, count + 1):
        path = segment_path(folder, number)
        try:
            yield _read_segment(path)[0]
        except DamagedArchiveError as error:
            raise TrajectoryError(
                f"{path} cannot be read ({error}): run the dynamics again, it continues before it."
            ) from error
