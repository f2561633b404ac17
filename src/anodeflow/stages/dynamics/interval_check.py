"""Whether momenta and displacements of an imported run agree on the time between its frames."""

from collections.abc import Sequence
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
    """What atoms tell of each of S times: the correlation of successive velocities, and Δt."""

    least_correlation: np.ndarray
    """(S,), what it is at least; −1 where atoms do not move, or are too few."""
    interval_fs: np.ndarray
    error: np.ndarray
    """Relative, one standard error."""


def check_interval(
    atoms: Atoms, steps: np.ndarray, velocities: np.ndarray, *, interval_fs: float
) -> str:
    """Hold an interval against that by which displacements follow from velocities.

    Δt = 3/(2 + c) ⟨d·(v + v')/2⟩ / ⟨v²⟩ with c = ⟨v·v'⟩/⟨v²⟩ of successive frames: for a vibration
    of θ = ωΔt, ⟨d·(v + v')/2⟩ is ⟨v²⟩ Δt sin θ / θ, c is cos θ, and 3 sin θ / θ differs from
    2 + cos θ by θ⁴/60. It is asked of all atoms, and of those of each element; the most correlated
    ones count, if the heaviest element that moves, which vibrates most slowly, is correlated and
    says the same: where a period passes between frames, some look correlated by chance. Else only
    ⟨d²⟩ ≤ ⟨v²⟩ Δt² is left. Each step is then asked alone, of those who agree with the whole and
    whose correlation holds in most steps: one with a frame missing is twice as long.

    Args:
        atoms: N atoms.
        steps: displacements (F - 1, N, 3) between frames, Å.
        velocities: (F, N, 3), Å/fs.
        interval_fs: the interval as given, fs.

    Returns:
        why it cannot be told; empty where it agrees.

    Raises:
        TrajectoryError: the interval is another, or one of the steps is.
    """
    moving = velocities.any(axis=(0, 2))
    moving |= not moving.any()
    steps, velocities = _at_rest(atoms, steps), _at_rest(atoms, velocities)
    groups = [moving & (atoms.numbers == number) for number in np.unique(atoms.numbers[moving])]
    masses = [atoms.get_masses()[group].mean() for group in groups]
    groups.append(moving)
    sums = [_sums(steps[:, group], velocities[:, group]) for group in groups]
    told = [_tell(each.sum(axis=1, keepdims=True)) for each in sums]
    best = max(told, key=lambda found: float(found.least_correlation[0]))
    heaviest = told[int(np.argmax(masses))]
    known = bool(heaviest.least_correlation[0] >= LEAST_CORRELATION) and _agree(heaviest, best)
    if not known:
        _require_reach(steps, velocities, interval_fs)
    elif _is_other(best, interval_fs)[0]:
        raise TrajectoryError(
            f"The momenta say {best.interval_fs[0]:.3g} fs between frames, where --interval-fs is "
            f"{interval_fs:g}: give the interval of the frames, or momenta in the units of their "
            "format."
        )
    if known:
        agreeing = [each for each, own in zip(sums, told, strict=True) if _agree(own, best)]
        _require_even_steps([_tell(each) for each in agreeing], interval_fs)
        return ""
    return (
        f"the interval of {interval_fs:g} fs is not checked: from frame to frame the momenta "
        "are too little alike to say how far they carry the atoms"
    )


def _at_rest(atoms: Atoms, vectors: np.ndarray) -> np.ndarray:
    """Take the mean by mass off vectors (F, N, 3): a file may keep a drift in one, not in both."""
    masses = atoms.get_masses()
    found: np.ndarray = vectors - np.average(vectors, axis=1, weights=masses)[:, None]
    found[np.abs(found) < ROUNDING * np.abs(vectors).max(initial=0.0)] = 0.0
    return found


def _sums(steps: np.ndarray, velocities: np.ndarray) -> np.ndarray:
    """Return (6, F - 1), of each step: v², v·v', d·w, d², w² and how many move; w = (v + v')/2."""
    before, after = velocities[:-1], velocities[1:]
    mean = (before + after) / 2
    products = ((before**2 + after**2) / 2, before * after, steps * mean, steps**2, mean**2)
    return np.array([np.sum(each, axis=(1, 2)) for each in (*products, before * after != 0)])


def _tell(sums: np.ndarray) -> Told:
    """Let some atoms tell the interval, of each column of sums (6, S)."""
    square, product, along, moved, mean_square, moving = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = product / square
        # Fisher's transformation makes the error of a correlation that of a normal deviate.
        sure = np.arctanh(np.minimum(correlation, 1 - 1e-12))
        sure -= SIGMAS / np.sqrt(np.maximum(moving - 3, 0))
        spread = moved * mean_square / along**2 - 1
        return Told(
            least_correlation=np.where((square > 0) & (moving >= 4), np.tanh(sure), -1.0),
            interval_fs=3 / (2 + correlation) * along / square,
            error=np.where(along == 0, np.inf, np.sqrt(np.maximum(spread, 0.0) / moving)),
        )


def _is_other(told: Told, interval_fs: float) -> np.ndarray:
    """Say of each time (S,) whether it is another than the interval, beyond its error."""
    with np.errstate(invalid="ignore"):
        found: np.ndarray = (
            np.abs(told.interval_fs / interval_fs - 1) > TOLERANCE + SIGMAS * told.error
        )
    return found


def _agree(one: Told, other: Told) -> bool:
    """Say whether two kinds of atoms tell one interval, beyond their errors."""
    first, second = one.interval_fs[0], other.interval_fs[0]
    allowed = TOLERANCE + SIGMAS * (one.error[0] + other.error[0])
    return bool(min(first, second) > 0 and abs(first - second) <= allowed * second)


def _require_even_steps(told: Sequence[Told], interval_fs: float) -> None:
    """Refuse a step that is not as long as the others, by atoms of which one step tells enough."""
    for one in told:
        other = _is_other(one, interval_fs)
        if np.median(one.least_correlation) >= LEAST_CORRELATION and other.any():
            frame = int(other.argmax())
            raise TrajectoryError(
                f"Frames {frame} and {frame + 1} are {one.interval_fs[frame]:.3g} fs apart by "
                f"their momenta, where --interval-fs is {interval_fs:g}: a frame is missing "
                "between them, or one too many; give frames that are evenly spaced."
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
