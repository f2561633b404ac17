"""Random walks of ions on a network, and the hops that runs of molecular dynamics would count."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import nbinom, poisson

from anodeflow.stages.barriers.network import Network, log_weights, rates
from anodeflow.stages.motion.hops import assign_sites, find_hops, settle, watched_time
from anodeflow.stages.motion.msd import frame_interval

LEAST_EXCESS = 1e-4
"""Share by which a variance is above Poisson's before it counts as another: rounding is below."""


@dataclass(frozen=True)
class PredictedHops:
    """The number of hops that runs together would count.

    expected: its mean; standard_error: of that mean, since it is sampled; spread: standard
    deviation of the number itself, √expected if hops come independently of each other; watched_ps:
    mean of the time in which runs would see a hop begin (`hops.watched_time`).
    """

    expected: float
    standard_error: float
    spread: float
    watched_ps: float


@dataclass(frozen=True, eq=False)
class _Ways:
    """The hops out of each site.

    rate: of all of them together (S,), 1/ps; shares: of each, added up (S, K), infinite where a
    site has fewer; sites: that they lead to (S, K); shifts: of these (S, K, 2), in cell vectors.
    """

    rate: np.ndarray
    shares: np.ndarray
    sites: np.ndarray
    shifts: np.ndarray


def walk(
    network: Network,
    temperature: float,
    *,
    times_ps: np.ndarray,
    ions: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Let independent ions walk on a network, from its stationary weights on.

    Exact: an ion leaves site i after a time of density Γ_i exp(−Γ_i t), Γ_i = Σ_j Γ_ij, to j with
    probability Γ_ij / Γ_i. All ions take a hop at once, until the last has passed the end.

    Args:
        network: with the vibrations of its sites and saddles.
        temperature: T, K.
        times_ps: evenly spaced times (F,) at which ions are looked at, ps, the first their start.
        ions: number of ions I.
        rng: of the starts, times and ways.

    Returns:
        unwrapped positions (F, I, 2), Å; sites (F, I).

    Raises:
        TrajectoryError: the times are not evenly spaced.
        ValueError: vibrations were not computed.

    Source: D. T. Gillespie, J. Comput. Phys. 22, 403 (1976), the direct method.
    """
    sites, cells = _visits(network, temperature, times_ps=times_ps, ions=ions, rng=rng)
    return network.positions[sites] + cells @ network.cell, sites


def _visits(
    network: Network,
    temperature: float,
    *,
    times_ps: np.ndarray,
    ions: int,
    rng: np.random.Generator,
    start: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sites (F, I) of a walk, and the cells (F, I, 2) that they lie in.

    start: the site that all begin at; None: by the stationary weights.
    """
    interval, frames = frame_interval(times_ps), len(times_ps)
    ways = _ways(network, temperature)
    if start is None:
        weights = np.exp(log_weights(network, temperature))
        site = rng.choice(len(weights), size=ions, p=weights / weights.sum())
    else:
        site = np.full(ions, start)
    cell, time = np.zeros((ions, 2), dtype=int), np.zeros(ions)
    sites, cells = np.full((frames, ions), -1, np.int32), np.zeros((frames, ions, 2), np.int32)
    sites[0], walking = site, np.arange(ions)
    while len(walking):
        here = site[walking]
        waits, rate = rng.exponential(size=len(here)), ways.rate[here]
        time[walking] += np.divide(waits, rate, out=np.full(len(here), np.inf), where=rate > 0)
        # The first frame that sees the ion at its new site; a later hop before it writes over it.
        frame = np.ceil(time[walking] / interval)
        within = frame < frames
        walking, here, frame = walking[within], here[within], frame[within].astype(int)
        way = (rng.random(len(here))[:, None] >= ways.shares[here]).sum(axis=1)
        site[walking], cell[walking] = ways.sites[here, way], cell[walking] + ways.shifts[here, way]
        sites[frame, walking], cells[frame, walking] = site[walking], cell[walking]
    seen = np.maximum.accumulate(
        np.where(sites >= 0, np.arange(frames, dtype=np.int32)[:, None], 0), axis=0
    )
    return sites[seen, np.arange(ions)], cells[seen, np.arange(ions)]


def _ways(network: Network, temperature: float) -> _Ways:
    """Sort the hops of both directions by the site that they start from."""
    there_and_back = rates(network, temperature)
    starts = network.ends.T.ravel()
    ends, shifts = network.ends[:, ::-1].T.ravel(), np.vstack([network.shifts, -network.shifts])
    speeds = there_and_back.T.ravel()
    count, most = len(network.energies), np.bincount(starts, minlength=1).max()
    found = _Ways(
        np.bincount(starts, weights=speeds, minlength=count),
        np.full((count, most), np.inf),
        np.zeros((count, most), dtype=int),
        np.zeros((count, most, 2), dtype=int),
    )
    for site in range(count):
        own = np.flatnonzero((starts == site) & (speeds > 0))
        if len(own):
            shares = np.cumsum(speeds[own])
            found.shares[site, : len(own)] = shares / shares[-1]
            found.sites[site, : len(own)] = ends[own]
            found.shifts[site, : len(own)] = shifts[own]
    return found


def predicted_hops(
    network: Network,
    temperature: float,
    *,
    hollows: np.ndarray,
    runs_ps: Sequence[float],
    starts: Sequence[int],
    interval_ps: float,
    residence_ps: float,
    walkers: int,
    rng: np.random.Generator,
) -> PredictedHops:
    """Predict how many hops runs with one ion each would count, by the very rule of the runs.

    Walkers are looked at as often as the runs' frames were written, given the nearest hollow
    (`assign_sites`), settled (`settle`) and their hops found (`find_hops`), each over its own run
    from the first frame on, in which an ion that has not stayed anywhere yet cannot hop. They begin
    at the site where the run's ion is in that frame: a short run has not come to equilibrium.

    ASSUME: an ion lies where its site is: it vibrates, but not over the line between hollows.

    Args:
        network: with the vibrations of its sites and saddles.
        temperature: of the runs, K.
        hollows: of the facing lattice (M, 2), Å, in the network's cell.
        runs_ps: length of each run (R,), of what was counted in, ps.
        starts: site that each begins at (R,).
        interval_ps: time between its frames, ps.
        residence_ps: as given to `settle`, ps.
        walkers: for each length of run and start, two at least.
        rng: of the walks.

    Returns:
        the number of all runs together, with the error of its being sampled.

    Raises:
        ValueError: vibrations were not computed.
    """
    nearest = assign_sites(network.positions[None], hollows, network.cell)[0]
    expected = sampled = spread = watched = 0.0
    for (length, start), runs in sorted(Counter(zip(runs_ps, starts, strict=True)).items()):
        times = np.arange(round(length / interval_ps) + 1) * interval_ps
        sites, _ = _visits(network, temperature, times_ps=times, ions=walkers, rng=rng, start=start)
        assigned = nearest[sites]
        settled = settle(assigned, times_ps=times, residence_ps=residence_ps)
        hops = find_hops(settled, sites=hollows, cell=network.cell, times_ps=times)
        counts = np.bincount(hops["ion"].to_numpy(int), minlength=walkers)
        expected += runs * counts.mean()
        spread += runs * counts.var(ddof=1)
        sampled += runs**2 * counts.var(ddof=1) / walkers
        time = watched_time(assigned, settled, times_ps=times, residence_ps=residence_ps)
        watched += runs * time / walkers
    return PredictedHops(
        float(expected), float(np.sqrt(sampled)), float(np.sqrt(spread)), float(watched)
    )


def agreement(counted: int, expected: float, spread: float) -> float:
    """Give the probability p of a count as far off as this one, or farther.

    p = min(1, 2 min(P(N ≤ n), P(N ≥ n))) for N of Poisson's distribution with mean λ, which is that
    of hops that come independently of each other; where they scatter more, s² > λ, of the negative
    binomial distribution with this mean and variance. λ counts as known: its own error has to be
    small beside √λ.

    Args:
        counted: number of hops n of the runs.
        expected: λ, of `predicted_hops`.
        spread: s, likewise.

    Source: J. M. Hilbe, Negative Binomial Regression (Cambridge, 2011), chapter 8.
    """
    excess = spread**2 - expected
    law: Any = poisson(expected)
    if excess > LEAST_EXCESS * expected:
        law = nbinom(expected**2 / excess, expected / spread**2)
    return float(min(1.0, 2 * min(law.cdf(counted), law.sf(counted - 1))))
