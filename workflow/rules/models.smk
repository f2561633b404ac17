"""Brings model weights to this machine, on the submitting host only.

Needs: network, a mirror, or a package (in the model's environment) that carries them. Makes:
resources/weights/{model}.model and its card with the hash, which every job checks before it loads
the weights.
"""


localrules:
    fetch_weights,


rule fetch_weights:
    """Fetch a model's weights and check their hash."""
    input:
        file=weights_file,
    output:
        weights="resources/weights/{model}.model",
        card="resources/weights/{model}.json",
    log:
        "results/logs/fetch_weights/{model}.log",
    conda:
        "../../envs/mace.yaml"
    resources:
        sha256=lambda wildcards: config["models"][wildcards.model]["weights"]["sha256"]
        or "",
        mirror=config["weights_mirror"] or "",
        python=environment_python,
    params:
        source=lookup("models/{model}/weights/source", within=config),
        family=lookup("models/{model}/calculator/family", within=config),
        method=METHOD["weights"],
    script:
        "../scripts/fetch_weights.py"
