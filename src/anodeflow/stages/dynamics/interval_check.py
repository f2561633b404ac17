"""Whether momenta and displacements of an imported run agree on the time between its frames."""

from dataclasses import dataclass

import numpy as np
from ase import Atoms

from anodeflow.errors import TrajectoryError

LEAST_CORRELATION = 0.3
"""Of the velocities of successive frames, from which displacements tell the interval."""

SIGMAS = 4.0
"""Standard errors by which a correlation is taken to be lower, an interval to be other."""

TOLERANCE = 0.2
"""Relative difference of intervals that the form of the estimate may make."""

ROUNDING = 1e-9
"""Of the largest of some vectors: less is left of a drift that all atoms share, and is none."""


@dataclass(frozen=True)
class Told:
    """What some of the atoms tell: the correlation of successive velocities, at least, and Δt."""

    least_correlation: float
    interval_fs: float
    error: float
    """Relative, one standard error."""


def check_interval(
    atoms: Atoms, steps: np.ndarray, velocities: np.ndarray, *, interval_fs: float
) -> str:
    """Hold an interval against that by which displacements follow from velocities.

    Δt = 3/(2 + c) ⟨d·(v + v')/2⟩ / ⟨v²⟩ with c = ⟨v·v'⟩/⟨v²⟩ of successive frames: for a vibration
    of θ = ωΔt, ⟨d·(v + v')/2⟩ is ⟨v²⟩ Δt sin θ / θ, c is cos θ, and 3 sin θ / θ differs from
    2 + cos θ by θ⁴/60. It is asked of all atoms, and of those of each element, which vibrate more
    slowly the heavier they are; the most correlated ones count. Where none are correlated, only
    ⟨d²⟩ ≤ ⟨v²⟩ Δt² is left.

    Args:
        atoms: N atoms.
        steps: displacements (F - 1, N, 3) between frames, Å.
        velocities: (F, N, 3), Å/fs.
        interval_fs: the interval as given, fs.

    Returns:
        why it cannot be told; empty where it agrees.

    Raises:
        TrajectoryError: the interval is another.
    """
    steps, velocities = _at_rest(atoms, steps), _at_rest(atoms, velocities)
    groups = [atoms.numbers == number for number in np.unique(atoms.numbers)]
    groups.append(np.full(len(atoms), True))
    told = [found for group in groups if (found := _tell(steps[:, group], velocities[:, group]))]
    best = max(told, key=lambda found: found.least_correlation, default=None)
    if best is None or best.least_correlation < LEAST_CORRELATION:
        _require_reach(steps, velocities, interval_fs)
        return (
            f"the interval of {interval_fs:g} fs is not checked: from frame to frame the momenta "
            "are too little alike to say how far they carry the atoms"
        )
    if abs(best.interval_fs / interval_fs - 1) > TOLERANCE + SIGMAS * best.error:
        raise TrajectoryError(
            f"The momenta say {best.interval_fs:.3g} fs between frames, where --interval-fs is "
            f"{interval_fs:g}: give the interval of the frames, or momenta in the units of their "
            "format."
        )
    return ""


def _at_rest(atoms: Atoms, vectors: np.ndarray) -> np.ndarray:
    """Take the mean by mass off vectors (F, N, 3): a file may keep a drift in one, not in both."""
    masses = atoms.get_masses()
    found: np.ndarray = vectors - np.average(vectors, axis=1, weights=masses)[:, None]
    found[np.abs(found) < ROUNDING * np.abs(vectors).max(initial=0.0)] = 0.0
    return found


def _tell(steps: np.ndarray, velocities: np.ndarray) -> Told | None:
    """Let some atoms tell the interval; None where they do not move, or are too few."""
    before, after = velocities[:-1], velocities[1:]
    square = (np.sum(before**2) + np.sum(after**2)) / 2
    moving = int(np.count_nonzero(before * after))
    if square == 0 or moving < 4:
        return None
    correlation = float(np.sum(before * after) / square)
    along = np.sum(steps * (before + after) / 2)
    # Fisher's transformation makes the error of a correlation that of a normal deviate.
    sure = np.arctanh(min(correlation, 1 - 1e-12)) - SIGMAS / np.sqrt(moving - 3)
    mean_square = np.sum((before + after) ** 2) / 4
    spread = np.sum(steps**2) * mean_square / along**2 - 1 if along else np.inf
    return Told(
        least_correlation=float(np.tanh(sure)),
        interval_fs=float(3 / (2 + correlation) * along / square),
        error=float(np.sqrt(max(spread, 0.0) / moving)),
    )


def _require_reach(steps: np.ndarray, velocities: np.ndarray, interval_fs: float) -> None:
    """Refuse an interval in which the mean speed does not lead as far as the atoms came."""
    moved, speed = np.sqrt(np.mean(steps**2)), np.sqrt(np.mean(velocities**2))
    count = max(int(np.count_nonzero(velocities)), 1)
    if moved > (1 + TOLERANCE + SIGMAS / np.sqrt(count)) * speed * interval_fs:
        raise TrajectoryError(
            f"The atoms move by {moved:.3g} Å between frames and by {speed * interval_fs:.3g} Å at "
            f"the speed of their momenta in {interval_fs:g} fs (root mean squares): give the "
            "interval of the frames, or momenta in the units of their format."
        )
