"""About how many force calls sites, paths and vibrations take, before they run; see docs/hours.md.

Numbers of sites and paths are those of stacks of ATOMS atoms, whose facing lattice has 48 hollows
and tops, and grow with the atoms. A group takes most of the symmetry that leaves fewer to be done.
"""

from math import sqrt

from anodeflow.stages.declaration import ForceCalls, PlannedJob
from anodeflow.stages.relaxation.force_calls import OPTIMISERS

ATOMS = 130
STARTS, STARTS_WITH_GROUP = 15, 39
PATHS, PATHS_WITH_GROUP = 26, 90
WALK, WALK_WITH_GROUP = (8, 4), (7, 6)
"""Sites of the lowest walk, and bands between them: symmetry makes hops alike, splits make more."""

A_START, AN_IMAGE = 45, 20
"""Calls until an ion is at rest, and those of an image until its path has reached its saddle."""

A_POINT, A_POINT_WITH_GROUP, AREA = 13, 20, 127.0
"""Calls at a point of a map, those tried again with it; area of a stack of ATOMS atoms, Å²."""

VIBRATING = 0.75
"""Share of the atoms that come within 5 Å of the ion at any site or saddle."""


def site_calls(job: PlannedJob) -> ForceCalls:
    """Return those of the rule `find_sites`."""
    starts = STARTS_WITH_GROUP if job.group else STARTS
    return _calls(job, _scaled(job, starts) * A_START * _optimiser(job))


def path_calls(job: PlannedJob) -> ForceCalls:
    """Return those of the rule `find_paths`."""
    return _calls(job, _paths(job) * AN_IMAGE * job.params["band"]["images"])


def walk_calls(job: PlannedJob) -> ForceCalls:
    """Return those of the rule `relax_walk`."""
    sites, bands = WALK_WITH_GROUP if job.group else WALK
    images = bands * job.params["band"]["images"]
    return _calls(job, images * AN_IMAGE + sites * A_START * _optimiser(job))


def vibration_calls(job: PlannedJob) -> ForceCalls:
    """Return those of the rule `compute_vibrations`: 1 + 3 V for each distinct site and saddle.

    Starts fall into the same sites and paths are split, so that these are half as many.
    """
    places = 0.5 * (_paths(job) + _scaled(job, STARTS_WITH_GROUP if job.group else STARTS))
    return _calls(job, places * (1 + 3 * VIBRATING * (job.atoms + 1)))


def map_calls(job: PlannedJob) -> ForceCalls:
    """Return those of the rule `map_energy`, whose points are about the corners of rhombs."""
    points = _scaled(job, AREA / (sqrt(0.75) * job.params["step"] ** 2))
    calls = A_POINT_WITH_GROUP if job.group else A_POINT
    return _calls(job, points * calls * _optimiser(job))


def _calls(job: PlannedJob, number: float) -> dict[int, float]:
    """Calls on the stack and its ion."""
    return {job.atoms + 1: number}


def _scaled(job: PlannedJob, number: float) -> float:
    return number * job.atoms / ATOMS


def _paths(job: PlannedJob) -> float:
    return _scaled(job, PATHS_WITH_GROUP if job.group else PATHS)


def _optimiser(job: PlannedJob) -> float:
    return OPTIMISERS[job.params["settings"]["optimiser"]]
