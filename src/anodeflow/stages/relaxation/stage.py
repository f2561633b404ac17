"""The stage relaxation, as the registry knows it."""

from anodeflow.stages.declaration import Figure, Scored, Stage
from anodeflow.stages.relaxation.columns import COLUMNS
from anodeflow.stages.relaxation.force_calls import relaxation_calls
from anodeflow.stages.relaxation.results import relaxation_quantities, relaxation_rows
from anodeflow.stages.relaxation.settings import Relaxation
from anodeflow.structures.structure_check import StructureCheck
from anodeflow.tables.table import Table

STAGE = Stage(
    name="relaxation",
    title="Structures",
    sections={"relaxation": Relaxation},
    files={
        "structure": "results/{model}/relaxation/{structure}.extxyz",
        "check": "results/{model}/relaxation/{structure}.json",
    },
    results={"check": StructureCheck},
    methods={"relaxation": 2, "structure_check": 2},
    tables=(
        Table(
            name="relaxation",
            title="Table 1. Bonds and thickness",
            of="minima",
            file="check",
            rows=relaxation_rows,
            columns=COLUMNS,
        ),
    ),
    figures=(
        Figure(
            "structures",
            "Figure 1. Relaxed stacks",
            of="stacks",
            inputs={"structures": "structure"},
            one_per_model=True,
        ),
    ),
    scored=(
        Scored(
            of="units and stacks",
            file="check",
            read=relaxation_quantities,
            headings={"relaxation": "Structure"},
            compared={
                "relaxation": (
                    "polytype",
                    "changed",
                    "thickness",
                    "metal_x",
                    "metal_termination",
                    "metal_metal",
                )
            },
        ),
    ),
    force_calls={"relax": relaxation_calls},
)
