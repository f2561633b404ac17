"""The stage phonons, as the registry knows it."""

from anodeflow.stages.declaration import Figure, Scored, Stage
from anodeflow.stages.phonons.columns import COLUMNS
from anodeflow.stages.phonons.force_calls import convergence_calls, phonon_calls
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
        "params": "results/{model}/phonons/{cell}/phonopy_params.yaml",
        "force_constants": "results/{model}/phonons/{cell}/force_constants.hdf5",
        "bands": "results/{model}/phonons/{cell}/band.yaml",
        "dos": "results/{model}/phonons/{cell}/total_dos.dat",
        "mesh": "results/{model}/phonons/{cell}/mesh.hdf5",
        "verdict": "results/{model}/phonons/{cell}/phonons.json",
        "convergence": "results/{model}/phonons/{cell}/convergence.json",
        "convergence_table": "results/{model}/phonons/{cell}/convergence.csv",
    },
    results={
        "verdict": PhononVerdict,
        "convergence": Convergence,
        "convergence_table": CONVERGENCE_TABLE,
    },
    methods={"phonons": 1, "phonon_analysis": 2, "phonon_convergence": 1},
    needs=("cells without stress",),
    tables=(
        Table(
            name="phonons",
            title="Table 2. Stability and deviation",
            of="phonon cells",
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
            of="phonon cells",
            inputs={"bands": "bands", "dos": "dos", "mesh": "mesh"},
            references={"references": "reference.phonons"},
        ),
    ),
    scored=(
        Scored(
            of="phonon cells",
            file="verdict",
            read=phonon_quantities,
            headings={"phonons": "Phonons"},
            compared={"phonons": ("kind", "minimum_THz", "highest_THz")},
            beside="convergence",
            beside_if="phonons.convergence.run",
        ),
    ),
    force_calls={"run_phonons": phonon_calls, "check_phonon_convergence": convergence_calls},
)
