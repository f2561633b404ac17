"""Adhesion energy against interlayer spacing, its peak, and what straining the layers costs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from ase import Atoms
from scipy.interpolate import UnivariateSpline

from anodeflow.errors import ReferenceDataError, StructureError
from anodeflow.spacing import spacing_of
from anodeflow.structure_io import TERMS, stored_energy

EV_NM2_TO_J_M2 = 0.1602176634
"""1 eV/nm² in J/m²: the elementary charge (CODATA 2018, exact) times 1e18 m⁻²."""

ANGSTROM2_TO_NM2 = 0.01
REFERENCE_COLUMNS = ("source", "stack", "spacing_angstrom", "adhesion_ev_per_nm2")
SPACING_COLUMNS = {"sheet": "spacing", "all": "spacing_all_atoms"}
LAYER_STATES = {
    "strained": ("bottom", "top", ""),
    "own": ("bottom_own", "top_own", "_relaxed_reference"),
}
SPLINE_DEGREE = 4
SPLINE_GRID = 500
MIN_FIT_POINTS = 6
MAX_FIT_DEGREE = 4
WINDOW_FACTORS = (0.8, 1.2)
"""Other windows of the fit, in half widths, by which the choice of the window is judged."""


def adhesion_curve(frames: Sequence[Atoms], references: Mapping[str, Atoms]) -> pd.DataFrame:
    """Compute the adhesion energy per area at every spacing of a scan.

    E_adh(d) = (E_bottom + E_top - E_stack(d)) / A, positive when bound.

    Args:
        frames: P relaxed stacks; info energy_model and energy_dispersion, eV.
        references: the layers apart: `bottom` and `top` strained to the common cell and/or
            `bottom_own` and `top_own` in their own cells, energies as in `frames`; of a layer that
            another model relaxed, `bottom_given` or `top_given`, which stands in for the own one.

    Returns P rows: spacing (mean of the sheet's atoms) and spacing_all_atoms (mean of all atoms of
    the top layer), Å; adhesion_eV_nm2 (strained layers) and adhesion_relaxed_reference_eV_nm2
    (layers in their own cells), each also with _no_dispersion before the unit. Columns whose
    energies are not given are left out: structures that carry a total energy only have no curves
    without dispersion.

    Raises:
        StructureError: no frames, an energy is missing, or neither pair of layers is given.

    Source: the study's definition, A Foundation Model for Atomistic Materials Chemistry (2025).
    """
    if not frames:
        raise StructureError("An adhesion curve needs at least one relaxed stack; none was given.")
    states = {
        suffix: [_given_or(references, name) for name in (bottom, top)]
        for bottom, top, suffix in LAYER_STATES.values()
        if bottom in references and top in references
    }
    if not states:
        raise StructureError(
            f"The layers given are {sorted(references)}: adhesion needs bottom and top, or "
            "bottom_own and top_own."
        )
    split = all(a.info.keys() >= TERMS for a in [*frames, *references.values()])
    area = np.array([area_nm2(frame) for frame in frames])
    columns = {
        column: [spacing_of(frame, convention=convention) for frame in frames]
        for convention, column in SPACING_COLUMNS.items()
    }
    for suffix, layers in states.items():
        for term, name in (("total", ""), ("energy_model", "_no_dispersion")):
            if term == "total" or split:
                apart = sum(stored_energy(layer, term) for layer in layers)
                stacked = np.array([stored_energy(frame, term) for frame in frames])
                columns[f"adhesion{suffix}{name}_eV_nm2"] = (apart - stacked) / area
    return pd.DataFrame(columns).sort_values("spacing", ignore_index=True)


def _given_or(references: Mapping[str, Atoms], name: str) -> Atoms:
    """Return a layer, or in place of the one in its own cell the one that another model relaxed."""
    return references.get(name.replace("_own", "_given"), references[name])


def given_energy(references: Mapping[str, Atoms]) -> float | None:
    """Compute by how much layers that another model relaxed raise the adhesion energy.

    (E(given) - E(own, relaxed)) / A, in eV/nm², summed over such layers; A is the area of the
    common cell. None without such a layer.
    """
    ends = [name for name in ("bottom", "top") if f"{name}_given" in references]
    if not ends:
        return None
    return sum(
        stored_energy(references[f"{name}_given"], "total")
        - stored_energy(references[f"{name}_own"], "total")
        for name in ends
    ) / area_nm2(references["top"])


def strain_energy(references: Mapping[str, Atoms]) -> dict[str, float]:
    """Compute what straining the layers to the common cell costs per area of that cell.

    E_strain = (E(strained) - E(own cell)) / A, eV/nm²; the adhesion energy with layers in their own
    cells is smaller than that with strained layers by `total`.

    Args:
        references: `bottom`, `top`, `bottom_own`, `top_own` as `reference_layers` gives them.

    Returns bottom_eV_nm2, top_eV_nm2, total_eV_nm2.
    """
    costs = {}
    for name in ("bottom", "top"):
        difference = stored_energy(references[name], "total") - stored_energy(
            references[f"{name}_own"], "total"
        )
        costs[f"{name}_eV_nm2"] = difference / area_nm2(references[name])
    return costs | {"total_eV_nm2": sum(costs.values())}


def select_curve(
    curve: pd.DataFrame, *, spacing: str, layers: str, dispersion: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Take one curve out of the table of `adhesion_curve`: spacings (P,), Å, energies (P,), eV/nm².

    Args:
        spacing: `sheet` (mean of the sheet's atoms) or `all` (whole top layer, as published).
        layers: `strained` (reference layers in the common cell) or `own` (in their own, as
            published).
        dispersion: with the dispersion term or without.

    Raises:
        StructureError: the table lacks that curve.
    """
    column = f"adhesion{LAYER_STATES[layers][2]}{'' if dispersion else '_no_dispersion'}_eV_nm2"
    if column not in curve.columns:
        raise StructureError(
            f"The adhesion table has no column {column}, only {', '.join(curve.columns)}: compute "
            "it from structures that carry energy_model and energy_dispersion and from all layers."
        )
    return curve[SPACING_COLUMNS[spacing]].to_numpy(), curve[column].to_numpy()


def peak_spline(
    spacings: np.ndarray, energies: np.ndarray, *, window: Sequence[float]
) -> dict[str, object]:
    """Find the peak of the published smoothing spline.

    scipy's `UnivariateSpline(d, e, k=4)` at its default smoothing (s = number of points) through
    the points with window[0] < d < window[1], highest value on 500 equal steps from the first of
    these points to the last. The default s is so large that the spline is one quartic polynomial.
    With the published curves it gives 3.963, 3.995 and 3.892 Å as published.

    Args:
        spacings: d, shape (P,), Å.
        energies: shape (P,), eV/nm².

    Returns found (bool), points, and when found spacing (Å) and height (eV/nm²), else a sentence.
    """
    order = np.argsort(spacings)
    d, e = np.asarray(spacings)[order], np.asarray(energies)[order]
    inside = (d > window[0]) & (d < window[1])
    d, e = d[inside], e[inside]
    where = f"in {window[0]} < d < {window[1]} Å"
    if len(d) <= SPLINE_DEGREE:
        return _no_peak(len(d), f"{len(d)} points {where}: the spline needs {SPLINE_DEGREE + 1}.")
    grid = np.linspace(d[0], d[-1], SPLINE_GRID)
    values = UnivariateSpline(d, e, k=SPLINE_DEGREE)(grid)
    best = int(values.argmax())
    if best in (0, SPLINE_GRID - 1):
        return _no_peak(
            len(d), f"No peak {where}: the spline is highest at d = {grid[best]:.3f} Å."
        )
    return {
        "found": True,
        "points": len(d),
        "spacing": float(grid[best]),
        "height": float(values[best]),
    }


def peak_fit(spacings: np.ndarray, energies: np.ndarray, *, half_width: float) -> dict[str, object]:
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

    Returns found (bool), points, and when found spacing, spacing_error, spacing_window (Å), height,
    height_error, height_window (eV/nm²; the windows null where no other one has enough points),
    degree, and a sentence when the peak is nearer to the end of the scan than half_width; else a
    sentence.
    """
    order = np.argsort(spacings)
    d, e = np.asarray(spacings, float)[order], np.asarray(energies, float)[order]
    peak = _fit_once(d, e, half_width)
    if not peak["found"]:
        return peak
    others = [_fit_once(d, e, half_width * factor) for factor in WINDOW_FACTORS]
    # A window that leaves the same points is no other window.
    others = [fit for fit in others if fit["found"] and fit["points"] != peak["points"]]
    for name in ("spacing", "height"):
        changes = [abs(fit[name] - peak[name]) for fit in others]
        peak[f"{name}_window"] = max(changes) if changes else None
    end = d[0] if peak["spacing"] - d[0] < d[-1] - peak["spacing"] else d[-1]
    if abs(end - peak["spacing"]) < half_width:
        peak["sentence"] = (
            f"The peak at {peak['spacing']:.3f} Å is nearer to the end of the scan, {end:.3f} Å, "
            f"than fit_half_width {half_width:g} Å: it is fitted from one side, scan farther."
        )
    return peak


def _fit_once(d: np.ndarray, e: np.ndarray, half_width: float) -> dict[str, object]:
    """Fit the peak in one window; spacings d (P,) ascend."""
    top = int(e.argmax())
    if top in (0, len(d) - 1):
        return _no_peak(
            len(d), f"No peak: adhesion is highest at the end of the scan, {d[top]:.3f} Å."
        )
    near = np.abs(d - d[top]) <= half_width + 1e-9
    n = int(near.sum())
    if n < MIN_FIT_POINTS:
        return _no_peak(
            n,
            f"{n} points within {half_width} Å of the highest one: the fit needs {MIN_FIT_POINTS}, "
            "scan more spacings or widen adhesion.fit_half_width.",
        )
    degree = min(MAX_FIT_DEGREE, n - 3)
    degrees = [degree, degree - 1] + [degree + 1] * (n - 3 > degree)
    fits = [_polynomial_peak(d[near] - d[top], e[near], k) for k in degrees]
    if None in fits:
        return _no_peak(n, f"No peak within {half_width} Å of the highest point, {d[top]:.3f} Å.")
    position, position_error, height, height_error = fits[0]
    return {
        "found": True,
        "points": n,
        "degree": degree,
        "spacing": float(d[top] + position),
        "spacing_error": float(np.hypot(position_error, max(abs(f[0] - position) for f in fits))),
        "height": float(height),
        "height_error": float(np.hypot(height_error, max(abs(f[2] - height) for f in fits))),
    }


def summarise_adhesion(
    curve: pd.DataFrame,
    references: Mapping[str, Atoms],
    *,
    spacing: str,
    layers: str,
    peak_window: Sequence[float],
    fit_half_width: float,
) -> dict[str, object]:
    """Gather the numbers of one adhesion curve: peaks, published spline, strain energy.

    Args:
        spacing: as in `select_curve`.
        layers: as in `select_curve`.
        peak_window: window of `peak_spline`, Å.
        fit_half_width: half width of `peak_fit`, Å.

    What structures of others do not hold is not made up: without the terms of the energy there is
    no peak without dispersion, and without all four layers strain_energy is null. The same holds
    for given_layers_eV_nm2, of `given_energy`.
    """
    total = select_curve(curve, spacing=spacing, layers=layers, dispersion=True)
    try:
        bare = select_curve(curve, spacing=spacing, layers=layers, dispersion=False)
        bare_peak = peak_fit(*bare, half_width=fit_half_width)
    except StructureError as error:
        bare_peak = _no_peak(0, str(error))
    complete = {name for pair in LAYER_STATES.values() for name in pair[:2]} <= references.keys()
    return {
        "spacing_convention": spacing,
        "layers": layers,
        "peak": peak_fit(*total, half_width=fit_half_width),
        "peak_no_dispersion": bare_peak,
        "peak_published_spline": peak_spline(*total, window=peak_window),
        "strain_energy": strain_energy(references) if complete else None,
        "given_layers_eV_nm2": given_energy(references) if complete else None,
    }


def read_adhesion_reference(path: Path) -> pd.DataFrame:
    """Read curves of others: columns source, stack, spacing_angstrom, adhesion_ev_per_nm2.

    Raises:
        ReferenceDataError: the file is missing, no CSV, or has other columns.
    """
    try:
        table = pd.read_csv(path, comment="#")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ReferenceDataError(
            f"{path} cannot be read as a CSV of adhesion curves ({error}): give a file with the "
            f"columns {', '.join(REFERENCE_COLUMNS)}."
        ) from None
    numbers = [
        pd.to_numeric(table[c], errors="coerce") for c in REFERENCE_COLUMNS[2:] if c in table
    ]
    if tuple(table.columns) != REFERENCE_COLUMNS or any(column.isna().any() for column in numbers):
        raise ReferenceDataError(
            f"{path} has the columns {', '.join(map(str, table.columns))}, or text among its "
            f"numbers; expected are {', '.join(REFERENCE_COLUMNS)}, the last two numbers."
        )
    return table


def area_nm2(atoms: Atoms) -> float:
    """Compute the in-plane area of the cell, |a x b| in nm²."""
    a, b = atoms.cell.array[:2]
    return float(np.linalg.norm(np.cross(a, b))) * ANGSTROM2_TO_NM2


def _no_peak(points: int, sentence: str) -> dict[str, object]:
    return {"found": False, "points": points, "sentence": sentence}


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
