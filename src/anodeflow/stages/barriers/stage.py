"""The stage barriers, as the registry knows it."""

from anodeflow.stages.barriers.columns import COLUMNS, HOP_COLUMNS, MAP_COLUMNS
from anodeflow.stages.barriers.force_calls import (
    map_calls,
    path_calls,
    site_calls,
    vibration_calls,
    walk_calls,
)
from anodeflow.stages.barriers.results import (
    EnergyMap,
    HopsInRuns,
    NetworkResult,
    Vibrations,
    barrier_quantities,
    barrier_rows,
    hop_quantities,
    hop_rows,
    map_rows,
)
from anodeflow.stages.barriers.settings import Barriers
from anodeflow.stages.declaration import Figure, Scored, Stage
from anodeflow.tables.table import Table

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
        "map_points": f"{FOLDER}/map_points.extxyz",
        "energy_map": f"{FOLDER}/energy_map.json",
        "hops": "results/{model}/barriers/hops/{group}.json",
    },
    results={
        "vibrations": Vibrations,
        "network": NetworkResult,
        "energy_map": EnergyMap,
        "hops": HopsInRuns,
    },
    methods={
        "sites": 1,
        "paths": 5,
        "walk": 5,
        "vibrations": 3,
        "network": 4,
        "map_points": 1,
        "energy_map": 1,
        "hops_of_network": 2,
    },
    tables=(
        Table(
            name="barriers",
            title="Table 9. Barriers of one ion",
            of="barrier stacks",
            file="network",
            rows=barrier_rows,
            columns=COLUMNS,
        ),
        Table(
            name="network_hops",
            title="Table 9b. Hops of one ion, counted and predicted",
            of="groups of one ion",
            file="hops",
            rows=hop_rows,
            columns=HOP_COLUMNS,
        ),
        Table(
            name="energy_maps",
            title="Table 9c. Energy maps of one ion",
            of="mapped stacks",
            file="energy_map",
            rows=map_rows,
            columns=MAP_COLUMNS,
        ),
    ),
    figures=(
        Figure(
            "network",
            "Figure 7a. Network of sites",
            of="barrier stacks",
            inputs={"networks": "network", "hosts": "relaxation.structure"},
            one_per_model=True,
        ),
        Figure(
            "profiles",
            "Figure 7b. Energy along the lowest walk",
            of="barrier stacks",
            inputs={"networks": "network", "paths": "paths"},
        ),
        Figure(
            "energy_map",
            "Figure 7c. Energy map",
            of="mapped stacks",
            inputs={
                "maps": "energy_map",
                "networks": "network",
                "hosts": "relaxation.structure",
            },
            one_per_model=True,
        ),
    ),
    scored=(
        Scored(
            of="barrier stacks",
            file="network",
            read=barrier_quantities,
            headings={"barriers": "Barriers"},
            compared={"barriers": ("one_direction_eV", "both_directions_eV")},
        ),
        Scored(
            of="groups of one ion",
            file="hops",
            read=hop_quantities,
            headings={"network_hops": "Barriers beside dynamics"},
        ),
    ),
    force_calls={
        "find_sites": site_calls,
        "find_paths": path_calls,
        "relax_walk": walk_calls,
        "compute_vibrations": vibration_calls,
        "map_energy": map_calls,
    },
)
