"""Adhesion energy of stacks against spacing.

Needs: relaxed stacks and layers, weights. Makes: results/{model}/adhesion/{stack}.extxyz (every
point's geometry and energies), .csv (the curve) and .json (peak, strain energy).
"""


rule scan_adhesion:
    """Relax a stack at fixed spacings, and its two layers alone."""
    input:
        **WEIGHTS,
        backend=GIVEN.backend("static"),
        stack=path("relaxation", "structure", structure="{stack}"),
        bottom=GIVEN.relaxed_end("bottom"),
        top=GIVEN.relaxed_end("top"),
    output:
        points=path("adhesion", "points"),
        references=path("adhesion", "references"),
    log:
        "results/logs/scan_adhesion/{model}/{stack}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=4000,
        runtime=360,
        max_steps=config["adhesion"]["max_steps"],
    params:
        calculator=GIVEN.calculator("static"),
        given=GIVEN.given_ends,
        spacings=GIVEN.section(
            "adhesion", "first_spacing", "last_spacing", "points", "starts", "hold"
        ),
        settings=GIVEN.minimiser(config["adhesion"]["fmax"]),
        method=METHOD["adhesion"],
    script:
        "../scripts/scan_adhesion.py"


rule fit_adhesion:
    """Turn a scan's energies into the adhesion curve and find its peak."""
    input:
        points=path("adhesion", "points"),
        references=path("adhesion", "references"),
        stack=path("relaxation", "structure", structure="{stack}"),
    output:
        curve=path("adhesion", "curve"),
        peak=path("adhesion", "peak"),
    log:
        "results/logs/fit_adhesion/{model}/{stack}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        settings=GIVEN.section("adhesion", "spacing", "layers", "peak_window"),
        functional=GIVEN.functional_of_dispersion,
        forces=lambda wildcards: PLAN.config.models[wildcards.model].card.forces,
        method=METHOD["adhesion_fit"],
    script:
        "../scripts/fit_adhesion.py"
