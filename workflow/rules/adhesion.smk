"""Adhesion energy of stacks against spacing.

Needs: relaxed stacks and layers, weights. Makes: results/{model}/adhesion/{stack}.extxyz (every
point's geometry and energies), .csv (the curve) and .json (peak, strain energy).
"""


rule scan_adhesion:
    """Relax a stack at fixed spacings, and its two layers alone."""
    input:
        **WEIGHTS,
        backend=backend("static"),
        stack="results/{model}/relaxed/{stack}.extxyz",
        bottom=relaxed_end("bottom"),
        top=relaxed_end("top"),
    output:
        points="results/{model}/adhesion/{stack}.extxyz",
        references="results/{model}/adhesion/{stack}_references.extxyz",
    log:
        "results/logs/scan_adhesion/{model}/{stack}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        gpu=gpus,
        mem_mb=4000,
        runtime=360,
        max_steps=lookup("adhesion/max_steps", within=config),
    params:
        calculator=calculator("static"),
        given=given_ends,
        spacings=section(
            "adhesion", "first_spacing", "last_spacing", "points", "starts"
        ),
        settings=minimiser(config["adhesion"]["fmax"]),
        method=METHOD["adhesion"],
    script:
        "../scripts/scan_adhesion.py"


localrules:
    fit_adhesion,


rule fit_adhesion:
    """Turn a scan's energies into the adhesion curve and find its peak."""
    input:
        points="results/{model}/adhesion/{stack}.extxyz",
        references="results/{model}/adhesion/{stack}_references.extxyz",
    output:
        curve="results/{model}/adhesion/{stack}.csv",
        peak="results/{model}/adhesion/{stack}.json",
    log:
        "results/logs/fit_adhesion/{model}/{stack}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        settings=section(
            "adhesion", "spacing", "layers", "peak_window", "fit_half_width"
        ),
        method=METHOD["adhesion_fit"],
    script:
        "../scripts/fit_adhesion.py"
