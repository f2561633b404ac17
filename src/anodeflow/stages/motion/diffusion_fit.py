"""The diffusion coefficient of a mean square displacement, with its interval, by two methods."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from anodeflow.errors import TrajectoryError
from anodeflow.stages.motion.msd import msd_covariance
from anodeflow.units import A2_PS_TO_CM2_S

TAILS = (2.5, 97.5)
"""Percentiles between which a 95 % interval lies."""

WALKS, WALK_FRAMES, SEED = 1000, 100, 2025
"""Random walks that calibrate the interval, frames of each, and their seed."""


@dataclass(frozen=True)
class DiffusionFit:
    """D of the line MSD = 2 d D τ + b and its 95 % interval, cm²/s."""

    D_cm2_s: float
    D_low_cm2_s: float
    D_high_cm2_s: float


def slope_weights(lags: np.ndarray, *, frames: int, ions: int, dimensions: int) -> np.ndarray:
    """Give the weights (L,) with which MSD values add up to the slope of their line, per frame.

    w = first row of (Aᵀ C⁻¹ A)⁻¹ Aᵀ C⁻¹ with rows A_k = (k, 1) and C of `msd_covariance` for free
    diffusion: generalised least squares. The intercept takes up the vibration in the site.

    Args:
        lags: lags fitted (L,), L ≥ 3, frames.
        frames: length of the run.
        ions: how many it has.
        dimensions: d.

    Source: J. T. Bullerjahn, S. von Bülow, G. Hummer, J. Chem. Phys. 153, 024116 (2020).
    """
    design = np.column_stack([lags, np.ones(len(lags))])
    free = np.arange(frames, dtype=float)
    inverse = np.linalg.inv(msd_covariance(free, lags, ions=ions, dimensions=dimensions))
    found: np.ndarray = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse)[0]
    return found


def fit_diffusion(
    lag_ps: np.ndarray,
    msd: np.ndarray,
    lags: np.ndarray,
    *,
    ions: int,
    dimensions: int,
    hops: int,
    jump_length: float,
) -> DiffusionFit:
    """Fit MSD = 2 d D τ + b by generalised least squares, with an interval that is calibrated.

    The estimate is linear in the MSD (`slope_weights`), so D̂/D of a random walk has a distribution
    that depends on the window, the number of ions and the number of jumps alone. It is sampled with
    `WALKS` random walks, and the 95 % interval is [D̂/q(97.5 %), D̂/q(2.5 %)]. The walks jump as
    often as the ions did, at most 2 d D̂ T I / l² times, so that hops back and forth count for what
    they displace; few hops widen the interval.

    Args:
        lag_ps: all lags of the run (F,), ps.
        msd: mean over the ions at those lags (F,), Å².
        lags: the lags to fit (L,), L ≥ 3, frames.
        ions: number of ions averaged over, I.
        dimensions: d.
        hops: hops counted, all ions together.
        jump_length: l, root mean square length of a hop, Å.

    Raises:
        TrajectoryError: the MSD does not grow in the window, or by so little that D has no upper
            end.
    """
    frames = len(lag_ps)
    weights = slope_weights(lags, frames=frames, ions=ions, dimensions=dimensions)
    slope = float(weights @ msd[lags]) / (lag_ps[1] - lag_ps[0])
    if slope <= 0:
        raise _no_growth(lag_ps[lags])
    jumps = min(hops, slope * lag_ps[-1] * ions / jump_length**2)
    ratios = _walk_slopes(lags / (frames - 1), ions=ions, dimensions=dimensions, jumps=jumps)
    low, high = np.percentile(ratios, TAILS)
    if low <= 0:
        raise TrajectoryError(
            f"{jumps:.0f} jumps of {ions} ions leave the upper end of D open: run longer."
        )
    D = slope / (2 * dimensions) * A2_PS_TO_CM2_S
    return DiffusionFit(*map(float, (D, D / high, D / low)))


def plain_diffusion(
    lag_ps: np.ndarray, msd: np.ndarray, lags: np.ndarray, *, dimensions: int
) -> float:
    """Fit MSD = 2 d D τ + b by ordinary least squares; return D in cm²/s.

    For an MSD whose covariance is not known, so without an interval.

    Args:
        lag_ps: shape (F,), as in `fit_diffusion`.
        msd: likewise, Å².
        lags: as in `fit_diffusion`.
        dimensions: d.

    Raises:
        TrajectoryError: the MSD does not grow in the window.
    """
    slope = np.polyfit(lag_ps[lags], msd[lags], 1)[0]
    if slope <= 0:
        raise _no_growth(lag_ps[lags])
    return float(slope / (2 * dimensions) * A2_PS_TO_CM2_S)


def _no_growth(times_ps: np.ndarray) -> TrajectoryError:
    return TrajectoryError(
        f"The mean square displacement does not grow between {times_ps[0]:g} and "
        f"{times_ps[-1]:g} ps, so no D can be read from it: run longer."
    )


def _walk_slopes(fractions: np.ndarray, *, ions: int, dimensions: int, jumps: float) -> np.ndarray:
    """Fit `WALKS` random walks of true slope 1 over the same window; return the slopes (WALKS,).

    Each ion makes Poisson-distributed jumps in random directions. WALK_FRAMES frames are enough:
    the lags of the window are long, and the weights are made for these frames.
    """
    rng = np.random.default_rng(SEED)
    per_frame = jumps / (ions * (WALK_FRAMES - 1))
    counts = rng.poisson(per_frame, (WALKS, WALK_FRAMES - 1, ions))
    steps = rng.standard_normal((*counts.shape, dimensions), dtype=np.float32)
    steps *= np.sqrt(counts / per_frame)[..., None] / np.linalg.norm(steps, axis=-1, keepdims=True)
    paths = np.cumsum(np.pad(steps, ((0, 0), (1, 0), (0, 0), (0, 0))), axis=1)
    lags = np.unique(np.maximum(1, np.round(fractions * (WALK_FRAMES - 1)).astype(int)))
    moved = ((paths[:, k:] - paths[:, :-k]).reshape(WALKS, -1) for k in lags)
    msd = [np.vecdot(d, d) / (ions * (WALK_FRAMES - k)) for k, d in zip(lags, moved, strict=True)]
    weights = slope_weights(lags, frames=WALK_FRAMES, ions=ions, dimensions=dimensions)
    found: np.ndarray = np.stack(msd, axis=1) @ weights
    return found


def fit_diffusion_by_kinisi(
    positions: np.ndarray, lags: np.ndarray, *, interval_ps: float
) -> DiffusionFit:
    """Fit D by kinisi's Bayesian regression: median and 95 % interval of its posterior.

    The covariance comes from the spread of the observed displacements, which for few ions and long
    lags are too few to tell it: docs/uncertainty.md has how often the interval holds the truth.

    Args:
        positions: in-plane positions (F, I, d), unwrapped, drift removed, Å.
        lags: the lags to fit (L,), frames.
        interval_ps: time between frames, ps.

    Source: A. R. McCluskey, S. W. Coles, B. J. Morgan, J. Chem. Theory Comput. 21, 79 (2025).
    """
    import scipp as sc
    from kinisi.diffusion import Diffusion
    from kinisi.displacement import calculate_msd

    frames, _, dimensions = positions.shape
    # kinisi counts independent displacements against the last interval it is given, the whole run.
    index = np.append(lags, frames - 1)
    names = ["obs", "particle", "dimension"]
    parsed = SimpleNamespace(
        displacements=sc.array(dims=names, values=positions[1:] - positions[0], unit="angstrom"),
        dt_index=sc.array(dims=["time interval"], values=index),
        dt=sc.array(dims=["time interval"], values=index * interval_ps, unit="ps"),
        dimensionality=dimensions * sc.units.dimensionless,
    )
    group = calculate_msd(parsed, progress=False)
    kept = {"da": group["da"]["time interval", : len(lags)].copy()}
    regression = Diffusion(sc.DataGroup(kept | {"dimensionality": group["dimensionality"]}))
    # kinisi seeds numpy's global generator, which is no affair of what runs after it.
    state = np.random.get_state()
    try:
        regression.bayesian_regression(
            start_dt=lags[0] * interval_ps * sc.Unit("ps"),
            progress=False,
            random_state=np.random.RandomState(SEED),
        )
    finally:
        np.random.set_state(state)
    low, middle, high = np.percentile(regression.gradient.values, [TAILS[0], 50, TAILS[1]])
    to_D = A2_PS_TO_CM2_S / (2 * dimensions)
    return DiffusionFit(*(float(value * to_D) for value in (middle, low, high)))
