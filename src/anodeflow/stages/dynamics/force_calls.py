"""How many force calls a run takes: one a step."""

from anodeflow.stages.declaration import ForceCalls, PlannedJob


def run_calls(job: PlannedJob) -> ForceCalls:
    """Return those of the rule `run_dynamics`.

    A stack with a layer from a file, which alone tells whether it has hydrogen, counts without it.
    """
    settings = job.params["settings"]
    length_fs = 1000 * (settings["equilibration_ps"] + settings["production_ps"])
    return {job.atoms: length_fs / settings["timestep_fs"]}
