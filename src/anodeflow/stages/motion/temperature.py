"""The temperature of a run: its mean, and whether it fluctuates as the canonical ensemble does."""

from typing import Any

import numpy as np
import pandas as pd
from ase import units

from anodeflow.errors import TrajectoryError, known
from anodeflow.scorecard.quantity import joined_notes
from anodeflow.stages.dynamics.trajectory import Trajectory
from anodeflow.stages.motion.correlated_mean import series_mean, squared_correlation_time
from anodeflow.stages.motion.msd import frame_interval
from anodeflow.stages.motion.production import production
from anodeflow.stages.motion.results import MeanTemperature

SIGMAS = 4.0
"""Standard errors within which mean and fluctuation must agree with the thermostat's."""


def degrees_of_freedom(traj: Trajectory) -> int:
    """Read off the degrees of freedom that a run's temperatures refer to, N_f = 2 K / (k T).

    Raises:
        TrajectoryError: the run has no sample with kinetic energy.
    """
    moving = traj.temperature > 0
    if not moving.any():
        raise TrajectoryError(
            "No sample of this run has kinetic energy, so its temperature cannot be judged: give a "
            "run of molecular dynamics."
        )
    ratio = 2 * traj.kinetic_energy[moving] / (units.kB * traj.temperature[moving])
    return round(float(np.median(ratio)))


def run_temperature(traj: Trajectory, series: pd.DataFrame, *, note: str) -> MeanTemperature:
    """Average and judge the temperature of a run, as far as its file tells it.

    A run of another program may hold no velocities, or not say at which temperature it was held:
    then the numbers of which nothing is known are null, and the note says so.

    A thermostat that counted 3 N degrees of freedom, of which N_f move, brings the kinetic energy
    to 3 N k T₀ / 2, since what it gives and takes is zero on average: the target is T₀ 3 N / N_f.

    Args:
        traj: the run.
        series: table of `spacing_series` of the run.
        note: `stability_note` of the run.
    """
    target = traj.settings.get("temperature")
    if np.isnan(traj.temperature).any():
        unknown = joined_notes(note, "no temperature: the run holds no velocities")
        return MeanTemperature(frames=0, note=unknown)
    start, freedom = traj.production_start_ps, degrees_of_freedom(traj)
    heated = freedom
    if target is not None and traj.settings.get("degrees_of_freedom") == "all":
        heated = 3 * len(traj.tags)
        target *= heated / freedom
    counts = {"freedom": freedom, "heated": heated}
    return mean_temperature(series, discard_ps=start, target=target, **counts, note=note)


def mean_temperature(
    series: pd.DataFrame,
    *,
    discard_ps: float,
    target: float | None,
    freedom: int,
    heated: int | None = None,
    note: str,
) -> MeanTemperature:
    """Average the temperature (K) over the stable production, and check the thermostat.

    In the canonical ensemble ⟨T⟩ is the target T₀ and the standard deviation is T₀ √(2/N_f), with
    N_f those that the thermostat heats, of whose kinetic energy it draws the distribution. The
    error of the standard deviation s is s √(τ₂ / (F Δt)), with τ₂ of
    `correlated_mean.squared_correlation_time`. s is held against the canonical one with the error
    that the canonical one would have, since a run of little fluctuation also seems to know it too
    well.

    Args:
        series: table of `spacing_series`.
        discard_ps: equilibration left out, ps.
        target: T₀, K; None if it is not known: then nothing is held against it.
        freedom: degrees of freedom that move, of which T is made.
        heated: N_f, where the thermostat counts others.
        note: `stability_note` of the run.

    Returns:
        the mean and the thermostat: `agrees`, `off`, or `undetermined` where there is no error;
        the note says what is off.

    Source: M. P. Allen, D. J. Tildesley, Computer Simulation of Liquids (Oxford, 2017), section
        2.5, for the fluctuation of the kinetic energy.
    """
    kept = production(series, discard_ps=discard_ps)
    times, values = kept["time_ps"].to_numpy(), kept["temperature_K"].to_numpy()
    found = series_mean(values, times, what="temperature", note=note)
    expected = None if target is None else float(target * np.sqrt(2 / (heated or freedom)))
    about: dict[str, Any] = {"target": target, "degrees_of_freedom": freedom}
    about["expected_std"] = expected
    if found.standard_error is None:
        return MeanTemperature(**dict(found), **about)
    interval = frame_interval(times)
    relative = np.sqrt(squared_correlation_time(values, interval) / (len(values) * interval))
    std = known(found.std)
    about["std_error"] = float(std * relative)
    if target is None or expected is None:
        unknown = joined_notes(found.note, "the run says no target temperature")
        return MeanTemperature(**dict(found) | about | {"note": unknown})
    off = []
    if abs(known(found.mean) - target) > SIGMAS * found.standard_error:
        off.append(f"mean {found.mean:.1f} K where {target:.1f} K is its aim")
    if abs(std - expected) > SIGMAS * expected * relative:
        off.append(f"fluctuation {std:.1f} K where {expected:.1f} K is canonical")
    about |= {"thermostat": "off" if off else "agrees", "note": joined_notes(found.note, *off)}
    return MeanTemperature(**dict(found) | about)
