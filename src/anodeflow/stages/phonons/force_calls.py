"""How many force calls phonons take, before they run; counted: docs/hours.md."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from anodeflow.stages.declaration import ForceCalls, PlannedJob


def phonon_calls(job: PlannedJob) -> ForceCalls:
    """Return those of the rule `run_phonons`."""
    return _displaced(job.atoms, job.params["settings"])


def convergence_calls(job: PlannedJob) -> ForceCalls:
    """Return those of the rule `check_phonon_convergence`."""
    total: Counter[int] = Counter()
    for variant in job.params["variants"]:
        total.update(_displaced(job.atoms, variant))
    return dict(total)


def _displaced(unit_atoms: int, settings: Mapping[str, Any]) -> dict[int, int]:
    """The supercell as it is, and, in hexagonal layers, one displacement for each atom at most."""
    return {unit_atoms * math.prod(settings["supercell"]): unit_atoms + 1}
