"""Molecular dynamics of stacks with and without ions, and what is read from it.

Needs: relaxed stacks, weights. Makes: results/{model}/dynamics/{run}.h5 (H5MD), and from it
results/{model}/spacing/{run}.csv, .json and _map.csv, results/{model}/diffusion/{run}.json,
_msd.csv, _hops.csv and _paths.csv, and of all replicas results/{model}/ensembles/{group}.json.
"""


rule advance_dynamics:
    """Bring a model's runs to their ends in one process, from where run_dynamics writes them.

    No input of run_dynamics: what a run needs beside its own settings would then be those of all.
    """
    input:
        **WEIGHTS,
        backend=backend("dynamics"),
        structures=starts_of_runs,
    output:
        advanced="results/{model}/dynamics/advanced.json",
    log:
        "results/logs/advance_dynamics/{model}.log",
    conda:
        "../../envs/mace.yaml"
    resources:
        gpu=gpus,
        mem_mb=8000,
        runtime=2880,
        checkpoint_interval_ps=str(config["dynamics"]["checkpoint_interval_ps"]),
        together=lookup("dynamics/together", within=config),
    params:
        calculator=calculator("dynamics"),
        runs=runs_to_advance,
        method=METHOD["dynamics"],
    script:
        "../scripts/advance_dynamics.py"


rule run_dynamics:
    """Run molecular dynamics; a run that was killed continues from its checkpoint."""
    input:
        **WEIGHTS,
        backend=backend("dynamics"),
        structure=start_of_run,
    output:
        trajectory="results/{model}/dynamics/{run}.h5",
    log:
        "results/logs/run_dynamics/{model}/{run}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        gpu=gpus,
        mem_mb=4000,
        runtime=1440,
        checkpoint_interval_ps=str(config["dynamics"]["checkpoint_interval_ps"]),
    params:
        calculator=calculator("dynamics"),
        settings=dynamics_settings,
        method=METHOD["dynamics"],
    script:
        "../scripts/run_dynamics.py"


localrules:
    analyse_spacing,
    map_spacing,
    analyse_diffusion,
    combine_replicas,


rule analyse_spacing:
    """Follow the spacing in time, and average it and the temperature."""
    input:
        trajectory="results/{model}/dynamics/{run}.h5",
    output:
        series="results/{model}/spacing/{run}.csv",
        summary="results/{model}/spacing/{run}.json",
    log:
        "results/logs/analyse_spacing/{model}/{run}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        method=METHOD["spacing"],
    script:
        "../scripts/analyse_spacing.py"


rule map_spacing:
    """Average the local spacing over a run, cell by cell."""
    input:
        trajectory="results/{model}/dynamics/{run}.h5",
    output:
        map="results/{model}/spacing/{run}_map.csv",
    log:
        "results/logs/map_spacing/{model}/{run}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        settings=section("spacing", "map", "map_cells"),
        method=METHOD["spacing"],
    script:
        "../scripts/map_spacing.py"


rule analyse_diffusion:
    """Judge the mobility of the ions: mean square displacement, hops, diffusion coefficient."""
    input:
        trajectory="results/{model}/dynamics/{run}.h5",
    output:
        msd="results/{model}/diffusion/{run}_msd.csv",
        hops="results/{model}/diffusion/{run}_hops.csv",
        paths="results/{model}/diffusion/{run}_paths.csv",
        summary="results/{model}/diffusion/{run}.json",
    log:
        "results/logs/analyse_diffusion/{model}/{run}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        settings=averaging,
        method=METHOD["diffusion"],
    script:
        "../scripts/analyse_diffusion.py"


rule combine_replicas:
    """Put the replicas of a run together: means with their spread, pooled hops, one D."""
    input:
        spacings=of_replicas("spacing/{run}.json"),
        mobilities=of_replicas("diffusion/{run}.json", with_ions=True),
        trajectories=of_replicas("dynamics/{run}.h5", with_ions=True),
    output:
        ensemble="results/{model}/ensembles/{group}.json",
    log:
        "results/logs/combine_replicas/{model}/{group}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        about=about_group,
        runs=lambda wildcards: PLAN.group(wildcards.group),
        settings=averaging_of_group,
        method=METHOD["ensembles"],
    script:
        "../scripts/combine_replicas.py"
