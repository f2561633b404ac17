"""The path that a band begins with, beside ASE's."""

import numpy as np
import pytest
from ase.calculators.fd import calculate_numerical_forces
from ase.calculators.singlepoint import SinglePointCalculator
from ase.mep.neb import NEB, idpp_interpolate
from corrugated import host

from anodeflow.stages.barriers.first_path import PairDistances, spread_images
from anodeflow.stages.barriers.sites import with_ion

IMAGES = 5


def straight_band(stack, shift):
    """Return a band on a straight line that leads an ion past an atom, 0.3 Å from it."""
    ends = [with_ion(stack, "Na", np.zeros(2), 4.0) for _ in range(2)]
    for end, along in zip(ends, (-1.5, 1.5), strict=True):
        end.positions[-1] = end.positions[-2] + [along, 0.3, 0.2] + shift
        end.calc = SinglePointCalculator(end, energy=0.0, forces=np.zeros_like(end.positions))
    band = NEB(
        [ends[0], *(ends[0].copy() for _ in range(IMAGES)), ends[1]],
        k=0.1,
        method="improvedtangent",
        allow_shared_calculator=True,
    )
    band.interpolate(mic=False, apply_constraint=False)
    return band


def places_of(band):
    return np.array([image.positions for image in band.images])


@pytest.mark.parametrize("over_the_edge", [False, True])
def test_it_is_that_of_ase_with_the_nearest_image_of_every_pair(over_the_edge):
    stack = host(bottom=3)
    shift = over_the_edge * stack.cell.array[0]
    ours, theirs = (straight_band(stack, shift) for _ in range(2))
    straight = places_of(ours)
    spread_images(ours)
    idpp_interpolate(theirs, traj=None, log=None, mic=True)
    assert abs(places_of(theirs) - straight).max() > 0.5
    assert abs(places_of(ours) - places_of(theirs)).max() < 0.03
    assert ours.images[0].calc.results["energy"] == 0.0
    assert all(image.calc is None for image in ours.images[1:-1])


def test_the_forces_between_pairs_are_the_slopes_of_their_energy():
    stack = host()
    pairs = np.array([[0, 1], [1, 0], [2, 5], [5, 2]])
    away = np.array([[0.1, 0.0, 0.2], [-0.1, 0.0, -0.2], [0.0, 0.3, 0.0], [0.0, -0.3, 0.0]])
    stack.calc = PairDistances(pairs, away, np.array([1.5, 1.5, 2.0, 2.0]))
    slopes = calculate_numerical_forces(stack, eps=1e-5)
    assert abs(slopes).max() > 0.001
    assert stack.get_forces() == pytest.approx(slopes, abs=1e-8)
