"""Relaxes structures with each model and checks that they kept their structure.

Needs: results/structures, weights. Makes: results/{model}/relaxation/*.extxyz and .json.
"""


rule relax:
    """Relax a structure with a model."""
    input:
        **WEIGHTS,
        backend=GIVEN.backend("static"),
        structure=GIVEN.built,
    output:
        structure=path("relaxation", "structure"),
    log:
        "results/logs/relax/{model}/{structure}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=4000,
        runtime=120,
        max_steps=config["relaxation"]["max_steps"],
    params:
        calculator=GIVEN.calculator("static"),
        settings=lookup("{structure}", within=PLAN.minima),
        method=METHOD["relaxation"],
    script:
        "../scripts/relax.py"


rule check_structure:
    """Compare a relaxed structure with the one it started from."""
    input:
        start=GIVEN.built,
        relaxed=path("relaxation", "structure"),
    output:
        check=path("relaxation", "check"),
    log:
        "results/logs/check_structure/{model}/{structure}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        method=METHOD["structure_check"],
    script:
        "../scripts/check_structure.py"
