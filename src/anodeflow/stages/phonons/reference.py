"""Phonon frequencies from the literature, and how far a model is from them."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from anodeflow.errors import ReferenceDataError
from anodeflow.stages.phonons.bands import Bands
from anodeflow.stages.phonons.results import Comparison

POINT_COLUMNS = ["layer", "point", "branch", "frequency_THz"]

EXPECTED = (
    "either path_fraction, branch_1_THz, branch_2_THz, ... (a dense path) or "
    + ", ".join(POINT_COLUMNS)
    + " (high-symmetry points)"
)


def read_reference(path: Path) -> pd.DataFrame:
    """Read reference frequencies from a CSV file in which lines may start with #.

    Dense: path_fraction (0 to 1 on Γ–M–K–Γ, rising) and branch_1_THz to branch_B_THz in THz, sorted
    here at each q. Points: layer, point (G, M or K), branch (from 1), frequency_THz.

    Raises:
        ReferenceDataError: no such file, other columns, or values that are not numbers in range.
    """
    try:
        table = pd.read_csv(path, comment="#", skipinitialspace=True)
    except FileNotFoundError as error:
        raise ReferenceDataError(
            f"There is no reference file {path}; give the path of an existing CSV file."
        ) from error
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ReferenceDataError(
            f"The reference file {path} cannot be read as CSV ({error}); expected columns: "
            f"{EXPECTED}."
        ) from error
    if list(table.columns) == POINT_COLUMNS:
        return _check_points(table, path)
    dense = ["path_fraction", *(f"branch_{i}_THz" for i in range(1, table.shape[1]))]
    if list(table.columns) == dense and len(dense) > 1:
        return _check_dense(table, path)
    raise ReferenceDataError(
        f"The reference file {path} has the columns {', '.join(map(str, table.columns))}; "
        f"expected: {EXPECTED}."
    )


def reference_of_layer(reference: pd.DataFrame, layer: str) -> pd.DataFrame | None:
    """Rows of one layer; a dense table holds one layer and passes, None where there are no rows."""
    if is_dense(reference):
        return reference
    rows = reference[reference["layer"] == layer].reset_index(drop=True)
    return rows if len(rows) else None


def is_dense(reference: pd.DataFrame) -> bool:
    """Whether a table of `read_reference` holds a whole path, not high-symmetry points only."""
    return "path_fraction" in reference.columns


def compare(bands: Bands, reference: pd.DataFrame, *, dos_width_THz: float) -> Comparison:
    """Deviation of a model's frequencies from reference ones, branches paired in rising order.

    mean_abs = mean |ω_model − ω_ref|, max_abs = max |ω_model − ω_ref|, highest_error =
    max ω_model − max ω_ref, all over the q-points of the reference; the model is interpolated
    linearly along the path. For a dense reference also dos_overlap = ∫ min(g_model, g_ref) dω in
    [0, 1], where g are the Gaussian-broadened frequencies of the *path*, each of unit area: not the
    density of states of the zone, which a reference on a path cannot give.

    Args:
        bands: of the model.
        reference: table of `read_reference`, of one layer.
        dos_width_THz: σ of the Gaussians.

    Raises:
        ReferenceDataError: more than one layer, a point missing from the path, or another number
            of branches than the model has.
    """
    dense = is_dense(reference)
    fractions, expected = _dense_values(reference) if dense else _point_values(reference, bands)
    branches = bands.frequencies_THz.shape[1]
    if expected.shape[1] != branches:
        raise ReferenceDataError(
            f"The reference has {expected.shape[1]} branches and the model {branches} (three per "
            "atom of the unit cell); give a reference of the same layer."
        )
    model = interpolate_branches(bands, fractions)
    error = np.abs(model - expected)
    overlap = _dos_overlap(model, expected, fractions, dos_width_THz) if dense else None
    return Comparison(
        kind="path" if dense else "points",
        mean_abs_THz=float(error.mean()),
        max_abs_THz=float(error.max()),
        highest_error_THz=float(model.max() - expected.max()),
        qpoints=len(fractions),
        dos_overlap=overlap,
    )


def interpolate_branches(bands: Bands, fractions: np.ndarray) -> np.ndarray:
    """Sorted frequencies (F, B) in THz at path fractions (F,), linear between the path's points."""
    ordered = np.sort(bands.frequencies_THz, axis=1)
    columns = [np.interp(fractions, bands.fraction, branch) for branch in ordered.T]
    return np.stack(columns, axis=1)


def _check_dense(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    _check_numbers(table, list(table.columns), path)
    fraction = table["path_fraction"].to_numpy()
    if len(table) < 2:
        raise ReferenceDataError(f"{path} has one row of numbers; a band path needs two or more.")
    outside = np.flatnonzero((fraction < 0) | (fraction > 1))
    if len(outside):
        raise ReferenceDataError(
            f"path_fraction in {path} is {fraction[outside[0]]:g} in data row {outside[0] + 1}; it "
            "runs from 0 to 1 along the path, so scale it."
        )
    falls = np.flatnonzero(np.diff(fraction) <= 0)
    if len(falls):
        raise ReferenceDataError(
            f"path_fraction in {path} does not rise after data row {falls[0] + 1} (from "
            f"{fraction[falls[0]]:g} to {fraction[falls[0] + 1]:g}); sort the rows, and take out "
            "repeated ones."
        )
    table.iloc[:, 1:] = np.sort(table.iloc[:, 1:].to_numpy(dtype=float), axis=1)
    return table


def _check_points(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    _check_numbers(table, ["branch", "frequency_THz"], path)
    unknown = sorted(set(table["point"].astype(str)) - {"G", "M", "K"})
    if unknown:
        raise ReferenceDataError(
            f"{path} names the point {unknown[0]}; allowed points are G, M and K."
        )
    for (layer, point), rows in table.groupby(["layer", "point"], sort=False):
        if sorted(rows["branch"]) != list(range(1, len(rows) + 1)):
            raise ReferenceDataError(
                f"{path} must number the branches of {layer} at {point} 1, 2, 3 ... without gap or "
                "repeat; complete them."
            )
    return table


def _check_numbers(table: pd.DataFrame, columns: list[str], path: Path) -> None:
    for column in columns:
        values = pd.to_numeric(table[column], errors="coerce")
        if not np.isfinite(values).all():
            row = int(np.flatnonzero(~np.isfinite(values))[0])
            raise ReferenceDataError(
                f"Column {column} of {path} holds {table[column].iloc[row]!r} in data row "
                f"{row + 1}; put a number there."
            )


def _dense_values(reference: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    columns = [name for name in reference.columns if re.fullmatch(r"branch_\d+_THz", name)]
    return reference["path_fraction"].to_numpy(), reference[columns].to_numpy()


def _point_values(reference: pd.DataFrame, bands: Bands) -> tuple[np.ndarray, np.ndarray]:
    layers = sorted(set(reference["layer"]))
    if len(layers) != 1:
        raise ReferenceDataError(
            f"The reference holds the layers {', '.join(map(str, layers)) or '(none)'}, but one "
            "layer is compared at a time; choose its rows by reference_of_layer."
        )
    where = {name: at for at, name in reversed(bands.labels)}
    groups = {str(point): rows for point, rows in reference.groupby("point", sort=False)}
    values = [np.sort(rows["frequency_THz"].to_numpy()) for rows in groups.values()]
    if len({len(row) for row in values}) != 1:
        raise ReferenceDataError(
            f"The reference of {layers[0]} has different numbers of branches at "
            f"{', '.join(groups)}; complete them."
        )
    return np.array([where[point] for point in groups]), np.array(values)


def _dos_overlap(
    model: np.ndarray, expected: np.ndarray, fractions: np.ndarray, width_THz: float
) -> float:
    low = min(model.min(), expected.min()) - 6 * width_THz
    high = max(model.max(), expected.max()) + 6 * width_THz
    grid = np.linspace(low, high, int(np.ceil((high - low) / width_THz * 10)) + 1)
    weights = np.gradient(fractions)[:, None] * np.ones(model.shape[1])
    curves = []
    for values in (model, expected):
        offset = (grid[:, None] - values.ravel()) / width_THz
        curve = np.exp(-0.5 * offset**2) @ weights.ravel()
        curves.append(curve / np.trapezoid(curve, grid))
    return float(np.trapezoid(np.minimum(*curves), grid))
