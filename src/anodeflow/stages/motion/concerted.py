"""Whether ions move together: hops near each other in time and place, and the collective D."""

from itertools import permutations

import numpy as np
import pandas as pd
from scipy.stats import f as fisher

from anodeflow.stages.motion.hop_diffusion import poisson_interval
from anodeflow.stages.motion.msd import frame_interval
from anodeflow.stages.motion.results import Concerted
from anodeflow.structures.geometry import lateral_distances
from anodeflow.structures.sites import like_hollow_distance

TOGETHER_PS = 0.5
"""Hops this close in time may belong together: a crossing takes less, a stay in a hollow more."""

NEIGHBOURS = 1.2
"""Hollows within so many distances of like hollows are neighbours."""

DRAWS, SEED = 2000, 2025
"""Random shifts in time that make up p, and their seed."""

ENOUGH_HOPS = 10
"""Fewer hops say nothing of what ions do together."""


def concerted_motion(
    positions: np.ndarray,
    settled: np.ndarray,
    hops: pd.DataFrame,
    *,
    sites: np.ndarray,
    cell: np.ndarray,
    times_ps: np.ndarray,
    block_fraction: float,
) -> Concerted:
    """Judge from hops and from displacements whether the ions of a run move together.

    Args:
        positions: in-plane positions (F, I, 2), unwrapped, drift removed, Å.
        settled: settled sites (F, I).
        hops: table of `hops.find_hops`.
        sites: lateral positions of the sites (M, 2), Å.
        cell: lateral cell vectors in rows (2, 2), Å.
        times_ps: evenly spaced times (F,), ps.
        block_fraction: length of the blocks of `collective_ratio`, as a fraction of the run.

    Returns:
        nulls and the reason for a single ion, and for few hops.
    """
    ions = settled.shape[1]
    if ions < 2:
        return Concerted(concerted_note="one ion moves with no other")
    if len(hops) < ENOUGH_HOPS:
        few = f"{len(hops)} hops, fewer than {ENOUGH_HOPS}, do not tell whether ions move together"
        return Concerted(concerted_note=few)
    counts = shifted_counts(hops, settled, sites=sites, cell=cell, times_ps=times_ps)
    block = max(1, round(block_fraction * (len(positions) - 1)))
    still = _without_vibration(positions, settled, sites, cell)
    ratio, low, high = collective_ratio(still, block=block, hops=len(hops))
    return Concerted(
        **_compared(counts, ions),
        collective_ratio=ratio,
        collective_ratio_low=low,
        collective_ratio_high=high,
        concerted_note="",
    )


def _without_vibration(
    positions: np.ndarray, settled: np.ndarray, sites: np.ndarray, cell: np.ndarray
) -> np.ndarray:
    """Put ions into the middle of the hollows that they settled in, in the nearest image."""
    away = (sites[settled] - positions) @ np.linalg.inv(cell)
    middles = positions + (away - np.round(away)) @ cell
    found: np.ndarray = np.where((settled >= 0)[..., None], middles, positions)
    return found


def shifted_counts(
    hops: pd.DataFrame,
    settled: np.ndarray,
    *,
    sites: np.ndarray,
    cell: np.ndarray,
    times_ps: np.ndarray,
) -> dict[tuple[int, int], np.ndarray]:
    """Count for ions i and j the hops of j within TOGETHER_PS of a hop of i near which j stays.

    j is near a hop of i if at that time it stays in a hollow within NEIGHBOURS distances of like
    hollows from where the hop begins or ends. The time of the run is closed to a ring, on which the
    hops of j are shifted against those of i by every number of frames: what is counted without a
    shift is observed, the others are what ions would do that are where they are, but hop without
    regard to each other.

    Args:
        hops: table of `hops.find_hops`.
        settled: settled sites (F, I).
        sites: lateral positions of the sites (M, 2), Å.
        cell: lateral cell vectors in rows (2, 2), Å.
        times_ps: evenly spaced times (F,), ps.

    Returns:
        for each i and j the counts by shift (F,), 0 first; pairs without a hop are left out.
    """
    frames, ions = settled.shape
    within = round(TOGETHER_PS / frame_interval(times_ps))
    near = lateral_distances(sites, sites, cell) <= NEIGHBOURS * like_hollow_distance(sites, cell)
    at = np.searchsorted(times_ps, hops["time_ps"].to_numpy() - 1e-9)
    ion, ends = hops["ion"].to_numpy(), hops[["from_site", "to_site"]].to_numpy(int)
    window = np.arange(-within, within + 1)
    counts = {}
    for i, j in permutations(range(ions), 2):
        there = settled[at[ion == i], j]
        beside = (there >= 0) & near[ends[ion == i], there[:, None]].any(axis=1)
        apart = at[ion == i][beside][:, None] - at[ion == j][None]
        if apart.size:
            shifts = (apart[..., None] + window) % frames
            counts[i, j] = np.bincount(shifts.ravel(), minlength=frames)
    return counts


def _compared(counts: dict[tuple[int, int], np.ndarray], ions: int) -> dict[str, float | None]:
    """Compare the pairs of hops together, each seen from both ions, with those after shifts."""
    seen = sum(int(by_shift[0]) for by_shift in counts.values()) / 2
    expected = float(sum(by_shift.mean() for by_shift in counts.values()) / 2)
    if not expected:
        return {}
    frames = len(next(iter(counts.values())))
    moved = np.random.default_rng(SEED).integers(0, frames, (DRAWS, ions))
    drawn = sum(by[(moved[:, j] - moved[:, i]) % frames] for (i, j), by in counts.items()) / 2
    low, high = poisson_interval(seen)
    return {
        "concerted_pairs": seen,
        "concerted_expected": expected,
        "concerted_ratio": seen / expected,
        "concerted_ratio_low": low / expected,
        "concerted_ratio_high": high / expected,
        "concerted_p": float((1 + np.count_nonzero(drawn >= seen - 1e-9)) / (1 + DRAWS)),
    }


def collective_ratio(positions: np.ndarray, *, block: int, hops: int) -> tuple[float, float, float]:
    """Give N D_cm / D, D_cm that of the centre of the N ions, and its 95 % interval.

    It is 1 for ions that move independently, N for ions that move as one, below 1 where one moves
    against the other; its inverse is the Haven ratio, D over the collective D. In B blocks of equal
    length in time let C = Σ_b |Σ_i Δr_i|²/N and Q = Σ_b Σ_i |Δr_i|² − C: then
    N D_cm/D = N ρ/(ρ + N − 1), ρ = (N − 1) C/Q. For independent Gaussian displacements ρ has the F
    distribution of 2B and 2B(N − 1) degrees of freedom. Few hops scatter more: of displacements
    that k hops of one length make, |Δr|² has the variance of 1/(1 + 1/k) Gaussian ones, so that the
    degrees of freedom are divided by 1 + B/n and 1 + N B/n.

    Args:
        positions: in-plane positions (F, N, 2), N ≥ 2, unwrapped, drift removed, Å.
        block: length of a block, frames.
        hops: n, number of hops of all ions together.

    Returns:
        ratio, its lower and its upper end.

    Source: G. E. Murch, Solid State Ionics 7, 177 (1982) for the Haven ratio.
    """
    moved = np.diff(positions[::block], axis=0)
    blocks, ions, _ = moved.shape
    together = float((moved.sum(axis=1) ** 2).sum() / ions)
    apart = max(float((moved**2).sum()) - together, 1e-12)
    rho = together / apart * (ions - 1)
    freedom = (
        2 * blocks / (1 + blocks / hops),
        2 * blocks * (ions - 1) / (1 + ions * blocks / hops),
    )
    ends = (rho, rho / fisher.ppf(0.975, *freedom), rho / fisher.ppf(0.025, *freedom))
    ratio, low, high = (float(ions * end / (end + ions - 1)) for end in ends)
    return ratio, low, high
