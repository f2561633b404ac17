"""Trajectories as H5MD 1.1 files: written from the segments of a run, read into one dataclass.

Two clocks: `particles/all` at the frame interval, `particles/ions` and `observables` at the finer
ion interval, each with its own step and time. MDAnalysis indexes observables by frame number:
take them from `read_trajectory` (or by their own time), not from its `ts.data`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from ase import Atoms, units

from anodeflow import __version__
from anodeflow.errors import TrajectoryError
from anodeflow.files.atomic import whole
from anodeflow.models.versions import Software
from anodeflow.structures import roles

A_PER_PS = 1000 * units.fs
"""Å over ASE's unit of time, in Å/ps: the velocities of H5MD files."""

FRAME_SERIES = {
    "position": ("particles/all/position", "Angstrom"),
    "velocity": ("particles/all/velocity", "Angstrom ps-1"),
}
ION_SERIES = {
    "ion_position": ("particles/ions/position", "Angstrom"),
    "ion_velocity": ("particles/ions/velocity", "Angstrom ps-1"),
}
OBSERVABLES = {
    "potential_energy": ("observables/potential_energy", "eV"),
    "kinetic_energy": ("observables/kinetic_energy", "eV"),
    "conserved_energy": ("observables/conserved_energy", "eV"),
    "temperature": ("observables/temperature", "K"),
    "spacing": ("observables/spacing", "Angstrom"),
    "bottom_centre": ("observables/bottom_centre", "Angstrom"),
    "top_centre": ("observables/top_centre", "Angstrom"),
}

CHUNK_NUMBERS = 4096


@dataclass(frozen=True)
class Trajectory:
    """What a run left behind: F frames of N atoms, G finer samples of I ions and observables.

    Shapes and units: symbols (N,), tags (N,), cell (3, 3) Å, times_ps (F,), positions (F, N, 3) Å
    unwrapped; ion_times_ps (G,), ion_positions (G, I, 3) Å unwrapped, bottom_centre and top_centre
    (G, 3) Å centres of mass of the layers, spacing (G,) Å mean z of tag 10 minus mean z of tag 3,
    temperature (G,) K, potential_energy and kinetic_energy (G,) eV, conserved_energy (G,) eV their
    sum without the heat that the thermostat gave since the start. Time zero is the start of the
    equilibration; production starts at `production_start_ps`. A run that was stopped has
    `stable` False, a `reason` and the time `unstable_after_ps` (None for a stable one).
    """

    symbols: list[str]
    tags: np.ndarray
    cell: np.ndarray
    times_ps: np.ndarray
    positions: np.ndarray
    ion_times_ps: np.ndarray
    ion_positions: np.ndarray
    bottom_centre: np.ndarray
    top_centre: np.ndarray
    spacing: np.ndarray
    temperature: np.ndarray
    potential_energy: np.ndarray
    kinetic_energy: np.ndarray
    conserved_energy: np.ndarray
    initial: Atoms
    stable: bool
    reason: str
    unstable_after_ps: float | None
    production_start_ps: float
    settings: dict[str, Any]
    model: str


def write_trajectory(
    path: Path,
    initial: Atoms,
    segments: Iterable[Mapping[str, np.ndarray]],
    *,
    settings: dict[str, Any],
    step_fs: float,
    model: str,
    software: Software,
    reason: str,
    last_step: int,
    mark: str = "",
) -> None:
    """Write the segments of a run, in their order, as one H5MD file, whole or not at all.

    Each segment maps `frame_step` (F,), `sample_step` (G,) and the names of FRAME_SERIES (F, ...),
    ION_SERIES and OBSERVABLES (G, ...) to arrays; a segment without frames or samples lacks their
    names. `step_fs` is the time of one step, `software` what made the run. An empty `reason` means
    a stable run, `last_step` is where it ended, `mark` is the run's fingerprint.
    Source: P. de Buyl, P. H. Colberg, F. Höfling, Comput. Phys. Commun. 185, 1546 (2014).
    """
    with whole(path) as part, h5py.File(part, "w") as file:
        _write_header(file, initial, settings=settings, model=model, software=software)
        outcome = file["parameters"].attrs
        outcome["stable"] = not reason
        outcome["reason"] = reason
        outcome["mark"] = mark
        if reason:
            outcome["unstable_after_ps"] = last_step * step_fs / 1000
        _write_clocks(file)
        for segment in segments:
            _append(file, segment, step_fs=step_fs)
        _write_boxes(file, initial)


def mark_of(path: Path) -> str:
    """Return the fingerprint of the run that a trajectory is of, "" where it does not say."""
    try:
        with h5py.File(path) as file:
            found: str = file["parameters"].attrs.get("mark", "")
            return found
    except (OSError, KeyError):
        return ""


def _write_header(
    file: h5py.File, initial: Atoms, *, settings: dict[str, Any], model: str, software: Software
) -> None:
    h5md = file.create_group("h5md")
    h5md.attrs["version"] = [1, 1]
    h5md.create_group("author").attrs["name"] = "anodeflow"
    creator = h5md.create_group("creator")
    creator.attrs["name"], creator.attrs["version"] = "anodeflow", __version__
    ions = roles.ions(initial)
    groups = {"all": np.full(len(initial), True)} | ({"ions": ions} if ions.any() else {})
    for name, mask in groups.items():
        group = file.create_group(f"particles/{name}")
        group["species"] = initial.numbers[mask]
        group["tag"] = initial.get_tags()[mask]
        group["id"] = np.flatnonzero(mask)
        group["mass"] = initial.get_masses()[mask]
        group["mass"].attrs["unit"] = "amu"
    parameters = file.create_group("parameters")
    parameters["initial_position"] = initial.positions
    parameters["initial_position"].attrs["unit"] = "Angstrom"
    parameters["cell"] = initial.cell.array
    parameters["cell"].attrs["unit"] = "Angstrom"
    parameters.attrs["settings"] = json.dumps(settings)
    parameters.attrs["model"] = model
    parameters.attrs["production_start_ps"] = float(settings["equilibration_ps"])
    for name, versions in software.items():
        parameters.attrs[name] = json.dumps(versions)


def _series(file: h5py.File) -> dict[str, dict[str, tuple[str, str]]]:
    ions = ION_SERIES if "ions" in file["particles"] else {}
    return {"frame_step": FRAME_SERIES, "sample_step": OBSERVABLES | ions}


def _write_clocks(file: h5py.File) -> None:
    """Give every element of one clock the same step and time by hard links, as H5MD allows."""
    for clock, series in _series(file).items():
        step = file.create_dataset(f"parameters/{clock}", (0,), np.int64, maxshape=(None,))
        time = file.create_dataset(f"parameters/{clock}_time", (0,), float, maxshape=(None,))
        time.attrs["unit"] = "ps"
        for group, _ in series.values():
            file[f"{group}/step"], file[f"{group}/time"] = step, time


def _append(file: h5py.File, segment: Mapping[str, np.ndarray], *, step_fs: float) -> None:
    for clock, series in _series(file).items():
        if clock not in segment:
            continue
        steps = segment[clock]
        _extend(file, f"parameters/{clock}", steps)
        _extend(file, f"parameters/{clock}_time", steps * step_fs / 1000)
        for name, (group, unit) in series.items():
            values = segment[name]
            if name == "spacing":  # a sheet that went through the facing plane has none
                values = np.where(values > 0, values, np.nan)
            if f"{group}/value" not in file:
                one = values.shape[1:]
                # Whole frames in a chunk, or reading one frame touches every chunk of the file.
                frames = max(1, CHUNK_NUMBERS // int(np.prod(one)))
                sizes = {"maxshape": (None, *one), "chunks": (frames, *one)}
                file.create_dataset(f"{group}/value", (0, *one), float, **sizes)
                file[f"{group}/value"].attrs["unit"] = unit
            _extend(file, f"{group}/value", values)


def _extend(file: h5py.File, name: str, values: np.ndarray) -> None:
    if len(values):
        dataset = file[name]
        dataset.resize(len(dataset) + len(values), axis=0)
        dataset[-len(values) :] = values


def _write_boxes(file: h5py.File, initial: Atoms) -> None:
    boundary = ["periodic" if periodic else "none" for periodic in initial.pbc]
    for particles in file["particles"].values():
        box = particles.create_group("box")
        box.attrs["dimension"], box.attrs["boundary"] = 3, boundary
        # The cell never changes, yet MDAnalysis reads only boxes that are stored frame by frame.
        edges = np.broadcast_to(initial.cell.array, (len(particles["position/step"]), 3, 3))
        box["edges/value"] = edges
        box["edges/value"].attrs["unit"] = "Angstrom"
        for clock in ("step", "time"):
            box[f"edges/{clock}"] = particles[f"position/{clock}"]


def read_trajectory(path: Path) -> Trajectory:
    """Read a trajectory that `write_trajectory` made.

    Raises TrajectoryError when the file is missing, cut, not HDF5, or not such a trajectory.
    """
    try:
        with h5py.File(path, "r") as file:
            return _read(file)
    except FileNotFoundError as error:
        raise TrajectoryError(f"{path} does not exist: run the dynamics first.") from error
    except (OSError, KeyError, ValueError) as error:
        raise TrajectoryError(
            f"{path} cannot be read as a trajectory, it is cut, damaged or not an H5MD file of "
            f"anodeflow ({error}): delete it and run the dynamics again."
        ) from error


def _read(file: h5py.File) -> Trajectory:
    everything, parameters = file["particles/all"], file["parameters"]
    initial = Atoms(
        numbers=everything["species"][:],
        positions=parameters["initial_position"][:],
        cell=parameters["cell"][:],
        pbc=[side == "periodic" for side in everything["box"].attrs["boundary"]],
        tags=everything["tag"][:],
    )
    initial.set_masses(everything["mass"][:])
    observables = {name: file[f"{group}/value"][:] for name, (group, _) in OBSERVABLES.items()}
    frames, spacing = (group for group, _ in (FRAME_SERIES["position"], OBSERVABLES["spacing"]))
    ions = file.get(ION_SERIES["ion_position"][0])
    none = np.empty((len(observables["spacing"]), 0, 3))
    attributes = parameters.attrs
    return Trajectory(
        symbols=initial.get_chemical_symbols(),
        tags=initial.get_tags(),
        cell=initial.cell.array,
        times_ps=file[f"{frames}/time"][:],
        positions=file[f"{frames}/value"][:],
        ion_times_ps=file[f"{spacing}/time"][:],
        ion_positions=none if ions is None else ions["value"][:],
        **observables,
        initial=initial,
        stable=bool(attributes["stable"]),
        reason=str(attributes["reason"]),
        unstable_after_ps=_optional_float(attributes.get("unstable_after_ps")),
        production_start_ps=float(attributes["production_start_ps"]),
        settings=json.loads(attributes["settings"]),
        model=str(attributes["model"]),
    )


def _optional_float(value: float | None) -> float | None:
    return None if value is None else float(value)
