"""About how many force calls relaxations take, before they run; counted: docs/hours.md."""

from anodeflow.stages.declaration import ForceCalls, PlannedJob

OPTIMISERS = {"PreconBFGS": 1.0, "BFGS": 2.2, "LBFGS": 2.4, "FIRE": 11.0}
"""How many calls an optimiser takes for one of PreconBFGS."""

ORDERED = {"unit cell": 5, "bulk": 10, "layer": 6, "stack": 45}
"""Calls of what is relaxed from its ideal geometry, without group and ions."""

WITH_GROUP = {"layer": 45, "stack": 95}
WITH_IONS, WITH_IONS_AND_GROUP = 65, 130


def relaxation_calls(job: PlannedJob) -> ForceCalls:
    """Return those of the rule `relax`."""
    if job.ions:
        calls = WITH_IONS_AND_GROUP if job.group else WITH_IONS
    else:
        calls = (WITH_GROUP if job.group else ORDERED)[job.kind]
    return {job.atoms: OPTIMISERS[job.params["settings"]["optimiser"]] * calls}
