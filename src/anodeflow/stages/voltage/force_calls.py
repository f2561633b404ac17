"""About how many force calls fillings of a frozen host take, before they run."""

from anodeflow.stages.declaration import ForceCalls, PlannedJob
from anodeflow.stages.relaxation.force_calls import OPTIMISERS

A_FILLING = 30
"""Calls in which ions come to rest in a host that stays as it is."""


def frozen_host_calls(job: PlannedJob) -> ForceCalls:
    """Return those of the rule `fill_frozen_host`."""
    calls = A_FILLING * OPTIMISERS[job.params["settings"]["optimiser"]]
    return {job.atoms + ions: calls for ions in range(1, job.params["max_ions"] + 1)}
