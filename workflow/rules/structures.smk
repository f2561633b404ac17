"""Builds every structure of the study.

Needs: config (and a user's structure files). Makes: results/structures/*.extxyz.
"""


rule build_unit:
    """Build the unit cell of a layer."""
    input:
        file=local(GIVEN.layer_file),
    output:
        structure=path("structures", "structure", structure="{layer}_unit"),
    log:
        "results/logs/build_unit/{layer}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        settings=GIVEN.unit_settings,
        cell_height=config["structures"]["cell_height"],
        method=METHOD["structures"],
    script:
        "../scripts/build_unit.py"


rule build_layer:
    """Build a layer as it enters a stack."""
    input:
        file=local(GIVEN.layer_file),
    output:
        structure=path("structures", "structure", structure="{layer}"),
    log:
        "results/logs/build_layer/{layer}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        settings=GIVEN.layer_settings,
        base=GIVEN.base,
        cell_height=config["structures"]["cell_height"],
        method=METHOD["structures"],
    script:
        "../scripts/build_layer.py"


rule build_stack:
    """Put two layers on top of each other in a common cell."""
    input:
        bottom=GIVEN.built_end("bottom"),
        top=GIVEN.built_end("top"),
    output:
        structure=path("structures", "structure", structure="{stack}"),
    log:
        "results/logs/build_stack/{stack}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    resources:
        strain_limit=str(config["structures"]["strain_limit"]),
    params:
        settings=lookup("structures/stacks/{stack}", within=config),
        stiffnesses=GIVEN.stiffnesses,
        cell_height=config["structures"]["cell_height"],
        method=METHOD["structures"],
    script:
        "../scripts/build_stack.py"


rule fill_ions:
    """Put ions into the gap of a stack."""
    input:
        structure=path("structures", "structure", structure="{stack}"),
    output:
        structure=path("structures", "structure", structure="{stack}_{n}{ion}"),
    log:
        "results/logs/fill_ions/{stack}_{n}{ion}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        element=config["structures"]["ions"]["element"],
        spacing=config["structures"]["ions"]["spacing"],
        method=METHOD["structures"],
    script:
        "../scripts/fill_ions.py"


rule build_bulk:
    """Build the ion's metal."""
    output:
        structure=path("structures", "structure", structure="{ion}_bulk"),
    log:
        "results/logs/build_bulk/{ion}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        element=config["structures"]["ions"]["element"],
        settings=GIVEN.metal,
        method=METHOD["structures"],
    script:
        "../scripts/build_bulk.py"
