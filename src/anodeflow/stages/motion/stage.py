"""The stage motion, as the registry knows it: what is read from the runs of dynamics."""

from anodeflow.stages.declaration import Figure, Scored, Stage
from anodeflow.stages.motion.activation_results import (
    Activation,
    activation_quantities,
    activation_rows,
)
from anodeflow.stages.motion.columns import (
    ACTIVATION_COLUMNS,
    DIFFUSION_COLUMNS,
    DIFFUSION_ENSEMBLE_COLUMNS,
    SPACING_COLUMNS,
    SPACING_ENSEMBLE_COLUMNS,
)
from anodeflow.stages.motion.quantities import ensemble_quantities
from anodeflow.stages.motion.results import (
    HOPS,
    MSD,
    PATHS,
    SPACING_MAP,
    SPACING_SERIES,
    Ensemble,
    MapNumbers,
    MeanSpacing,
    Mobility,
    diffusion_ensemble_rows,
    diffusion_rows,
    spacing_ensemble_rows,
    spacing_rows,
)
from anodeflow.stages.motion.settings import Diffusion, Spacing
from anodeflow.tables.table import Table

STAGE = Stage(
    name="motion",
    title="Dynamics",
    sections={"spacing": Spacing, "diffusion": Diffusion},
    with_stage="dynamics",
    files={
        "spacing_series": "results/{model}/spacing/{run}.csv",
        "spacing": "results/{model}/spacing/{run}.json",
        "spacing_map": "results/{model}/spacing/{run}_map.csv",
        "map_numbers": "results/{model}/spacing/{run}_map.json",
        "msd": "results/{model}/diffusion/{run}_msd.csv",
        "hops": "results/{model}/diffusion/{run}_hops.csv",
        "paths": "results/{model}/diffusion/{run}_paths.csv",
        "diffusion": "results/{model}/diffusion/{run}.json",
        "ensemble": "results/{model}/ensembles/{group}.json",
        "activation": "results/{model}/motion/{filling}_activation.json",
    },
    results={
        "spacing_series": SPACING_SERIES,
        "spacing": MeanSpacing,
        "spacing_map": SPACING_MAP,
        "map_numbers": MapNumbers,
        "msd": MSD,
        "hops": HOPS,
        "paths": PATHS,
        "diffusion": Mobility,
        "ensemble": Ensemble,
        "activation": Activation,
    },
    methods={"spacing": 5, "diffusion": 4, "ensembles": 3, "activation": 2},
    tables=(
        Table(
            name="spacing",
            title="Table 4. Mean spacing",
            of="runs",
            file="spacing",
            rows=spacing_rows,
            columns=SPACING_COLUMNS,
        ),
        Table(
            name="spacing_ensembles",
            title="Table 5. Mean spacing, replicas together",
            of="groups",
            file="ensemble",
            rows=spacing_ensemble_rows,
            columns=SPACING_ENSEMBLE_COLUMNS,
            published="spacing",
        ),
        Table(
            name="diffusion",
            title="Table 6. Mobility of the ions",
            of="runs with ions",
            file="diffusion",
            rows=diffusion_rows,
            columns=DIFFUSION_COLUMNS,
        ),
        Table(
            name="diffusion_ensembles",
            title="Table 7. Mobility, replicas together",
            of="groups with ions",
            file="ensemble",
            rows=diffusion_ensemble_rows,
            columns=DIFFUSION_ENSEMBLE_COLUMNS,
            published="diffusion",
        ),
        Table(
            name="activation",
            title="Table 7b. Activation of hops",
            of="activations",
            file="activation",
            rows=activation_rows,
            columns=ACTIVATION_COLUMNS,
        ),
    ),
    figures=(
        Figure(
            "spacing",
            "Figure 4. Spacing in time",
            of="runs without ions",
            inputs={"series": "spacing_series", "summaries": "spacing"},
            references={"published": "reference.published"},
        ),
        Figure(
            "msd",
            "Figure 5a. Mean square displacement",
            of="runs with ions",
            inputs={"msd": "msd", "summaries": "diffusion"},
        ),
        Figure(
            "paths",
            "Figure 5b. Paths of the ions",
            of="runs with ions",
            inputs={"paths": "paths", "trajectories": "dynamics.trajectory"},
            one_per_model=True,
        ),
        Figure(
            "spacing_map",
            "Figure 5c. Map of the spacing",
            of="runs with ions",
            inputs={"maps": "spacing_map", "trajectories": "dynamics.trajectory"},
            one_per_model=True,
        ),
        Figure(
            "last_frames",
            "Figure 5d. Last frames",
            of="runs with ions",
            inputs={"trajectories": "dynamics.trajectory"},
            one_per_model=True,
        ),
        Figure(
            "activation",
            "Figure 5e. Hops against temperature",
            of="activations",
            inputs={"activations": "activation"},
            also={"predictions": ("barriers.hops", "groups of one ion")},
        ),
    ),
    scored=(
        Scored(
            of="groups",
            file="ensemble",
            read=ensemble_quantities,
            headings={"spacing": "Dynamics without ions", "diffusion": "Dynamics with ions"},
            # The verdict on ions follows from the hops, D from few of them.
            compared={"spacing": ("mean", "map_lowest", "map_highest"), "diffusion": ("hops",)},
        ),
        Scored(
            of="activations",
            file="activation",
            read=activation_quantities,
            headings={"activation": "Several temperatures"},
            compared={"activation": ("energy", "log10_rate")},
        ),
    ),
)
