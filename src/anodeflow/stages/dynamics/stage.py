"""The stage dynamics, as the registry knows it: its numbers are read by the stage motion."""

from anodeflow.stages.declaration import Stage
from anodeflow.stages.dynamics.force_calls import run_calls
from anodeflow.stages.dynamics.settings import Dynamics

STAGE = Stage(
    name="dynamics",
    title="Dynamics",
    sections={"dynamics": Dynamics},
    files={
        "start": "results/{model}/dynamics/{run}.extxyz",
        "trajectory": "results/{model}/dynamics/{run}.h5",
        "advanced": "results/{model}/dynamics/advanced.json",
    },
    methods={"dynamics": 2},
    needs=("run fillings",),
    precision="dynamics",
    force_calls={"run_dynamics": run_calls},
)
