"""What a map of the spacing says in three numbers: its lowest and highest place, its variance."""

from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import t as student

from anodeflow.scorecard.quantity import joined_notes
from anodeflow.stages.dynamics.trajectory import Trajectory
from anodeflow.stages.motion.production import phases, stability_note
from anodeflow.stages.motion.results import MapKind, MapNumbers, SeriesMean
from anodeflow.stages.motion.spacing_map import block_maps, spacing_map
from anodeflow.stages.motion.spacing_series import mean_spacing, spacing_series

BLOCKS = 10
"""Parts of the run whose maps are compared."""

MOST_CORRELATED = 0.25
"""Correlation of successive blocks above which they give no error, which would be a fifth too
small or more: a run that hopped once is two states."""


def map_numbers(traj: Trajectory, *, cells: int, kind: MapKind) -> MapNumbers:
    """Read the extremes and the variance off a run's map, with errors from ten parts of the run.

    Lowest and highest are those of `spacing_map` d(c), Å. Their error has two parts: the standard
    error of that cell's mean over the blocks d_b(c), and what picking an extreme of noisy cells is
    wrong by: its distance from the mean of half of the blocks at the cell that is the extreme of
    the other half, averaged over all halves.

    The variance over the cells, Å², is that of what the blocks have in common,
    V = Σ_{b≠b'} ⟨x_b x_b'⟩ / (B(B − 1)), x_b(c) = d_b(c) − ⟨d_b⟩, ⟨ ⟩ the mean over cells: noise of
    finite sampling, which the variance of d has on top, is in no product of two blocks. It can be
    negative within its error, which is the jackknife's over the blocks. low and high are 95 %
    intervals of Student's t.

    No errors are given where successive blocks are correlated by more than MOST_CORRELATED, nor
    where the run is too short for an error of its mean spacing (`correlated_mean.series_mean`).

    Args:
        traj: the run.
        cells: number of cells along each lateral vector.
        kind: as for `spacing_map`.

    Raises:
        TrajectoryError: the run is not of a stack.

    Source: unbiased by pairs of blocks: W. Hoeffding, Ann. Math. Stat. 19, 293 (1948); jackknife:
        B. Efron and C. Stein, Ann. Stat. 9, 586 (1981).
    """
    whole = spacing_map(traj, cells=cells, kind=kind)["spacing"].to_numpy()
    parts = block_maps(traj, cells=cells, kind=kind, blocks=BLOCKS)
    times = traj.times_ps[phases(traj, traj.times_ps) == "production"]
    about: dict[str, Any] = {"frames": len(times)}
    if not len(parts):
        few = f"{len(times)} frames: too few for {BLOCKS} maps, by which the errors are told"
        about["note"] = joined_notes(stability_note(traj), few)
        ends = [float(end) for end in (whole.min(), whole.max())] if len(whole) else [None, None]
        lowest, highest = (SeriesMean(mean=end, **about) for end in ends)
        return MapNumbers(kind=kind, lowest=lowest, highest=highest, variance=SeriesMean(**about))
    about["block_ps"] = float(np.ptp(times)) / BLOCKS
    about["note"] = joined_notes(stability_note(traj), why := _why_no_error(traj, parts))
    found = {
        "lowest": (whole.min(), _error_of_lowest(parts, whole)),
        "highest": (whole.max(), _error_of_lowest(-parts, -whole)),
        "variance": _common_variance(parts),
    }
    return MapNumbers(
        kind=kind,
        **{
            name: SeriesMean(mean=float(value), **({} if why else _interval(value, error)), **about)
            for name, (value, error) in found.items()
        },
    )


def _why_no_error(traj: Trajectory, parts: np.ndarray) -> str:
    """Say why maps of a run's parts (B, C) tell no errors; empty if they do."""
    series, start = spacing_series(traj), traj.production_start_ps
    if mean_spacing(series, discard_ps=start, note="").standard_error is None:
        return "no error: the run is too short for one of its mean spacing"
    memory = _correlation(parts)
    if memory <= MOST_CORRELATED:
        return ""
    return f"no error: maps of successive tenths of the run are correlated by {memory:.2g}"


def _interval(value: float, error: float) -> dict[str, float]:
    half = float(student.ppf(0.975, BLOCKS - 1)) * error
    return {"standard_error": error, "low": float(value - half), "high": float(value + half)}


def _correlation(parts: np.ndarray) -> float:
    """Correlate successive maps (B, C), of which 1/B is what their own mean takes out."""
    off = parts - parts.mean(axis=0)
    square = float(np.mean(off**2))
    if square < 1e-18:  # nothing moves but round-off
        return 0.0
    return float(np.mean(off[1:] * off[:-1])) / square + 1 / len(parts)


def _error_of_lowest(parts: np.ndarray, whole: np.ndarray) -> float:
    """Give the error (Å) of the lowest of `whole` (C,) from maps of its parts (B, C), see above."""
    of_cell = parts[:, whole.argmin()].std(ddof=1) / np.sqrt(len(parts))
    halves = np.array(list(combinations(range(len(parts)), len(parts) // 2)))
    means = parts[halves].mean(axis=1)
    others = means[::-1]  # what the combinations of half leave out, in the reverse order
    unpicked = others[np.arange(len(means)), means.argmin(axis=1)].mean()
    return float(np.hypot(of_cell, unpicked - whole.min()))


def _common_variance(parts: np.ndarray) -> tuple[float, float]:
    """Give V of maps (B, C) as in `map_numbers`, and its error by the jackknife, Å²."""
    off = parts - parts.mean(axis=1, keepdims=True)
    products = off @ off.T / off.shape[1]
    blocks = len(parts)
    pairs = products.sum() - np.trace(products)
    rest = pairs - 2 * (products.sum(axis=1) - np.diag(products))
    left_out = rest / ((blocks - 1) * (blocks - 2))
    error = np.sqrt((blocks - 1) * left_out.var())
    return float(pairs / (blocks * (blocks - 1))), float(error)
