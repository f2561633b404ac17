"""The diffusion coefficient of hops: their number, their lengths, and how they are correlated."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2
from scipy.stats import t as student

from anodeflow.stages.motion.results import HopMemory
from anodeflow.units import A2_PS_TO_CM2_S

IMAGES = np.array([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)])

LAGS = 10
"""Hops after which one counts as forgotten."""

ENOUGH_PAIRS = 10
"""Fewer pairs of successive hops say nothing of their correlation."""

EQUAL = 0.98
"""Share of effective hops from which on all hops count as equally long."""


class CorrelationFactor(NamedTuple):
    """By how much correlated hops move an ion farther (above 1) or less far; 95 % interval."""

    factor: float
    low: float
    high: float


def poisson_interval(count: float) -> tuple[float, float]:
    """Give the exact 95 % interval of a Poisson mean, a number of events, from one count n.

    n may be an effective count, which is no whole number.

    [χ²(0.025; 2n)/2, χ²(0.975; 2n+2)/2], the lower end 0 for n = 0.

    Source: F. Garwood, Biometrika 28, 437 (1936).
    """
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low), float(chi2.ppf(0.975, 2 * count + 2) / 2)


def hop_memory(hops: pd.DataFrame, *, sites: np.ndarray, cell: np.ndarray) -> HopMemory:
    """Add up r·r' of hops of one ion that come 1 to LAGS after one another.

    Args:
        hops: table of `hops.find_hops`, of each ion in the order of time.
        sites: lateral positions of the sites (M, 2), Å.
        cell: lateral cell vectors in rows (2, 2), Å.
    """
    ends = sites[hops["to_site"].to_numpy(int)] - sites[hops["from_site"].to_numpy(int)]
    images = ends[:, None] + (IMAGES @ cell)[None]
    shortest = np.linalg.norm(images, axis=-1).argmin(axis=1)
    vectors = images[np.arange(len(ends)), shortest]
    paths = [vectors[(hops["ion"] == ion).to_numpy()] for ion in hops["ion"].unique()]
    found = []
    for lag in range(1, LAGS + 1):
        each = [(path[lag:] * path[:-lag]).sum(axis=1) for path in paths]
        products = np.concatenate([*each, np.empty(0)])
        found.append((len(products), float(products.sum()), float((products**2).sum())))
    pairs, sums, squares = zip(*found, strict=True)
    return HopMemory(pairs=pairs, products=sums, squares=squares)


def correlation_factor(
    memory: HopMemory, *, square: float, equal: bool
) -> CorrelationFactor | None:
    """Give the correlation factor f of hops, D = f Γ ⟨r²⟩ / (2d), and its 95 % interval.

    Of hops of one length f = (1 + c)/(1 − c), c = ⟨cos θ⟩, θ between successive hops of an ion,
    which is exact where an ion remembers its last hop only. Else f = 1 + 2 Σ_n g_n, with
    g_n = ⟨r_1·r_1+n⟩/⟨r²⟩, up to the first g_n within two of its errors.

    c and g_n are means over N pairs and two more, of 1 and −1, so that no f is 0 or infinite and
    an error stays where all pairs are alike; c ± t(N + 1) of its errors is the interval, its upper
    end at most that of one turn in N + 2 pairs.

    Args:
        memory: of the hops.
        square: ⟨r²⟩, Å².
        equal: whether the hops are of one length.

    Returns:
        None with fewer than ENOUGH_PAIRS pairs.

    Source: K. Compaan, Y. Haven, Trans. Faraday Soc. 52, 786 (1956); two pairs more: A. Agresti,
        B. A. Coull, Am. Stat. 52, 119 (1998).
    """
    # ASSUME: of hops of one length an ion remembers the last one only.
    pairs = memory.pairs[0]
    if pairs < ENOUGH_PAIRS:
        return None
    beyond = float(student.ppf(0.975, pairs + 1))
    if equal:
        c, error = _mean_cosine(memory, 0, square)
        least, most = max(c - beyond * error, -1.0), min(c + beyond * error, 1 - 1 / (pairs + 2))
        return CorrelationFactor(*((1 + end) / (1 - end) for end in (c, least, most)))
    total, variance = 1.0, 0.0
    for lag, count in enumerate(memory.pairs):
        mean, error = _mean_cosine(memory, lag, square)
        variance += 4 * error**2
        if abs(mean) < 2 * error or count < ENOUGH_PAIRS:
            break
        total += 2 * mean
    half = beyond * float(np.sqrt(variance))
    return CorrelationFactor(*(max(end, 0.0) for end in (total, total - half, total + half)))


def _mean_cosine(memory: HopMemory, lag: int, square: float) -> tuple[float, float]:
    """Return ⟨r·r'⟩/⟨r²⟩ at a lag and its standard error, with a pair of 1 and one of −1 more."""
    count = memory.pairs[lag] + 2
    mean = memory.products[lag] / square / count
    variance = (memory.squares[lag] / square**2 + 2) / count - mean**2
    return mean, float(np.sqrt(variance / count))


def hop_diffusion(
    *, hops: int, effective: float, square: float, settled_ps: float, memory: HopMemory
) -> dict[str, float | None]:
    """Give D = f n ⟨l²⟩ / (2d t), d = 2, its 95 % interval, and an upper bound.

    f is that of `correlation_factor`. The number of hops has the interval of (Σ l²)² / Σ l⁴ ones,
    fewer than n where lengths differ. Relative distances to the ends of both intervals add up in
    squares: ln D_high = ln D + √(ln²(n_high/n) + ln²(f_high/f)).
    The bound is n_high f_high ⟨l²⟩ / (2d t). Without ENOUGH_PAIRS pairs f is not known: there is no
    D then, and the bound takes 1 for f_high.

    Args:
        hops: n.
        effective: (Σ l²)² / Σ l⁴.
        square: ⟨l²⟩, Å².
        settled_ps: t, of all ions together, ps.
        memory: of the hops.

    Returns:
        by the names of `results.HopCounts`; D in cm²/s.

    Source: G. H. Vineyard, J. Phys. Chem. Solids 3, 121 (1957) for hops between sites; G. Y. Zou,
        A. Donner, Stat. Med. 27, 1693 (2008) for the interval of a product.
    """
    # ASSUME: ions of which fewer than ENOUGH_PAIRS pairs of hops are seen do not go straight on.
    per_hop = (hops / effective if hops else 1.0) * square / 4 / settled_ps * A2_PS_TO_CM2_S
    n_low, n_high = poisson_interval(effective)
    f = correlation_factor(memory, square=square, equal=effective >= EQUAL * hops)
    if f is None:
        return {"D_hop_bound_cm2_s": n_high * per_hop}
    middle = effective * f.factor
    low, high = 0.0, n_high * f.high
    if f.low > 0:
        low = middle * np.exp(-np.hypot(np.log(effective / n_low), np.log(f.factor / f.low)))
    if f.factor > 0:
        high = middle * np.exp(np.hypot(np.log(n_high / effective), np.log(f.high / f.factor)))
    return {
        "D_hop_cm2_s": middle * per_hop,
        "D_hop_low_cm2_s": float(low * per_hop),
        "D_hop_high_cm2_s": float(high * per_hop),
        "D_hop_bound_cm2_s": n_high * f.high * per_hop,
        "correlation_factor": f.factor,
        "correlation_factor_low": f.low,
        "correlation_factor_high": f.high,
    }
