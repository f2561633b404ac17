"""What is read from the runs of dynamics: spacing, mobility of the ions, several runs together.

Needs: trajectories. Makes: results/{model}/spacing/{run}.csv, .json, _map.csv and _map.json,
results/{model}/diffusion/{run}.json, _msd.csv, _hops.csv and _paths.csv, of all replicas
results/{model}/ensembles/{group}.json, and of all temperatures, where there are several,
results/{model}/motion/{filling}_activation.json.
"""


rule analyse_spacing:
    """Follow the spacing in time, and average it and the temperature."""
    input:
        trajectory=path("dynamics", "trajectory"),
    output:
        series=path("motion", "spacing_series"),
        summary=path("motion", "spacing"),
    log:
        "results/logs/analyse_spacing/{model}/{run}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        method=METHOD["spacing"],
    script:
        "../scripts/analyse_spacing.py"


rule map_spacing:
    """Average the local spacing over a run, cell by cell, and tell how uneven it is."""
    input:
        trajectory=path("dynamics", "trajectory"),
    output:
        map=path("motion", "spacing_map"),
        numbers=path("motion", "map_numbers"),
    log:
        "results/logs/map_spacing/{model}/{run}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        settings=GIVEN.section("spacing", "map", "map_cells"),
        method=METHOD["spacing"],
    script:
        "../scripts/map_spacing.py"


rule analyse_diffusion:
    """Judge the mobility of the ions: mean square displacement, hops, diffusion coefficient."""
    input:
        trajectory=path("dynamics", "trajectory"),
    output:
        msd=path("motion", "msd"),
        hops=path("motion", "hops"),
        paths=path("motion", "paths"),
        summary=path("motion", "diffusion"),
    log:
        "results/logs/analyse_diffusion/{model}/{run}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        settings=GIVEN.averaging,
        method=METHOD["diffusion"],
    script:
        "../scripts/analyse_diffusion.py"


rule combine_replicas:
    """Put the replicas of a run together: means with their spread, pooled hops, one D."""
    input:
        spacings=GIVEN.of_replicas("motion", "spacing"),
        maps=GIVEN.of_replicas("motion", "map_numbers"),
        mobilities=GIVEN.of_replicas("motion", "diffusion", with_ions=True),
        trajectories=GIVEN.of_replicas("dynamics", "trajectory", with_ions=True),
    output:
        ensemble=path("motion", "ensemble"),
    log:
        "results/logs/combine_replicas/{model}/{group}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        about=GIVEN.about_group,
        runs=GIVEN.replicas,
        settings=GIVEN.averaging_of_group,
        method=METHOD["ensembles"],
    script:
        "../scripts/combine_replicas.py"


rule fit_activation:
    """Fit the activation energy of hops to all runs of a stack and number of ions."""
    input:
        mobilities=GIVEN.runs_of_activation("motion", "diffusion"),
    output:
        activation=path("motion", "activation"),
    log:
        "results/logs/fit_activation/{model}/{filling}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        temperatures=GIVEN.temperatures_of_activation,
        settings=GIVEN.section("diffusion", "residence_ps", "rate_temperature"),
        method=METHOD["activation"],
    script:
        "../scripts/fit_activation.py"
