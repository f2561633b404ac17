"""The part of a run that counts: after equilibration, before an instability."""

import numpy as np
import pandas as pd

from anodeflow.errors import known
from anodeflow.stages.dynamics.trajectory import Trajectory
from anodeflow.stages.motion.msd import remove_drift


def production_positions(traj: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """Give times (F,) and positions (F, I, 3) of the ions in the frame of the bottom layer.

    Only the stable production is given.
    """
    frames = phases(traj, traj.ion_times_ps) == "production"
    positions = remove_drift(traj.ion_positions, traj.bottom_centre)[frames]
    return traj.ion_times_ps[frames], positions


def phases(traj: Trajectory, times_ps: np.ndarray) -> np.ndarray:
    """Name the part of the run each time belongs to.

    Args:
        traj: the run.
        times_ps: times (F,), ps.

    Returns:
        "equilibration", "production" or, from the moment the run stopped being stable, "unstable";
        (F,) of str.
    """
    phase = np.where(times_ps < traj.production_start_ps - 1e-9, "equilibration", "production")
    if not traj.stable:
        phase = np.where(times_ps >= known(traj.unstable_after_ps) - 1e-9, "unstable", phase)
    return phase


def stability_note(traj: Trajectory) -> str:
    """Say in one phrase when and why the run stopped being stable; empty for a stable run."""
    if traj.stable:
        return ""
    return f"unstable after {traj.unstable_after_ps:g} ps ({traj.reason})"


def production(series: pd.DataFrame, *, discard_ps: float) -> pd.DataFrame:
    """Leave out the first `discard_ps` and what follows an instability."""
    return series[(series["time_ps"] >= discard_ps - 1e-9) & (series["phase"] != "unstable")]
