"""The mean of a series that is correlated in time, and how well it is known."""

import numpy as np
from scipy.stats import t as student

from anodeflow.scorecard.quantity import joined_notes
from anodeflow.stages.motion.msd import frame_interval
from anodeflow.stages.motion.results import SeriesMean

WINDOW = 5.0
"""Autocorrelations are summed up to this many correlation times (Sokal's window)."""

LEAST_INDEPENDENT = 10
"""Independent samples below which no error is given: the correlation time is then a guess."""


def correlation_time(values: np.ndarray, interval_ps: float) -> tuple[float, float]:
    """Integrate the autocorrelation of a series.

    τ = Δt (½ + Σ_k ρ(k)) (1 + (2W + 1)/F), summed up to the first W ≥ 5 τ/Δt; uncorrelated values
    have τ = Δt/2. The last factor takes out the bias that comes of subtracting the run's own mean.

    Args:
        values: evenly spaced series (F,).
        interval_ps: Δt, ps.

    Returns:
        τ and its standard error τ √[4 (W + ½ − τ/Δt)/F], ps.

    Source: A. Sokal, in Functional Integration (Plenum, 1997), p. 131; U. Wolff, Comput. Phys.
        Commun. 156, 143 (2004), eqs. 42 and 49.
    """
    frames = len(values)
    rho = _autocorrelation(values)
    if rho is None:
        return interval_ps / 2, 0.0
    tau = np.cumsum(rho) - 0.5
    beyond = np.arange(frames) >= WINDOW * tau
    window = int(np.argmax(beyond)) if beyond.any() else frames - 1
    steps = max(float(tau[window]), 0.5)
    found = steps * (1 + (2 * window + 1) / frames) * interval_ps
    return found, found * float(np.sqrt(4 * max(window + 0.5 - steps, 0.5) / frames))


def squared_correlation_time(values: np.ndarray, interval_ps: float) -> float:
    """Integrate the squared autocorrelation: τ₂ = Δt (½ + Σ_k ρ(k)²), up to ten times τ, ps.

    It is the correlation time of (v − ⟨v⟩)² of Gaussian fluctuations (Isserlis' theorem), better
    known than that integrated from the squares themselves, whose weak slow part is lost in noise.

    `values` is an evenly spaced series (F,).
    """
    rho = _autocorrelation(values)
    if rho is None:
        return interval_ps / 2
    tau, _ = correlation_time(values, interval_ps)
    window = min(int(2 * WINDOW * tau / interval_ps) + 1, len(values) // 2)
    return float(interval_ps * (0.5 + np.square(rho[1:window]).sum()))


def _autocorrelation(values: np.ndarray) -> np.ndarray | None:
    """Give ρ(k) for k = 0 to F − 1, normalised by F; None for a series that does not move."""
    frames = len(values)
    deviation = values - values.mean()
    variance = deviation @ deviation / frames
    # Round-off of a series that does not move at all must not be correlated.
    if np.sqrt(variance) <= 1e-12 * max(1.0, np.abs(values).max()):
        return None
    power = np.abs(np.fft.rfft(deviation, 2 * frames)) ** 2
    found: np.ndarray | None = np.fft.irfft(power)[:frames] / (frames * variance)
    return found


def block_error(values: np.ndarray) -> tuple[int, float]:
    """Give the length of a block and the standard error (unit of the values) of the mean from it.

    ε_B = s_B / √(F/B), with s_B the standard deviation of the means of F/B blocks of B values, for
    B = 1, 2, 4, ... down to two blocks. The shortest B with B³ > 2 F (ε_B / ε_1)⁴ is taken, where
    the bias of short blocks and the scatter of few blocks are balanced; without one, the largest
    error of all.

    Args:
        values: evenly spaced series (F,), F ≥ 2.

    Source: H. Flyvbjerg, H. G. Petersen, J. Chem. Phys. 91, 461 (1989); the choice of B: U. Wolff,
        Comput. Phys. Commun. 156, 143 (2004), as in R. M. Lee et al., Phys. Rev. E 83, 066706
        (2011).
    """
    length, blocks, found = 1, np.asarray(values, float), []
    while len(blocks) >= 2:
        found.append((length, float(blocks.std(ddof=1) / np.sqrt(len(blocks)))))
        even = len(blocks) // 2 * 2
        blocks, length = blocks[:even].reshape(-1, 2).mean(axis=1), 2 * length
    first = found[0][1]
    for length, error in found:
        if length**3 * first**4 > 2 * len(values) * error**4:
            return length, error
    return max(found, key=lambda entry: entry[1])


def series_mean(values: np.ndarray, times_ps: np.ndarray, *, what: str, note: str) -> SeriesMean:
    """Average a series, with an error that respects its correlation in time.

    The standard error is the larger of s √(2τ / (F Δt)), with s the standard deviation and τ of
    `correlation_time`, and of that of `block_error`: each errs to the small side, the first where a
    weak slow motion hides below a fast one, the second where blocks are few. low and high are the
    95 % interval of Student's t for F Δt / (2τ) independent samples. With fewer than 10 of these,
    20 correlation times, the numbers of the error are null and the note says why.

    Args:
        values: evenly spaced series (F,).
        times_ps: their times (F,), ps.
        what: what is averaged, for the note.
        note: what is to be said of the run already, or empty.

    Returns:
        the mean and its error; with fewer than two frames there is no number.

    Raises:
        TrajectoryError: the frames are not evenly spaced, or one stands twice.
    """
    frames = len(values)
    if frames < 2:
        few = f"{frames} frames: too few for a mean {what}"
        return SeriesMean(frames=frames, note=joined_notes(note, few))
    interval = frame_interval(times_ps)
    tau, tau_error = correlation_time(values, interval)
    independent = frames * interval / (2 * tau)
    mean, std = float(values.mean()), float(values.std(ddof=1))
    found = {"frames": frames, "mean": mean, "std": std, "correlation_time_ps": tau}
    found["independent_frames"] = float(independent)
    if independent < LEAST_INDEPENDENT:
        few = (
            f"no error of the {what}: {frames * interval:.3g} ps are {independent:.2g} independent "
            f"samples at a correlation time of {tau:.2g} ps, and fewer than {LEAST_INDEPENDENT} "
            "give no error that can be trusted"
        )
        return SeriesMean(**found, note=joined_notes(note, few))
    length, blocks = block_error(values)
    error = max(std / np.sqrt(independent), blocks)
    half = float(student.ppf(0.975, independent - 1) * error)
    return SeriesMean(
        **found,
        standard_error=float(error),
        low=mean - half,
        high=mean + half,
        correlation_time_error_ps=tau_error,
        block_ps=length * interval,
        block_error=blocks,
        note=note,
    )
