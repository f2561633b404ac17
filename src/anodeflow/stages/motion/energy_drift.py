"""The conserved energy of a run: does it stay where exact integration would keep it?"""

import numpy as np
from scipy.stats import t as student

from anodeflow.stages.dynamics.trajectory import Trajectory
from anodeflow.stages.motion.correlated_mean import LEAST_INDEPENDENT, correlation_time
from anodeflow.stages.motion.msd import frame_interval
from anodeflow.stages.motion.production import phases
from anodeflow.stages.motion.results import EnergyDrift

LIMIT = 1.0
"""Drift that is too large, meV per atom in 10 ps."""


def energy_drift(traj: Trajectory) -> EnergyDrift:
    """Fit and judge the drift of the conserved energy over the stable production of a run.

    The drift b is the slope of the line by least squares, in meV per atom and 10 ps. Its standard
    error is s √(2τ/Δt) / √Σ(t − ⟨t⟩)², with s the standard deviation of what the line leaves and τ
    its correlation time. b drifts where its 95 % interval (Student's t for F Δt/2τ − 2) lies beyond
    ±1, is kept where all of it lies within, and is undetermined otherwise. It is what this run did:
    another one's energy, if errors of integration move it at random, may go the other way.

    Args:
        traj: the run; one of another program holds no conserved energy, and that of forces which
            are predicted directly is none: its note says so.
    """
    if traj.settings.get("forces") == "direct":
        return EnergyDrift(note="no conserved energy: forces that are predicted directly have none")
    kept = phases(traj, traj.ion_times_ps) == "production"
    times, values = traj.ion_times_ps[kept], traj.conserved_energy[kept]
    if np.isnan(values).any():
        return EnergyDrift(note="no conserved energy: the frames do not hold it")
    if len(times) < LEAST_INDEPENDENT:
        few = f"{len(times)} samples: too few for a drift of the conserved energy"
        return EnergyDrift(note=few)
    per_atom = 1000 * (values - values[0]) / len(traj.symbols)
    slope, start = np.polyfit(times, per_atom, 1)
    error, independent = _error(times, per_atom - start - slope * times)
    return _judged(10 * float(slope), 10 * error, independent)


def _error(times: np.ndarray, left: np.ndarray) -> tuple[float, float]:
    """Return the standard error of a slope and the independent samples behind it.

    times (F,) in ps; left (F,), what the line leaves.
    """
    interval = frame_interval(times)
    tau, _ = correlation_time(left, interval)
    spread = np.sqrt(left @ left / (len(times) - 2) * 2 * tau / interval)
    error = float(spread / np.linalg.norm(times - times.mean()))
    return error, len(times) * interval / (2 * tau)


def _judged(drift: float, error: float, independent: float) -> EnergyDrift:
    """Judge a drift and its error, meV per atom in 10 ps."""
    if independent < LEAST_INDEPENDENT:
        few = (
            f"no error of the drift of the conserved energy: {independent:.2g} independent samples"
        )
        return EnergyDrift(drift_meV_atom_10ps=drift, note=few)
    half = float(student.ppf(0.975, independent - 2) * error)
    numbers = f"{drift:.2g} ± {half:.2g} meV/atom in 10 ps (95 %), and the limit is {LIMIT:g}"
    verdict, note = "undetermined", f"whether the conserved energy drifts is not known: {numbers}"
    if abs(drift) - half > LIMIT:
        cure = "shorten the time step, or compute in float64"
        verdict, note = "drifts", f"the conserved energy drifts by {numbers}: {cure}"
    elif abs(drift) + half < LIMIT:
        verdict, note = "kept", ""
    return EnergyDrift(drift_meV_atom_10ps=drift, standard_error=error, verdict=verdict, note=note)
