"""The peak of an adhesion curve: by a polynomial with its error, and by the published spline."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy.interpolate import UnivariateSpline

from anodeflow.errors import known
from anodeflow.stages.adhesion.results import FittedPeak, Peak

SPLINE_DEGREE: Final = 4
SPLINE_GRID = 500
MIN_FIT_POINTS = 6
MAX_FIT_DEGREE = 4
WINDOW_FACTORS = (0.8, 1.2)
"""Other windows of the fit, in half widths, by which the choice of the window is judged."""


def peak_spline(spacings: np.ndarray, energies: np.ndarray, *, window: Sequence[float]) -> Peak:
    """Find the peak of the published smoothing spline.

    scipy's `UnivariateSpline(d, e, k=4)` at its default smoothing (s = number of points) through
    the points with window[0] < d < window[1], highest value on 500 equal steps from the first of
    these points to the last. The default s is so large that the spline is one quartic polynomial.
    With the published curves it gives 3.963, 3.995 and 3.892 Å as published.

    Args:
        spacings: d, shape (P,), Å.
        energies: shape (P,), eV/nm².
        window: the two spacings, Å.
    """
    order = np.argsort(spacings)
    d, e = np.asarray(spacings)[order], np.asarray(energies)[order]
    inside = (d > window[0]) & (d < window[1])
    d, e = d[inside], e[inside]
    where = f"in {window[0]} < d < {window[1]} Å"
    if len(d) <= SPLINE_DEGREE:
        few = f"{len(d)} points {where}: the spline needs {SPLINE_DEGREE + 1}."
        return Peak(found=False, points=len(d), sentence=few)
    grid = np.linspace(d[0], d[-1], SPLINE_GRID)
    values = UnivariateSpline(d, e, k=SPLINE_DEGREE)(grid)
    best = int(values.argmax())
    if best in (0, SPLINE_GRID - 1):
        at_end = f"No peak {where}: the spline is highest at d = {grid[best]:.3f} Å."
        return Peak(found=False, points=len(d), sentence=at_end)
    return Peak(found=True, points=len(d), spacing=float(grid[best]), height=float(values[best]))


def peak_fit(spacings: np.ndarray, energies: np.ndarray, *, half_width: float) -> FittedPeak:
    """Fit the peak with a polynomial and say how well its height and position are known.

    Least squares over the n points within `half_width` of the highest one: a quartic (a cubic if
    n = 6). d0 is the root of p' with p'' < 0, h = p(d0). Each error is the root sum of squares of
    the fit's own, from the covariance scaled by the residual,
    sigma(d0)² = g C g / p''(d0)², g_k = k d0^(k-1), and sigma(h)² = v C v, v_k = d0^k,
    and of the largest change when the degree is altered by one, which covers the choice of the form
    (raised only if that leaves two points more than coefficients). Apart from it stands `_window`,
    the largest change when the window is a fifth narrower or wider: what the choice of half_width
    decides.

    Args:
        spacings: d, shape (P,), Å.
        energies: shape (P,), eV/nm².
        half_width: Å.

    Returns:
        the peak, with a sentence when it is nearer to the end of the scan than half_width.
    """
    order = np.argsort(spacings)
    d, e = np.asarray(spacings, float)[order], np.asarray(energies, float)[order]
    peak = _fit_once(d, e, half_width)
    if not peak.found:
        return peak
    others = [_fit_once(d, e, half_width * factor) for factor in WINDOW_FACTORS]
    # A window that leaves the same points is no other window.
    others = [fit for fit in others if fit.found and fit.points != peak.points]
    spacing = known(peak.spacing)
    more: dict[str, Any] = {
        "spacing_window": _largest_change(spacing, [known(fit.spacing) for fit in others]),
        "height_window": _largest_change(known(peak.height), [known(fit.height) for fit in others]),
    }
    end = d[0] if spacing - d[0] < d[-1] - spacing else d[-1]
    if abs(end - spacing) < half_width:
        more["sentence"] = (
            f"The peak at {spacing:.3f} Å is nearer to the end of the scan, {end:.3f} Å, "
            f"than fit_half_width {half_width:g} Å: it is fitted from one side, scan farther."
        )
    return peak.model_copy(update=more)


def _largest_change(value: float, others: list[float]) -> float | None:
    return max((abs(other - value) for other in others), default=None)


def _fit_once(d: np.ndarray, e: np.ndarray, half_width: float) -> FittedPeak:
    """Fit the peak in one window; spacings d (P,) ascend."""
    top = int(e.argmax())
    if top in (0, len(d) - 1):
        at_end = f"No peak: adhesion is highest at the end of the scan, {d[top]:.3f} Å."
        return FittedPeak(found=False, points=len(d), sentence=at_end)
    near = np.abs(d - d[top]) <= half_width + 1e-9
    n = int(near.sum())
    if n < MIN_FIT_POINTS:
        few = (
            f"{n} points within {half_width} Å of the highest one: the fit needs {MIN_FIT_POINTS}, "
            "scan more spacings or widen adhesion.fit_half_width."
        )
        return FittedPeak(found=False, points=n, sentence=few)
    degree = min(MAX_FIT_DEGREE, n - 3)
    degrees = [degree, degree - 1] + [degree + 1] * (n - 3 > degree)
    tried = [_polynomial_peak(d[near] - d[top], e[near], k) for k in degrees]
    fits = [fit for fit in tried if fit is not None]
    if len(fits) < len(tried):
        none = f"No peak within {half_width} Å of the highest point, {d[top]:.3f} Å."
        return FittedPeak(found=False, points=n, sentence=none)
    position, position_error, height, height_error = fits[0]
    return FittedPeak(
        found=True,
        points=n,
        degree=degree,
        spacing=float(d[top] + position),
        spacing_error=float(np.hypot(position_error, max(abs(f[0] - position) for f in fits))),
        height=float(height),
        height_error=float(np.hypot(height_error, max(abs(f[2] - height) for f in fits))),
    )


def _polynomial_peak(
    x: np.ndarray, y: np.ndarray, degree: int
) -> tuple[float, float, float, float] | None:
    """Fit and return (position, error, height, error) of the highest inner maximum, or None."""
    coefficients, covariance = np.polyfit(x, y, degree, cov=True)
    polynomial = np.poly1d(coefficients)
    roots = polynomial.deriv().roots
    real = roots[np.abs(roots.imag) < 1e-9].real
    inner = [r for r in real if x[0] < r < x[-1] and polynomial.deriv(2)(r) < 0]
    if not inner:
        return None
    at = max(inner, key=polynomial)
    powers = np.arange(degree, -1, -1)
    value = at**powers
    slope = powers * at ** np.maximum(powers - 1, 0)
    position_error = np.sqrt(slope @ covariance @ slope) / abs(polynomial.deriv(2)(at))
    return at, position_error, polynomial(at), np.sqrt(value @ covariance @ value)
