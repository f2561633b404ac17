"""Molecular dynamics of stacks with and without ions.

Needs: relaxed stacks, with ions or without, weights. Makes: results/{model}/dynamics/{run}.h5
(H5MD); with dynamics.relax_ions: false, results/{model}/dynamics/{run}.extxyz, where
runs start; on demand results/{model}/dynamics/advanced.json, all runs of a model in one process.
"""


rule start_dynamics:
    """Put ions into a relaxed stack, for a run that starts from it as it is."""
    input:
        stack=GIVEN.host_of_run,
    output:
        start=path("dynamics", "start"),
    log:
        "results/logs/start_dynamics/{model}/{run}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        element=config["structures"]["ions"]["element"],
        ions=GIVEN.ions_of_run,
        spacing=config["structures"]["ions"]["spacing"],
        method=METHOD["structures"],
    script:
        "../scripts/start_dynamics.py"


rule advance_dynamics:
    """Bring a model's runs to their ends in one process, from where run_dynamics writes them.

    No input of run_dynamics: what a run needs beside its own settings would then be those of all.
    """
    input:
        **WEIGHTS,
        backend=GIVEN.backend("dynamics"),
        structures=GIVEN.starts_of_runs,
    output:
        advanced=path("dynamics", "advanced"),
    log:
        "results/logs/advance_dynamics/{model}.log",
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=8000,
        runtime=2880,
        checkpoint_interval_ps=str(config["dynamics"]["checkpoint_interval_ps"]),
        together=config["dynamics"]["together"],
    params:
        calculator=GIVEN.calculator("dynamics"),
        runs=GIVEN.runs_to_advance,
        trajectories=GIVEN.trajectories,
        method=METHOD["dynamics"],
    script:
        "../scripts/advance_dynamics.py"


rule run_dynamics:
    """Run molecular dynamics; a run that was killed continues from its checkpoint."""
    input:
        **WEIGHTS,
        backend=GIVEN.backend("dynamics"),
        structure=GIVEN.start_of_run,
    output:
        trajectory=path("dynamics", "trajectory"),
    log:
        "results/logs/run_dynamics/{model}/{run}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=4000,
        runtime=1440,
        checkpoint_interval_ps=str(config["dynamics"]["checkpoint_interval_ps"]),
    params:
        calculator=GIVEN.calculator("dynamics"),
        settings=GIVEN.run_settings,
        method=METHOD["dynamics"],
    script:
        "../scripts/run_dynamics.py"
