"""The stage adhesion, as the registry knows it."""

from anodeflow.stages.adhesion.columns import COLUMNS
from anodeflow.stages.adhesion.force_calls import scan_calls
from anodeflow.stages.adhesion.results import (
    CURVE,
    AdhesionSummary,
    adhesion_quantities,
    adhesion_rows,
)
from anodeflow.stages.adhesion.settings import Adhesion
from anodeflow.stages.declaration import Figure, Scored, Stage
from anodeflow.tables.table import Table

STAGE = Stage(
    name="adhesion",
    title="Adhesion",
    sections={"adhesion": Adhesion},
    files={
        "points": "results/{model}/adhesion/{stack}.extxyz",
        "references": "results/{model}/adhesion/{stack}_references.extxyz",
        "curve": "results/{model}/adhesion/{stack}.csv",
        "peak": "results/{model}/adhesion/{stack}.json",
    },
    results={"curve": CURVE, "peak": AdhesionSummary},
    methods={"adhesion": 4, "adhesion_fit": 5},
    needs=("layers",),
    tables=(
        Table(
            name="adhesion",
            title="Table 3. Adhesion peaks",
            of="stacks",
            file="peak",
            rows=adhesion_rows,
            columns=COLUMNS,
        ),
    ),
    figures=(
        Figure(
            "adhesion",
            "Figure 3. Adhesion energy",
            of="stacks",
            inputs={"curves": "curve", "summaries": "peak"},
            references={"reference": "reference.adhesion"},
            settings={"convention": ("adhesion.spacing", "adhesion.layers")},
        ),
    ),
    scored=(
        Scored(
            of="stacks",
            file="peak",
            read=adhesion_quantities,
            headings={"adhesion": "Adhesion"},
            compared={"adhesion": ("height", "spacing")},
        ),
    ),
    force_calls={"scan_adhesion": scan_calls},
)
