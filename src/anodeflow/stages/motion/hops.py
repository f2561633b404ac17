"""Hops of ions between the hollows of the facing lattice."""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from scipy.stats import beta

from anodeflow.stages.motion.hop_diffusion import (
    IMAGES,
    hop_diffusion,
    hop_memory,
    poisson_interval,
)
from anodeflow.stages.motion.msd import frame_interval
from anodeflow.stages.motion.results import HOPS, BackwardShare, HopCounts, HopRate
from anodeflow.structures.geometry import lateral_distances
from anodeflow.structures.sites import like_hollow_distance

UNSETTLED = -1
"""Site of an ion that has not stayed anywhere yet."""


def assign_sites(xy: np.ndarray, sites: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Give each ion the nearest site by minimum image.

    Args:
        xy: lateral positions (F, I, 2), wrapped or not, Å.
        sites: lateral positions of the sites (M, 2), Å.
        cell: lateral cell vectors in rows (2, 2), Å.

    Returns:
        index of the site (F, I).
    """
    fold = np.linalg.inv(cell)
    images = (((sites @ fold) % 1.0) + IMAGES[:, None, :]).reshape(-1, 2) @ cell
    _, nearest = cKDTree(images).query(((xy @ fold) % 1.0) @ cell)
    return np.asarray(nearest) % len(sites)


def settle(assigned: np.ndarray, *, times_ps: np.ndarray, residence_ps: float) -> np.ndarray:
    """Keep only visits of at least `residence_ps`.

    In a shorter one the ion still belongs to the site it settled in before. This removes the
    recrossings of a vibrating ion near the line between two sites.

    Args:
        assigned: site of each ion (F, I).
        times_ps: evenly spaced times (F,), ps; a visit of k frames lasts k intervals.
        residence_ps: shortest visit that counts, ps.

    Returns:
        settled site (F, I); UNSETTLED before the first visit that counts.
    """
    least = residence_ps / frame_interval(times_ps) - 1e-6
    settled = np.empty_like(assigned)
    for ion in range(assigned.shape[1]):
        starts = np.flatnonzero(np.diff(assigned[:, ion], prepend=UNSETTLED))
        lengths = np.diff(starts, append=len(assigned))
        site = UNSETTLED
        for start, length in zip(starts, lengths, strict=True):
            if length >= least:
                site = assigned[start, ion]
            settled[start : start + length, ion] = site
    return settled


def find_hops(
    settled: np.ndarray, *, sites: np.ndarray, cell: np.ndarray, times_ps: np.ndarray
) -> pd.DataFrame:
    """List every change of the settled site.

    A hop is backward when it returns to the site that the ion's previous hop left, else forward.

    Args:
        settled: settled sites (F, I).
        sites: lateral positions of the sites (M, 2), Å.
        cell: lateral cell vectors in rows (2, 2), Å.
        times_ps: times (F,), ps.

    Returns:
        one row per hop: ion, time_ps, from_site, to_site, length (Å), direction.
    """
    rows, lengths = [], lateral_distances(sites, sites, cell)
    for ion in range(settled.shape[1]):
        path = settled[:, ion]
        before = UNSETTLED
        for frame in np.flatnonzero(np.diff(path)) + 1:
            start, end = path[frame - 1], path[frame]
            if start == UNSETTLED:
                continue
            direction = "backward" if end == before else "forward"
            rows.append((ion, times_ps[frame], start, end, lengths[start, end], direction))
            before = start
    return pd.DataFrame(rows, columns=list(HOPS.columns))


def watched_time(
    assigned: np.ndarray, settled: np.ndarray, *, times_ps: np.ndarray, residence_ps: float
) -> float:
    """Add up the time (ps, over all ions) during which a hop could begin and be seen.

    A settled ion is known to have stayed for `residence_ps`, so its risk of leaving is watched only
    after that: each stay counts from its first frame to the last one that the ion is really there,
    less `residence_ps`, and at least one interval. A memoryless ion of rate Γ then leaves n = Γ t
    times on average, however near 1/Γ is to `residence_ps`.

    Args:
        assigned: site of each ion (F, I), before `settle`.
        settled: likewise, after it.
        times_ps: evenly spaced times (F,), ps.
        residence_ps: as given to `settle`.

    Source: left-truncated exponential lifetimes, e.g. J. F. Lawless, Statistical Models and Methods
        for Lifetime Data (Wiley, 2003), chapter 2.
    """
    interval = frame_interval(times_ps)
    least = max(1, int(np.ceil(residence_ps / interval - 1e-6)))
    frames = 0
    for ion in range(settled.shape[1]):
        path = settled[:, ion]
        starts = np.flatnonzero(np.diff(path, prepend=UNSETTLED - 1))
        for start, end in zip(starts, [*starts[1:], len(path)], strict=True):
            there = np.flatnonzero(assigned[start:end, ion] == path[start])
            if path[start] != UNSETTLED:
                frames += max(there[-1] + 1 - least + 1, 1)
    return float(frames * interval)


def hop_rate(*, hops: int, backward: int, watched_ps: float, residence_ps: float) -> HopRate:
    """Give the rate at which an ion leaves its site, Γ = n / t, and its 95 % interval, 1/ps.

    The ends are those of `poisson_interval`. A hop that is taken back within `residence_ps` leaves
    no trace; of a memoryless ion that is a share (1 − exp(−Γ t_res)) p_b of all, p_b the share of
    hops backward, so the upper end is divided by 1 − this share.
    """
    low, high = (count / watched_ps for count in poisson_interval(hops))
    share = backward / hops if hops else 0.0
    hidden = -np.expm1(-high * residence_ps) * share
    return HopRate(
        hops=hops,
        watched_ion_ps=watched_ps,
        rate_per_ps=hops / watched_ps,
        rate_low_per_ps=low,
        rate_high_per_ps=float(high / (1 - hidden)),
    )


def backward_share(*, backward: int, pairs: int) -> BackwardShare:
    """Give the share of hops that go back, p = b / N, and its exact 95 % binomial interval.

    Low and high are the 0.025-quantile of Beta(b, N − b + 1) and the 0.975-quantile of
    Beta(b + 1, N − b). An ion without memory goes back with 1/3 on hollows of both kinds, with 1/6
    on those of one kind: the number of its ways out.

    Args:
        backward: number of hops that return to the site that the ion's previous hop left.
        pairs: number of hops N that follow another one of the same ion, and so could.

    Source: C. J. Clopper and E. S. Pearson, Biometrika 26, 404 (1934).
    """
    if not pairs:
        return BackwardShare(successive_hops=0)
    return BackwardShare(
        successive_hops=pairs,
        backward_share=backward / pairs,
        backward_share_low=float(
            beta.ppf(0.025, backward, pairs - backward + 1) if backward else 0
        ),
        backward_share_high=float(
            beta.ppf(0.975, backward + 1, pairs - backward) if backward < pairs else 1
        ),
    )


def count_hops(
    assigned: np.ndarray,
    settled: np.ndarray,
    *,
    sites: np.ndarray,
    kinds: np.ndarray,
    cell: np.ndarray,
    times_ps: np.ndarray,
    residence_ps: float,
) -> tuple[HopCounts, pd.DataFrame]:
    """Count the hops of all ions and turn them into a rate and a diffusion coefficient.

    The rate is that of `hop_rate` in the time of `watched_time`, D that of `hop_diffusion` in the
    time that the ions were settled: a hop over a short stop is a longer one there.
    Without a hop ⟨l²⟩ is the square of the shortest distance between two sites where ions were
    seen to stay in both kinds of hollows; else that between like hollows, a² in place of a²/3,
    since ions that use one kind only hop that far.

    Args:
        assigned: site of each ion (F, I).
        settled: settled sites (F, I), not all UNSETTLED.
        sites: lateral positions of the sites (M, 2), Å.
        kinds: which of the two kinds of hollows each site is (M,), 0 or 1.
        cell: lateral cell vectors in rows (2, 2), Å.
        times_ps: evenly spaced times (F,), ps.
        residence_ps: as given to `settle`.

    Returns:
        the counts (rates in 1/ps per ion, D in cm²/s, lengths in Å); the table of `find_hops`.
    """
    hops = find_hops(settled, sites=sites, cell=cell, times_ps=times_ps)
    settled_ps = float(np.count_nonzero(settled != UNSETTLED) * frame_interval(times_ps))
    watched = watched_time(assigned, settled, times_ps=times_ps, residence_ps=residence_ps)
    backward = int((hops["direction"] == "backward").sum())
    stays = np.unique(kinds[settled[settled != UNSETTLED]])
    square, length, spread = _jump_lengths(hops, sites, cell, one_kind=len(stays) == 1)
    effective = _effective_hops(hops["length"].to_numpy(float))
    memory = hop_memory(hops, sites=sites, cell=cell)
    rate = hop_rate(
        hops=len(hops), backward=backward, watched_ps=watched, residence_ps=residence_ps
    )
    seen = {"effective": effective, "square": square, "settled_ps": settled_ps}
    counted = HopCounts(
        **dict(rate),
        forward=len(hops) - backward,
        backward=backward,
        hops_per_ion=[int((hops["ion"] == ion).sum()) for ion in range(settled.shape[1])],
        settled_ion_ps=settled_ps,
        settled_fraction=float(np.mean(settled != UNSETTLED)),
        jump_length=length,
        jump_length_spread=spread,
        jump_length_rms=float(np.sqrt(square)),
        effective_hops=effective,
        **hop_diffusion(hops=len(hops), **seen, memory=memory),
        memory=memory,
    )
    return counted, hops


def _effective_hops(lengths: np.ndarray) -> float:
    """Give the number of equal hops whose summed l² scatters as that of these hops."""
    return float((lengths**2).sum() ** 2 / (lengths**4).sum()) if len(lengths) else 0.0


def _jump_lengths(
    hops: pd.DataFrame, sites: np.ndarray, cell: np.ndarray, *, one_kind: bool
) -> tuple[float, float, float | None]:
    """Give the mean square (Å²) and mean (Å) length of the hops, and the spread (Å) of several."""
    lengths = hops["length"]
    if len(hops):
        spread = float(lengths.std(ddof=1)) if len(hops) > 1 else None
        return float((lengths**2).mean()), float(lengths.mean()), spread
    if one_kind:
        length = like_hollow_distance(sites, cell)
        return length**2, length, None
    distances = lateral_distances(sites, sites, cell)
    shortest = float(distances[~np.eye(len(sites), dtype=bool)].min())
    return shortest**2, shortest, None
