"""The stage barriers, as the registry knows it."""

from anodeflow.stages.barriers.results import NetworkResult, Vibrations
from anodeflow.stages.barriers.settings import Barriers
from anodeflow.stages.declaration import Stage

FOLDER = "results/{model}/barriers/{stack}"

STAGE = Stage(
    name="barriers",
    title="Barriers",
    sections={"barriers": Barriers},
    files={
        "sites": f"{FOLDER}/sites.extxyz",
        "paths": f"{FOLDER}/paths.extxyz",
        "network_sites": f"{FOLDER}/network_sites.extxyz",
        "vibrations": f"{FOLDER}/vibrations.json",
        "network": f"{FOLDER}/network.json",
    },
    results={"vibrations": Vibrations, "network": NetworkResult},
    methods={"sites": 1, "paths": 1, "vibrations": 1, "network": 1},
)
