"""Bands whose top image runs away, or whose forces stand still."""

import io

import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator
from corrugated import (
    FINE,
    LATTICE,
    Corrugated,
    host,
    paths_of,
    sites_of,
)

from anodeflow.evaluation.kept_states import KeptStates
from anodeflow.stages.barriers.band import Band, relax_band
from anodeflow.stages.barriers.sites import (
    ion_position,
    ion_positions,
    with_ion,
)
from anodeflow.structures.sites import hollow_sites


def length(band):
    """Return how far the ion goes along a band, Å."""
    return np.linalg.norm(np.diff(ion_positions(band.neb.images), axis=0).sum(axis=0))


def running_away(monkeypatch, *, from_length):
    """Let the top image run away at once in bands longer than this (Å)."""
    ran_away = property(lambda band: band.neb.climb and length(band) > from_length)
    monkeypatch.setattr(Band, "ran_away", ran_away)


def going_round(monkeypatch, *, from_length):
    """Let no step help that a band takes while it climbs, if it is longer than this (Å)."""
    step = Band.step

    def maybe(band, forces, fmax):
        if band.neb.climb and length(band) > from_length:
            band.steps += 1
        else:
            step(band, forces, fmax)

    monkeypatch.setattr(Band, "step", maybe)
    monkeypatch.setattr("anodeflow.stages.barriers.band.PATIENCE", 30)


@pytest.mark.parametrize("in_vain", [running_away, going_round])
def test_a_top_image_that_climbs_in_vain_climbs_between_finer_images(
    tmp_path, monkeypatch, in_vain
):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, B=0.03)
    sites = sites_of(stack, calc, tmp_path)
    (usual,) = paths_of(stack, sites, calc, tmp_path).paths.values()
    in_vain(monkeypatch, from_length=1.0)
    (tmp_path / "finer").mkdir()
    (path,) = paths_of(stack, sites, calc, tmp_path / "finer").paths.values()
    assert path.converged and len(path.images) == len(usual.images)
    assert path.energies[path.top] == pytest.approx(usual.energies[usual.top], abs=1e-5)
    apart = ion_position(path.images[path.top]) - ion_position(usual.images[usual.top])
    assert np.linalg.norm(apart) < 0.01
    assert list((tmp_path / "finer").glob("*-finer*.npz"))


@pytest.mark.parametrize("in_vain", [running_away, going_round])
def test_a_path_whose_finer_band_climbs_in_vain_as_well_did_not_converge(
    tmp_path, monkeypatch, in_vain
):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, B=0.03)
    sites = sites_of(stack, calc, tmp_path)
    in_vain(monkeypatch, from_length=0.0)
    (path,) = paths_of(stack, sites, calc, tmp_path).paths.values()
    assert not path.converged
    assert FINE.saddle_fmax < path.fmax < 10 * FINE.path_fmax


@pytest.mark.parametrize("climbs", [True, False])
def test_a_top_image_ran_away_once_it_is_half_an_ev_above_where_it_was(climbs):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE)
    stack_at = [with_ion(stack, "Na", place, 4.0) for place in hollow_sites(stack)[:2]]
    for end in stack_at:
        calc.calculate(end)
        end.calc = SinglePointCalculator(end, **calc.results)
    band = Band(*stack_at, images=3)
    band.evaluate(calc)
    band.note(1.0)
    assert not band.ran_away
    if climbs:
        band.climb()
    place = [image.positions.copy() for image in band.inner]
    energy = band.energies[band.top]
    for above, ran in ((0.4, False), (0.6, True)):
        image = band.inner[band.top - 1]
        image.calc = SinglePointCalculator(image, energy=energy + above, forces=image.positions)
        band.note(1.0)
        assert band.ran_away is ran
    if not climbs:
        return
    band.inner[0].positions += 1.0
    band.step_back(calc)
    for image, before in zip(band.inner, place, strict=True):
        np.testing.assert_array_equal(image.positions, before)
    assert band.energies[band.top] == pytest.approx(energy)


def test_a_band_that_rises_while_it_relaxes_ends_and_did_not_converge(tmp_path, monkeypatch):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, B=0.03)
    sites = sites_of(stack, calc, tmp_path)

    def push_up(band, forces, fmax):
        band.steps += 1
        for image in band.inner:
            image.positions[-1, 2] += 0.05
            image.calc = None

    monkeypatch.setattr(Band, "step", push_up)
    log = io.StringIO()
    options = {"settings": FINE, "dip": 0.005, "kept": KeptStates(tmp_path, "toy", log)}
    band, reached = relax_band(sites[0], sites[-1], calc, label="path", **options)
    tops = [float(line.split()[2]) for line in log.getvalue().splitlines() if "path:" in line]
    assert max(tops[:-1]) <= tops[0] + 0.5 < tops[-1]
    assert band.ran_away and reached > FINE.path_fmax
    # Continued, it knows that it rose.
    relax_band(sites[0], sites[-1], calc, label="path", **options)
    assert log.getvalue().count("path:") == len(tops) + 1


def test_a_band_whose_forces_do_not_fall_any_more_ends_and_did_not_converge(tmp_path, monkeypatch):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, B=0.03)
    sites = sites_of(stack, calc, tmp_path)
    # As of a climbing image that goes round and round.
    monkeypatch.setattr(
        Band, "step", lambda band, forces, fmax: setattr(band, "steps", band.steps + 1)
    )
    monkeypatch.setattr("anodeflow.stages.barriers.band.PATIENCE", 7)
    log = io.StringIO()
    options = {"settings": FINE, "dip": 0.005, "kept": KeptStates(tmp_path, "toy", log)}
    relax_band(sites[0], sites[-1], calc, label="path", **options)
    assert log.getvalue().count("path:") == 7 + 1
    # Continued, it knows that it stood still.
    relax_band(sites[0], sites[-1], calc, label="path", **options)
    assert log.getvalue().count("path:") == 7 + 2
