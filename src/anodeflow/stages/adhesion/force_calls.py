"""About how many force calls a scan takes, before it runs; counted: docs/benchmarks.md."""

from anodeflow.stages.declaration import ForceCalls, PlannedJob
from anodeflow.stages.relaxation.force_calls import OPTIMISERS

A_POINT, A_POINT_WITH_GROUP = 157 / 20, 554 / 20
"""Calls for a point of a scan that follows its neighbours, by PreconBFGS, layers apart included."""

STARTS = {"neighbour": 1.0, "relaxed": 2.5, "separate": 2.9}
"""How many calls scans take that start elsewhere, for one of those that follow."""


def scan_calls(job: PlannedJob) -> ForceCalls:
    """Return those of the rule `scan_adhesion`."""
    spacings, optimiser = job.params["spacings"], job.params["settings"]["optimiser"]
    each = A_POINT_WITH_GROUP if job.group else A_POINT
    scale = STARTS[spacings["starts"]] * OPTIMISERS[optimiser]
    return {job.atoms: scale * each * spacings["points"]}
