"""The stage voltage, as the registry knows it."""

from anodeflow.stages.declaration import Figure, Scored, Stage
from anodeflow.stages.voltage.columns import COLUMNS
from anodeflow.stages.voltage.force_calls import frozen_host_calls
from anodeflow.stages.voltage.results import CURVE, voltage_quantities, voltage_rows
from anodeflow.stages.voltage.settings import Voltage
from anodeflow.tables.table import Table

STAGE = Stage(
    name="voltage",
    title="Voltage",
    sections={"voltage": Voltage},
    files={
        "frozen_host": "results/{model}/voltage/{stack}_frozen.extxyz",
        "curve": "results/{model}/voltage/{stack}.csv",
    },
    results={"curve": CURVE},
    methods={"frozen_host": 1, "voltage": 2},
    needs=("voltage fillings",),
    tables=(
        Table(
            name="voltage",
            title="Table 8. Voltages",
            of="voltage stacks",
            file="curve",
            rows=voltage_rows,
            columns=COLUMNS,
        ),
    ),
    figures=(
        Figure(
            "voltage",
            "Figure 6. Voltage",
            of="voltage stacks",
            inputs={"voltages": "curve"},
            references={"published": "reference.published"},
            settings={"ion": "structures.ions.element"},
        ),
    ),
    scored=(
        Scored(
            of="voltage stacks",
            file="curve",
            read=voltage_quantities,
            headings={"voltage": "Voltage"},
            compared={"voltage": ("average_V",)},
            settings=("voltage.host",),
        ),
    ),
    force_calls={"fill_frozen_host": frozen_host_calls},
)
