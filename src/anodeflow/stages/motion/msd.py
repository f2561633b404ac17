"""Mean square displacement of the ions, its slope, and their errors."""

import numpy as np
from scipy import fft

from anodeflow.errors import TrajectoryError


def remove_drift(positions: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Follow the atoms in the frame of the host: r_i(t) − [c(t) − c(0)].

    Args:
        positions: unwrapped positions (F, I, 3), Å.
        centre: centre of the host at the same frames (F, 3), Å.

    Returns:
        positions (F, I, 3), Å.
    """
    found: np.ndarray = positions - (centre - centre[0])[:, None, :]
    return found


def frame_interval(times_ps: np.ndarray) -> float:
    """Give the time between frames in ps of evenly spaced times (F,), F ≥ 2.

    Raises:
        TrajectoryError: the frames are not evenly spaced in time.
    """
    steps = np.diff(times_ps)
    if not np.allclose(steps, steps[0], rtol=1e-3, atol=0) or steps[0] <= 0:
        raise TrajectoryError(
            f"The frames are {steps.min():g} to {steps.max():g} ps apart, but a correlation in "
            "time needs even intervals: give the frames of one run, none left out."
        )
    return float((times_ps[-1] - times_ps[0]) / (len(times_ps) - 1))


def mean_square_displacement(
    positions: np.ndarray, *, times_ps: np.ndarray, axes: tuple[int, ...] = (0, 1)
) -> tuple[np.ndarray, np.ndarray]:
    """Average the squared displacement of each ion over all time origins.

    MSD_i(k) = 1/(F−k) Σ_t |r_i(t+k) − r_i(t)|²
             = 1/(F−k) Σ_t [|r_i(t+k)|² + |r_i(t)|²] − 2 S_i(k),
    where S_i(k), the autocorrelation of the positions, comes from a Fourier transform padded to
    2F, so that the cost is F log F.

    Args:
        positions: unwrapped positions (F, I, 3), drift removed, Å.
        times_ps: evenly spaced times (F,), ps.
        axes: Cartesian axes summed over; (0, 1) is in-plane.

    Returns:
        lag times (F,) in ps, from 0; MSD (I, F) in Å².

    Raises:
        TrajectoryError: fewer than two frames, or frames not evenly spaced.

    Source: V. Calandrini et al., Collection SFN 12, 201 (2011), the algorithm of nMOLDYN.
    """
    lag, frames = _lags(positions, times_ps), len(positions)
    paths = np.moveaxis(np.asarray(positions, float)[..., list(axes)], 0, -1)
    # Large coordinates would cancel badly in the difference below.
    paths = paths - paths.mean(axis=-1, keepdims=True)
    origins = frames - np.arange(frames)

    length = fft.next_fast_len(2 * frames, real=True)
    power = np.abs(fft.rfft(paths, n=length)) ** 2
    correlation = fft.irfft(power.sum(axis=1), n=length)[:, :frames] / origins

    square = (paths**2).sum(axis=1)
    from_start = np.cumsum(square[:, ::-1], axis=1)[:, ::-1]
    to_end = np.cumsum(square, axis=1)[:, ::-1]
    msd = (from_start + to_end) / origins - 2 * correlation
    msd[:, 0] = 0.0
    return lag, np.maximum(msd, 0.0)


def displacement_from_first(
    positions: np.ndarray, *, times_ps: np.ndarray, origins: int, axes: tuple[int, ...] = (0, 1)
) -> tuple[np.ndarray, np.ndarray]:
    """Average the squared displacement of each ion over the first time origins only.

    MSD_i(k) = 1/n Σ_{t<n} |r_i(t+k) − r_i(t)|², n = min(N, F−k), N = `origins`. It is unbiased, but
    its N origins lie so close together that at long lags they see one displacement N times: it
    scatters as that of a single origin.

    Args:
        positions: as in `mean_square_displacement`.
        times_ps: likewise.
        origins: N, frames.
        axes: as in `mean_square_displacement`.

    Returns:
        lag times (F,) in ps, from 0; MSD (I, F) in Å².

    Raises:
        TrajectoryError: as `mean_square_displacement` does.
    """
    lag = _lags(positions, times_ps)
    paths = np.moveaxis(np.asarray(positions, float)[..., list(axes)], 0, -1)
    frames = len(lag)
    total = np.zeros((len(paths), frames))
    for origin in range(min(origins, frames)):
        moved = paths[..., origin:] - paths[..., [origin]]
        total[:, : frames - origin] += (moved**2).sum(axis=1)
    return lag, total / np.minimum(origins, frames - np.arange(frames))


def _lags(positions: np.ndarray, times_ps: np.ndarray) -> np.ndarray:
    """Return the lag times (F,) in ps of a run, F ≥ 2."""
    frames = len(positions)
    if frames < 2:
        raise TrajectoryError(
            f"A mean square displacement needs two frames and this run has {frames}: run it longer."
        )
    return np.arange(frames) * frame_interval(times_ps)


def window_lags(frames: int, *, from_fraction: float, to_fraction: float, count: int) -> np.ndarray:
    """Choose up to `count` evenly spaced lags (L,), in frames, between two fractions of a run."""
    first, last = max(1, round(from_fraction * (frames - 1))), round(to_fraction * (frames - 1))
    return (
        np.unique(np.linspace(first, last, count).round().astype(int))
        if last >= first
        else (np.empty(0, int))
    )


def require_unwrapped(positions: np.ndarray, cell: np.ndarray) -> None:
    """Refuse positions (F, I, 3) of which one jumps by more than half a cell vector between frames.

    Args:
        positions: Å.
        cell: lateral cell vectors in rows (2, 2), Å.

    Raises:
        TrajectoryError: an ion jumps that far, as in a trajectory folded into its cell.
    """
    half = np.linalg.norm(cell, axis=1).min() / 2
    jumps = np.linalg.norm(np.diff(positions[..., :2], axis=0), axis=-1)
    if jumps.size and jumps.max() > half:
        frame, ion = np.unravel_index(jumps.argmax(), jumps.shape)
        raise TrajectoryError(
            f"Ion {ion} jumps by {jumps.max():.1f} Å between frames {frame} and {frame + 1}, more "
            f"than half a cell vector ({half:.1f} Å): the positions are folded into the cell or "
            "frames are missing, give unwrapped positions of an unbroken run."
        )


def msd_covariance(
    model: np.ndarray, lags: np.ndarray, *, ions: int, dimensions: int
) -> np.ndarray:
    """Give the covariance of MSD values that share one run, for Gaussian displacements.

    Cov(M_i, M_j) = 2d / (I n_i n_j) Σ_s w_ij(s) c_ij(s)², where n_i = F − i origins,
    c_ij(s) = ½ [g(s+j) + g(s−i) − g(s) − g(s+j−i)] is the covariance per dimension of two
    displacements that start s frames apart, g(k) = MSD(|k|)/d, and w_ij(s) counts the pairs of
    origins s apart.

    Args:
        model: MSD at every lag of the run (F,), from lag 0, Å².
        lags: lags of the values (L,), frames.
        ions: number of ions averaged over.
        dimensions: d, number of Cartesian axes in the MSD.

    Returns:
        covariance (L, L), Å⁴.

    Source: H. Qian, M. P. Sheetz, E. L. Elson, Biophys. J. 60, 910 (1991), here for a general MSD
    instead of that of free diffusion.
    """
    # ASSUME: ions move independently; their mutual repulsion correlates neighbours weakly.
    frames, per_axis = len(model), model / dimensions

    def g(k: np.ndarray) -> np.ndarray:
        found: np.ndarray = per_axis[np.abs(k)]
        return found

    covariance = np.empty((len(lags), len(lags)))
    for a, i in enumerate(lags):
        for b, j in enumerate(lags[a:], start=a):
            n_i, n_j = frames - i, frames - j
            s = np.arange(1 - n_i, n_j)
            pairs = np.minimum(np.minimum(n_i, n_j), np.minimum(n_i + s, n_j - s))
            c = (g(s + j) + g(s - i) - g(s) - g(s + j - i)) / 2
            value = 2 * dimensions * np.sum(pairs * c**2) / (ions * n_i * n_j)
            covariance[a, b] = covariance[b, a] = value
    return covariance


def log_log_slope(
    lag_ps: np.ndarray, msd: np.ndarray, lags: np.ndarray, *, ions: int, dimensions: int
) -> tuple[float, float]:
    """Fit α of MSD ∝ τ^α by least squares of log MSD on log τ, and give its standard error.

    α = Σ a_k log M_k, σ_α² = Σ a_j a_k C_jk / (M_j M_k), C of `msd_covariance` for the power law
    itself. α is 1 for diffusion, 0 for an ion in a cage, 2 for free flight. Ions that do not move
    at all have α = 0.

    Args:
        lag_ps: all lags of the run (F,), ps.
        msd: mean over the ions at those lags (F,), Å².
        lags: the lags to fit (L,), frames.
        ions: number of ions averaged over.
        dimensions: d.
    """
    times, values = lag_ps[lags], msd[lags]
    if np.any(values <= 0):
        return 0.0, 0.0
    logs = np.log(times) - np.log(times).mean()
    weights = logs / (logs @ logs)
    slope = float(weights @ np.log(values))
    # Displacements of stationary motion cannot grow faster than in free flight.
    law = np.exp(np.log(values).mean()) * (lag_ps / np.exp(np.log(times).mean())) ** np.clip(
        slope, 0.0, 2.0
    )
    law[0] = 0.0
    relative = weights / law[lags]
    variance = relative @ msd_covariance(law, lags, ions=ions, dimensions=dimensions) @ relative
    return slope, float(np.sqrt(max(variance, 0.0)))
