"""The spacing of two layers as a map over the lateral cell."""

import numpy as np
import pandas as pd

from anodeflow.errors import TrajectoryError
from anodeflow.stages.dynamics.trajectory import Trajectory
from anodeflow.stages.motion.msd import remove_drift
from anodeflow.stages.motion.production import phases
from anodeflow.stages.motion.results import SPACING_MAP
from anodeflow.structures import roles

EDGE = 1e-9
"""Å by which rounding may put an atom beyond the edge of a window that counts it."""

LEAST_OCCUPANCY = 0.1
"""Atoms per frame below which a cell of the map shows rare excursions, not a mean height."""


def spacing_map(traj: Trajectory, *, cells: int, kind: str) -> pd.DataFrame:
    """Average the local spacing over the run on a grid over the cell.

    d(a, b) = ⟨z⟩(tag 10 in the cell) − ⟨z⟩(tag 3 in the cell), means over all atoms and stable
    production frames, in the frame of the bottom layer, whose drift is removed. Where a plane has
    less than 0.1 atoms per frame in a cell, its height there is the mean of the nearest cells that
    have more; the samples are those of the cell itself, so that such cells can be told apart.

    Args:
        traj: the run.
        cells: number of cells, or windows, along each lateral vector.
        kind: "cells" are fractional and periodic, each atom counts once; "windows" are squares
            around the points i/(cells − 1) of the cell, 0 and 1 included, of side |a|/(cells − 1),
            both edges counted and nothing beyond the boundary of the cell seen, as the published
            maps had them: where a plane has no atom in one, its spacing is the mean of the others.

    Returns:
        one row per cell: cell_a, cell_b, fraction_a, fraction_b (its centre), spacing (Å),
        sheet_samples, facing_samples; no row for a run without a stable production frame.

    Raises:
        TrajectoryError: the run is not of a stack.
    """
    positions = _production_frames(traj)
    if not len(positions):
        return pd.DataFrame(columns=list(SPACING_MAP.columns), dtype=float)
    spacing, high_samples, low_samples = _local_spacing(traj, positions, cells, kind)
    a, b = np.divmod(np.arange(cells**2), cells)
    columns = (a, b, *_centres(cells, kind).T, spacing, high_samples, low_samples)
    return pd.DataFrame(dict(zip(SPACING_MAP.columns, columns, strict=True)))


def block_maps(traj: Trajectory, *, cells: int, kind: str, blocks: int) -> np.ndarray:
    """Average the local spacing over successive parts of the run, as `spacing_map` does.

    Returns:
        spacing (B, C) of B blocks and C = cells² cells, Å; (0, C) with fewer frames than blocks.
    """
    positions = _production_frames(traj)
    if len(positions) < blocks:
        return np.empty((0, cells**2))
    parts = np.array_split(positions, blocks)
    return np.array([_local_spacing(traj, part, cells, kind)[0] for part in parts])


def _production_frames(traj: Trajectory) -> np.ndarray:
    """Give the stable production (F, N, 3), Å, in the frame of the bottom layer."""
    roles.require_stack(traj.initial, "a spacing map", error=TrajectoryError)
    frames = phases(traj, traj.times_ps) == "production"
    host = traj.positions[:, np.isin(traj.tags, roles.BOTTOM_TAGS)].mean(axis=1)
    followed: np.ndarray = remove_drift(traj.positions, host)[frames]
    return followed


def _local_spacing(
    traj: Trajectory, positions: np.ndarray, cells: int, kind: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Average over positions (F, N, 3): spacing (Å), samples of sheet and facing, (cells²,)."""
    grid = (np.asarray(traj.cell)[:2, :2], cells, kind)
    high, high_samples = _plane_heights(positions[:, traj.tags == roles.SHEET], *grid)
    low, low_samples = _plane_heights(positions[:, traj.tags == roles.UPPER_TERMINATION], *grid)
    spacing = high - low
    if kind == "windows":
        spacing[np.isnan(spacing)] = np.nanmean(spacing)
    return spacing, high_samples, low_samples


def _centres(cells: int, kind: str) -> np.ndarray:
    """Return the middles of cells, or of windows, in fractions of the lateral cell (cells², 2)."""
    places = np.stack(np.divmod(np.arange(cells**2), cells), axis=-1)
    return (places + 0.5) / cells if kind == "cells" else places / (cells - 1)


def _plane_heights(
    positions: np.ndarray, lateral: np.ndarray, cells: int, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Average z of atoms (F, A, 3) in each cell: heights (cells²,) in Å and samples (cells²,).

    Empty windows have no height, NaN.
    """
    fractions = ((positions[..., :2] @ np.linalg.inv(lateral)) % 1.0).reshape(-1, 2)
    count = _count_in_cells if kind == "cells" else _count_in_windows
    samples, total = count(fractions, positions[..., 2].ravel(), lateral, cells)
    if kind == "windows":
        return np.where(samples > 0, total / np.maximum(samples, 1), np.nan), samples
    visited = samples >= min(LEAST_OCCUPANCY * len(positions), samples.max())
    heights = total / np.maximum(samples, 1)
    centres = _centres(cells, kind)
    for cell in np.flatnonzero(~visited):
        separation = centres[visited] - centres[cell]
        separation -= np.round(separation)
        distance = np.linalg.norm(separation @ lateral, axis=1)
        nearest = distance < distance.min() + 1e-6
        heights[cell] = heights[visited][nearest].mean()
    return heights, samples


def _count_in_cells(
    fractions: np.ndarray, z: np.ndarray, _lateral: np.ndarray, cells: int
) -> tuple[np.ndarray, np.ndarray]:
    """Count points of fractions (P, 2) and add up their z (P,) in each cell: two (cells²,)."""
    a, b = (np.floor(fractions * cells).astype(int) % cells).T
    index = a * cells + b
    return (
        np.bincount(index, minlength=cells**2),
        np.bincount(index, weights=z, minlength=cells**2),
    )


def _count_in_windows(
    fractions: np.ndarray, z: np.ndarray, lateral: np.ndarray, cells: int
) -> tuple[np.ndarray, np.ndarray]:
    """Do the same in squares around the points of the windows, both edges counted."""
    # ASSUME: the sides of the published windows lie along x and y.
    points, half = fractions @ lateral, np.linalg.norm(lateral[0]) / (2 * (cells - 1))
    middles = _centres(cells, "windows") @ lateral
    inside = [(np.abs(points - middle) <= half + EDGE).all(axis=1) for middle in middles]
    return np.array([i.sum() for i in inside]), np.array([z[i].sum() for i in inside])
