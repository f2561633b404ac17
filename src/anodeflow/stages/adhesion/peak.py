"""The peak of an adhesion curve: of the relaxed stack, of energies and slopes, as published."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.interpolate import BPoly, CubicSpline, PPoly, UnivariateSpline

from anodeflow.stages.adhesion.results import FittedPeak, Peak

SPLINE_DEGREE: Final = 4
SPLINE_SMOOTHING = 0.1
SPLINE_GRID = 500
LEAST_POINTS: Final = 4
NEAR: Final = 10
"""Intervals of the scan, those nearest to the peak, by which the noise of energies is judged; those
up the repulsive wall, where points are too far apart to integrate the slope, come last."""

FEW_INTERVALS: Final = 1.21
"""ASSUME: a standard deviation out of ten neighbouring differences, which are worth about seven
degrees of freedom, is raised by this: Student's t over the normal quantile at 95 %."""

COARSER: Final = 2**5 - 1
"""The spline with every other point errs by 2^5 times as much or more, so it differs by this many
of its errors."""


def peak_spline(spacings: np.ndarray, energies: np.ndarray, *, window: Sequence[float]) -> Peak:
    """Find the peak of the published smoothing spline.

    scipy's `UnivariateSpline(d, e, k=4, s=0.1)` through the points with
    window[0] < d < window[1], highest value on 500 equal steps from the first of these points to
    the last. s is so large that the spline is one quartic polynomial.
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
    values = UnivariateSpline(d, e, k=SPLINE_DEGREE, s=SPLINE_SMOOTHING)(grid)
    best = int(values.argmax())
    if best in (0, SPLINE_GRID - 1):
        at_end = f"No peak {where}: the spline is highest at d = {grid[best]:.3f} Å."
        return Peak(found=False, points=len(d), sentence=at_end)
    return Peak(found=True, points=len(d), spacing=float(grid[best]), height=float(values[best]))


def curve_between(spacings: np.ndarray, energies: np.ndarray, slopes: np.ndarray) -> BPoly:
    """Join the points of a scan by a Hermite spline of fifth degree.

    In every interval the polynomial that has the given energies, slopes and curvatures at its ends;
    the curvatures are those of the cubic spline (not-a-knot) through the slopes.

    Args:
        spacings: d, shape (P,), Å, ascending, P ≥ 4.
        energies: shape (P,), eV/nm².
        slopes: their derivatives, shape (P,), eV/nm²/Å.

    Source: C. de Boor, A Practical Guide to Splines (Springer, 1978), ch. IV.
    """
    curvatures = CubicSpline(spacings, slopes)(spacings, 1)
    return BPoly.from_derivatives(spacings, np.stack([energies, slopes, curvatures], axis=1))


def peak_of_points(spacings: np.ndarray, energies: np.ndarray, slopes: np.ndarray) -> FittedPeak:
    """Find the peak of a scan by its energies and slopes, and say how well it is known.

    The maximum of `curve_between` next to where the spline through the slopes falls through zero.
    Each error is the root sum of squares of two: what the noise σ of the energies makes of it, and
    the difference to the peak of every other point (both choices, the larger), divided by 31, since
    the spline's error falls with the fifth power of the distance of points at least. σ is known
    from the scan itself, as energies and slopes say the same twice: r_i = ΔE_i − ∫ slope over an
    interval has variance 2σ²; the ten intervals nearest to the peak count. With B_j the spline of a
    unit energy at point j, δh = Σ B_j(d0) ε_j and δd0 = −Σ B_j'(d0) ε_j / p''(d0).

    Args:
        spacings: d, shape (P,), Å.
        energies: shape (P,), eV/nm².
        slopes: their derivatives, shape (P,), eV/nm²/Å.
    """
    order = np.argsort(spacings)
    d, e, m = (np.asarray(values, float)[order] for values in (spacings, energies, slopes))
    if len(d) < LEAST_POINTS:
        few = f"{len(d)} points: the peak needs {LEAST_POINTS}, scan more spacings."
        return FittedPeak(found=False, points=len(d), sentence=few)
    place = _maximum(d, e, m)
    if place is None:
        end = d[0] if m[0] < 0 else d[-1]
        at_end = f"No peak: adhesion still rises at the end of the scan, {end:.3f} Å."
        return FittedPeak(found=False, points=len(d), sentence=at_end)
    height = float(curve_between(d, e, m)(place))
    along, across = _influence(place, d, curvature=float(CubicSpline(d, m)(place, 1)))
    noise, coarser = _noise(place, d, e, m), _change_of_halves(place, height, d, e, m)
    found = FittedPeak(found=True, points=len(d), spacing=place, height=height, noise_eV_nm2=noise)
    if coarser is None:
        few = "Half of the points show no peak: scan more spacings to know its error."
        return found.model_copy(update={"sentence": few})
    errors = {
        "spacing_error": math.hypot(noise * along, coarser[0] / COARSER),
        "height_error": math.hypot(noise * across, coarser[1] / COARSER),
    }
    return found.model_copy(update=errors)


def _change_of_halves(
    place: float, height: float, d: np.ndarray, e: np.ndarray, m: np.ndarray
) -> tuple[float, float] | None:
    """Return how far the peak of every other point lies off (Å, eV/nm²), None where it has none."""
    halves = [(d[k::2], e[k::2], m[k::2]) for k in (0, 1) if len(d[k::2]) >= LEAST_POINTS]
    peaks = [(other, half) for half in halves if (other := _maximum(*half)) is not None]
    if not peaks:
        return None
    heights = [float(curve_between(*half)(other)) for other, half in peaks]
    return (
        max(abs(other - place) for other, _ in peaks),
        max(abs(other - height) for other in heights),
    )


def _maximum(d: np.ndarray, e: np.ndarray, m: np.ndarray) -> float | None:
    """Return the spacing of the maximum, None where no slope falls through zero."""
    slope = CubicSpline(d, m)
    falls = [x for x in slope.roots(extrapolate=False) if slope(x, 1) < 0]
    if not falls:
        return None
    curve = curve_between(d, e, m)
    near = max(falls, key=curve)
    tops = PPoly.from_bernstein_basis(curve.derivative()).roots(extrapolate=False)
    inner = [x for x in tops if curve(x, 2) < 0]
    return float(min(inner, key=lambda x: abs(x - near))) if inner else None


def _noise(place: float, d: np.ndarray, e: np.ndarray, m: np.ndarray) -> float:
    """Return the standard deviation of the energies about what their slopes integrate to."""
    differences = np.diff(e) - np.diff(CubicSpline(d, m).antiderivative()(d))
    distance = np.abs((d[1:] + d[:-1]) / 2 - place)
    distance[np.minimum(e[1:], e[:-1]) < 0] += d[-1] - d[0]  # the wall comes last
    near = np.argsort(distance)[:NEAR]
    return float(FEW_INTERVALS * np.sqrt(np.mean(differences[near] ** 2) / 2))


def _influence(place: float, d: np.ndarray, *, curvature: float) -> tuple[float, float]:
    """Return by how much unit noise of all energies moves the peak (Å) and its height."""
    first = int(np.clip(np.searchsorted(d, place) - 1, 0, len(d) - 2))
    values, slopes = [], []
    for point in (first, first + 1):
        unit = np.zeros((len(d), 3))
        unit[point, 0] = 1.0
        alone = BPoly.from_derivatives(d, unit)
        values.append(alone(place))
        slopes.append(alone(place, 1))
    return float(np.linalg.norm(slopes) / abs(curvature)), float(np.linalg.norm(values))


def peak_of_relaxed(
    spacing: float, energy: float, left: float, points: FittedPeak, *, curvature: float
) -> FittedPeak:
    """Return the peak that the relaxed stack is, since no force acts on its spacing.

    The slope s that relaxing may have left says how far from the top it is: δd = s / |p''|,
    δh = s² / 2|p''|.

    Args:
        spacing: of the relaxed stack, Å.
        energy: its adhesion energy, eV/nm².
        left: the most that the slope can be there, its amount and its error, eV/nm²/Å.
        points: peak of the scan's own points, the check.
        curvature: of the curve at the peak, eV/nm²/Å².
    """
    return FittedPeak(
        found=True,
        points=points.points,
        spacing=spacing,
        spacing_error=abs(left / curvature),
        height=energy,
        height_error=left**2 / (2 * abs(curvature)),
        noise_eV_nm2=points.noise_eV_nm2,
    )
