"""Hops of ions between the hollows of the facing lattice."""

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from scipy.stats import chi2

from anodeflow.ions import lateral_distances
from anodeflow.msd import A2_PS_TO_CM2_S, frame_interval

UNSETTLED = -1
"""Site of an ion that has not stayed anywhere yet."""

HOP_COLUMNS = ["ion", "time_ps", "from_site", "to_site", "length", "direction"]

IMAGES = np.array([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)])


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
    return nearest % len(sites)


def settle(assigned: np.ndarray, *, times_ps: np.ndarray, residence_ps: float) -> np.ndarray:
    """Keep only visits of at least `residence_ps`; in a shorter one the ion still belongs to the
    site it settled in before.

    This removes the recrossings of a vibrating ion near the line between two sites.

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
    rows = []
    for ion in range(settled.shape[1]):
        path = settled[:, ion]
        before = UNSETTLED
        for frame in np.flatnonzero(np.diff(path)) + 1:
            start, end = path[frame - 1], path[frame]
            if start == UNSETTLED:
                continue
            length = lateral_distances(sites[[start]], sites[[end]], cell)[0, 0]
            direction = "backward" if end == before else "forward"
            rows.append((ion, times_ps[frame], start, end, length, direction))
            before = start
    return pd.DataFrame(rows, columns=HOP_COLUMNS)


def poisson_interval(count: int) -> tuple[float, float]:
    """Give the exact 95 % interval of a Poisson mean from one count n.

    [χ²(0.025; 2n)/2, χ²(0.975; 2n+2)/2], the lower end 0 for n = 0.

    Source: F. Garwood, Biometrika 28, 437 (1936).
    """
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low), float(chi2.ppf(0.975, 2 * count + 2) / 2)


def count_hops(
    settled: np.ndarray, *, sites: np.ndarray, cell: np.ndarray, times_ps: np.ndarray
) -> tuple[dict, pd.DataFrame]:
    """Count the hops of all ions and turn them into a rate and a diffusion coefficient.

    Γ = n / t, with t the time that the ions were settled, summed over them (only then a hop is seen
    to leave a site), and the interval of `poisson_interval`; D_hop = Γ ⟨l²⟩ / (2d), d = 2. Without
    a hop ⟨l²⟩ is the square of the shortest distance between two sites, so that the upper end of
    the interval keeps a meaning.

    Args:
        settled: settled sites (F, I), not all UNSETTLED.
        sites: lateral positions of the sites (M, 2), Å.
        cell: lateral cell vectors in rows (2, 2), Å.
        times_ps: evenly spaced times (F,), ps.

    Returns:
        dict of numbers (rates in 1/ps per ion, D in cm²/s, lengths in Å); the table of `find_hops`.

    Source: G. H. Vineyard, J. Phys. Chem. Solids 3, 121 (1957) for hops between sites.
    """
    # ASSUME: successive hops are uncorrelated; hops back and forth make D_hop an overestimate.
    hops = find_hops(settled, sites=sites, cell=cell, times_ps=times_ps)
    exposure = np.count_nonzero(settled != UNSETTLED) * frame_interval(times_ps)
    backward = int((hops["direction"] == "backward").sum())
    if len(hops):
        square, length = float((hops["length"] ** 2).mean()), float(hops["length"].mean())
    else:
        distances = lateral_distances(sites, sites, cell)
        length = float(distances[~np.eye(len(sites), dtype=bool)].min())
        square = length**2
    low, high = poisson_interval(len(hops))
    rate, rate_low, rate_high = (n / exposure for n in (len(hops), low, high))
    to_D = square / 4 * A2_PS_TO_CM2_S
    summary = {
        "hops": len(hops),
        "forward": len(hops) - backward,
        "backward": backward,
        "hops_per_ion": [int((hops["ion"] == ion).sum()) for ion in range(settled.shape[1])],
        "watched_ion_ps": float(exposure),
        "settled_fraction": float(np.mean(settled != UNSETTLED)),
        "rate_per_ps": rate,
        "rate_low_per_ps": rate_low,
        "rate_high_per_ps": rate_high,
        "jump_length": length,
        "D_hop_cm2_s": rate * to_D,
        "D_hop_low_cm2_s": rate_low * to_D,
        "D_hop_high_cm2_s": rate_high * to_D,
    }
    return summary, hops
