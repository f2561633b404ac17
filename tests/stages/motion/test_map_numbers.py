"""The lowest and highest place of a map and its variance, against fields that are known."""

import numpy as np
import pytest
from ase import Atoms
from synthetic import synthetic_run

from anodeflow.stages.motion.map_numbers import map_numbers
from anodeflow.stages.motion.results import MapNumbers
from anodeflow.stages.motion.spacing_map import block_maps, spacing_map
from anodeflow.structures import roles

SIDE = 8
LATERAL = 12.12 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
PLACES = np.array([((i + 0.5) / SIDE, (j + 0.5) / SIDE) for i in range(SIDE) for j in range(SIDE)])
GRID = {"cells": SIDE, "kind": "cells"}


def run_of(heights, **fields):
    """Return a run whose sheet has heights (F, 64) above a facing plane at rest, an atom a cell."""
    cell = np.zeros((3, 3))
    cell[:2, :2], cell[2, 2] = LATERAL, 40.0
    planes = [(19.0, roles.METAL), (20.0, roles.UPPER_TERMINATION), (24.0, roles.SHEET)]
    at = np.vstack(
        [np.column_stack([PLACES @ LATERAL, np.full(len(PLACES), z)]) for z, _ in planes]
    )
    tags = np.repeat([tag for _, tag in planes], len(PLACES))
    symbols = ["Ti"] * 64 + ["O"] * 64 + ["C"] * 64
    atoms = Atoms(symbols, at, tags=tags, cell=cell, pbc=True)
    positions = np.repeat(at[None], len(heights), axis=0)
    positions[:, tags == roles.SHEET, 2] = 20.0 + heights
    times, centre = np.arange(len(heights)) * 0.1, np.zeros((len(heights), 3))
    fields |= {"times_ps": times, "positions": positions, "ion_positions": centre[:, None][:, :0]}
    return synthetic_run(atoms, times, bottom_centre=centre, top_centre=centre, **fields)


def bump(height, width=2.5):
    """Return a spacing (64,) of 3.9 Å with a Gaussian bump in the middle of the cell."""
    off = PLACES - 0.5
    distance = np.linalg.norm((off - np.round(off)) @ LATERAL, axis=1)
    return 3.9 + height * np.exp(-((distance / width) ** 2) / 2)


def noisy(field, seed, *, frames=200, noise=0.3, memory=0.0):
    """Return a field (64,) with noise that each frame keeps a share of, (frames, 64)."""
    rng = np.random.default_rng(seed)
    found = rng.normal(0, noise, (frames, len(PLACES)))
    for frame in range(1, frames):
        found[frame] = memory * found[frame - 1] + np.sqrt(1 - memory**2) * found[frame]
    return field + found


def test_a_bump_at_rest_has_its_extremes_and_its_variance_and_no_error():
    field = bump(0.8)
    found = map_numbers(run_of(np.repeat(field[None], 30, axis=0)), **GRID)
    for number, exact in (
        (found.lowest, field.min()),
        (found.highest, field.max()),
        (found.variance, field.var()),
    ):
        assert number.mean == pytest.approx(exact)
        assert number.standard_error == pytest.approx(0.0, abs=1e-9)


def test_the_extremes_are_those_of_the_map_that_is_drawn():
    run = run_of(noisy(bump(0.8), 1))
    drawn = spacing_map(run, **GRID)["spacing"]
    found = map_numbers(run, **GRID)
    assert found.lowest.mean == pytest.approx(drawn.min())
    assert found.highest.mean == pytest.approx(drawn.max())
    assert block_maps(run, **GRID, blocks=10).mean(axis=0) == pytest.approx(drawn.to_numpy())


def test_a_flat_stack_with_noise_has_no_variance_where_that_of_its_map_is_far_from_zero():
    """A map of 200 frames holds a variance of 0.3²/200 of noise; what its blocks share, none."""
    flat = np.full(len(PLACES), 3.9)
    off, plain = [], []
    for seed in range(40):
        run = run_of(noisy(flat, seed))
        variance = map_numbers(run, **GRID).variance
        off.append(variance.mean / variance.standard_error)
        plain.append(spacing_map(run, **GRID)["spacing"].var(ddof=0))
    assert np.mean(plain) == pytest.approx(0.3**2 / 200 * 63 / 64, rel=0.1)
    assert abs(np.mean(off)) < 0.3
    assert np.mean(np.abs(off) > 2) < 0.15


@pytest.mark.parametrize("height", [0.1, 0.8])
def test_the_variance_of_a_bump_below_noise_is_that_of_the_bump(height):
    field = bump(height)
    off = []
    for seed in range(30):
        variance = map_numbers(run_of(noisy(field, seed)), **GRID).variance
        assert variance.mean == pytest.approx(field.var(), abs=5 * variance.standard_error)
        off.append((variance.mean - field.var()) / variance.standard_error)
    assert abs(np.mean(off)) < 0.5
    assert 0.5 < np.std(off) < 1.5


def test_the_errors_of_the_extremes_hold_what_picking_them_from_noise_is_wrong_by():
    """The lowest of 64 cells known to 0.02 Å is 0.05 Å too low: more than a cell's own error."""
    flat = np.full(len(PLACES), 3.9)
    found = [map_numbers(run_of(noisy(flat, seed)), **GRID) for seed in range(30)]
    too_low = np.array([3.9 - one.lowest.mean for one in found])
    assert too_low.mean() == pytest.approx(2.35 * 0.3 / np.sqrt(200), rel=0.15)
    ends = [end for one in found for end in (one.lowest, one.highest)]
    assert sum(end.low < 3.9 < end.high for end in ends) >= 57  # 95 % of 60
    # Second route: at a place that stands out nothing is picked, and the error is the cell's own.
    sharp = np.where(np.arange(len(PLACES)) == 27, 4.5, 3.9)
    errors = [
        map_numbers(run_of(noisy(sharp, s)), **GRID).highest.standard_error for s in range(30)
    ]
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(0.3 / np.sqrt(200), rel=0.15)


def test_one_ion_pries_apart_locally_and_eight_evenly():
    """Eight bumps side by side are wider everywhere than one, and more even."""
    one, grid = bump(0.5), bump(0.5).reshape(SIDE, SIDE) - 3.9
    places = [(a, b) for a in (0, 4) for b in (0, 2, 4, 6)]
    eight = 3.9 + sum(np.roll(grid, place, axis=(0, 1)) for place in places).ravel()
    few, many = (map_numbers(run_of(noisy(x, 3)), **GRID) for x in (one, eight))
    assert few.variance.low > many.variance.high
    assert few.lowest.high < many.lowest.low


def test_blocks_that_remember_each_other_give_no_error():
    hopped = np.repeat([bump(0.8), bump(0.0)], 100, axis=0)
    found = map_numbers(run_of(hopped + noisy(0.0, 2, noise=0.1)), **GRID)
    assert found.lowest.mean is not None and found.variance.mean is not None
    assert found.lowest.standard_error is found.variance.standard_error is None
    assert "are correlated by" in found.lowest.note


def test_a_run_too_short_for_an_error_of_its_mean_spacing_gives_none_of_its_map():
    """Parts of a slow oscillation can look independent, one up and the next down."""
    phase = np.arange(20) * np.pi / 2
    heights = bump(0.8) + 0.2 * np.sin(phase)[:, None]
    assert map_numbers(run_of(heights), **GRID).lowest.standard_error is not None
    slow = np.sin(np.arange(20) * np.pi / 20)
    found = map_numbers(run_of(heights, spacing=4.0 + 0.2 * slow), **GRID)
    assert found.lowest.mean == pytest.approx(heights.mean(axis=0).min())
    assert found.lowest.standard_error is found.variance.standard_error is None
    assert found.lowest.note == "no error: the run is too short for one of its mean spacing"


def test_noise_that_is_forgotten_within_a_block_rarely_costs_the_error():
    given = [
        map_numbers(run_of(noisy(bump(0.5), s, memory=0.5)), **GRID).lowest.standard_error
        for s in range(20)
    ]
    assert sum(error is not None for error in given) >= 19


def test_a_short_run_has_extremes_without_an_error_and_a_broken_one_nothing(tmp_path):
    field = np.repeat(bump(0.8)[None], 9, axis=0)
    found = map_numbers(run_of(field), **GRID)
    assert (found.highest.mean, found.highest.standard_error) == (
        pytest.approx(bump(0.8).max()),
        None,
    )
    assert found.variance.mean is None
    assert found.lowest.note.startswith("9 frames: too few for 10 maps")
    broken = map_numbers(
        run_of(field, stable=False, unstable_after_ps=0.0, reason="a broken bond"), **GRID
    )
    assert broken.lowest.mean is None
    assert broken.lowest.note.startswith("unstable after 0 ps (a broken bond); 0 frames")
    found.write(tmp_path / "numbers.json")
    assert MapNumbers.read(tmp_path / "numbers.json") == found
