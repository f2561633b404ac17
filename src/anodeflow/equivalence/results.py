"""Quantities made of the record of a model's check: what a force call costs."""

from collections.abc import Mapping
from typing import Any

from anodeflow.equivalence.records import BackendRecord
from anodeflow.scorecard.quantity import Quantity, quantity_row
from anodeflow.stages.declaration import Scored


def cost_quantities(
    about: Mapping[str, Any], backend: BackendRecord, numerical: Mapping[str, Any]
) -> list[Quantity]:
    """Read what a force call, with D3, and a day of dynamics cost; about: precision, timestep_fs.

    ns a day = timestep / (seconds a call) · 86400, one force call a step.
    """
    seconds = backend.seconds_per_call.total
    step_fs = about["timestep_fs"]
    ns_per_day = step_fs * 1e-6 / seconds * 86400
    step = f"steps of {step_fs:g} fs, as without hydrogen"
    note = f"{backend.atoms} atoms, {about['precision']}, {backend.device}; no error measured"
    return [
        quantity_row("cost", "seconds_per_call", seconds, "s", note=note),
        quantity_row("cost", "ns_per_day", ns_per_day, "ns/day", note=f"{note}; {step}"),
        quantity_row("cost", "device", backend.device, note=note),
    ]


COST = Scored(
    of="model",
    file="backend",
    read=cost_quantities,
    headings={"cost": "Cost"},
    settings=("dynamics.timestep_fs",),
)
