"""Brings model weights to this machine, on the submitting host only, and checks the calculators.

Needs: network, a mirror, or a package (in the model's environment) that carries them. Makes:
resources/weights/{model}.model and its card with the hash, which every job checks before it loads
the weights; results/{model}/backend_{dtype}.json, without which no job evaluates the model.
"""


rule fetch_weights:
    """Fetch a model's weights and check their hash."""
    input:
        file=local(GIVEN.weights_file),
    output:
        weights=path("models", "weights"),
        card=path("models", "card"),
    log:
        "results/logs/fetch_weights/{model}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    resources:
        sha256=GIVEN.pinned_hash,
        mirror=locate(config["weights_mirror"] or ""),
        python=GIVEN.environment_python,
    params:
        source=lookup("models/{model}/weights/source", within=config),
        family=lookup("models/{model}/calculator/family", within=config),
        method=METHOD["weights"],
    script:
        "../scripts/fetch_weights.py"


# Whatever makes this run again makes the jobs that need its record run again. So it depends
# on nothing but what they all do: the script itself reads what the calculator is tried on, and how
# strictly, from the config.
rule check_backend:
    """Compare a model's configured calculator with a plain one on the study's own stacks."""
    input:
        **WEIGHTS,
    output:
        record=path("models", "backend"),
    log:
        "results/logs/check_backend/{model}/{dtype}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=8000,
        runtime=60,
        fillings=GIVEN.fillings,
    params:
        calculator=GIVEN.calculator_of_dtype,
    script:
        "../scripts/check_backend.py"
