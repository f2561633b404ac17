"""The spacing of two layers in time, and its mean."""

import pandas as pd

from anodeflow.stages.dynamics.trajectory import Trajectory
from anodeflow.stages.motion.correlated_mean import series_mean
from anodeflow.stages.motion.energy_drift import energy_drift
from anodeflow.stages.motion.production import phases, production, stability_note
from anodeflow.stages.motion.results import MeanSpacing, SeriesMean
from anodeflow.stages.motion.temperature import run_temperature


def spacing_series(traj: Trajectory) -> pd.DataFrame:
    """Tabulate the spacing against time: time_ps, spacing (Å), temperature_K, phase."""
    return pd.DataFrame(
        {
            "time_ps": traj.ion_times_ps,
            "spacing": traj.spacing,
            "temperature_K": traj.temperature,
            "phase": phases(traj, traj.ion_times_ps),
        }
    )


def mean_spacing(series: pd.DataFrame, *, discard_ps: float, note: str) -> SeriesMean:
    """Average the spacing (Å) over the stable production, as `correlated_mean.series_mean` does.

    Args:
        series: table of `spacing_series`.
        discard_ps: equilibration left out, ps.
        note: `stability_note` of the run. The series cannot tell: a run that ends between two
            samples has no row after its instability.
    """
    kept = production(series, discard_ps=discard_ps)
    times, values = kept["time_ps"].to_numpy(), kept["spacing"].to_numpy()
    return series_mean(values, times, what="spacing", note=note)


def run_spacing(traj: Trajectory, series: pd.DataFrame) -> MeanSpacing:
    """Average spacing and temperature of a run over its stable production, and judge its energy.

    Args:
        traj: the run.
        series: table of `spacing_series` of the run.
    """
    note = stability_note(traj)
    found = mean_spacing(series, discard_ps=traj.production_start_ps, note=note)
    return MeanSpacing(
        **dict(found),
        stable=traj.stable,
        unstable_after_ps=traj.unstable_after_ps,
        reason=traj.reason,
        timestep_fs=traj.settings.get("timestep_fs"),
        temperature_K=run_temperature(traj, series, note=note),
        conserved_energy=energy_drift(traj),
    )
