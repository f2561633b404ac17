"""The stage phonons, as the registry knows it."""

from anodeflow.stages.declaration import Figure, Scored, Stage
from anodeflow.stages.phonons.columns import COLUMNS
from anodeflow.stages.phonons.results import (
    CONVERGENCE_TABLE,
    Convergence,
    PhononVerdict,
    phonon_quantities,
    phonon_rows,
)
from anodeflow.stages.phonons.settings import Phonons
from anodeflow.tables.table import Table

STAGE = Stage(
    name="phonons",
    title="Phonons",
    sections={"phonons": Phonons},
    files={
        "params": "results/{model}/phonons/{layer}/phonopy_params.yaml",
        "force_constants": "results/{model}/phonons/{layer}/force_constants.hdf5",
        "bands": "results/{model}/phonons/{layer}/band.yaml",
        "dos": "results/{model}/phonons/{layer}/total_dos.dat",
        "mesh": "results/{model}/phonons/{layer}/mesh.hdf5",
        "verdict": "results/{model}/phonons/{layer}/phonons.json",
        "convergence": "results/{model}/phonons/{layer}/convergence.json",
        "convergence_table": "results/{model}/phonons/{layer}/convergence.csv",
    },
    results={
        "verdict": PhononVerdict,
        "convergence": Convergence,
        "convergence_table": CONVERGENCE_TABLE,
    },
    methods={"phonons": 1, "phonon_analysis": 1, "phonon_convergence": 1},
    tables=(
        Table(
            name="phonons",
            title="Table 2. Stability and deviation",
            of="unit layers",
            file="verdict",
            rows=phonon_rows,
            beside="convergence",
            beside_if="phonons.convergence.run",
            columns=COLUMNS,
        ),
    ),
    figures=(
        Figure(
            "phonons",
            "Figure 2. Bands and density of states",
            of="unit layers",
            inputs={"bands": "bands", "dos": "dos", "mesh": "mesh"},
            references={"references": "reference.phonons"},
        ),
    ),
    scored=(
        Scored(
            of="unit layers",
            file="verdict",
            read=phonon_quantities,
            headings={"phonons": "Phonons"},
            compared={"phonons": ("kind", "minimum_THz", "highest_THz")},
        ),
    ),
)
