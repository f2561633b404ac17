"""Open-circuit voltage against the number of ions.

Needs: relaxed stacks with ions (or the relaxed stack, frozen), the ion's metal, weights.
Makes: results/{model}/voltage/{stack}.csv.
"""


rule fill_frozen_host:
    """Relax ions in a host that keeps its geometry without ions."""
    input:
        **WEIGHTS,
        backend=backend("static"),
        host="results/{model}/relaxed/{stack}.extxyz",
    output:
        structures="results/{model}/voltage/{stack}_frozen.extxyz",
    log:
        "results/logs/fill_frozen_host/{model}/{stack}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        gpu=gpus,
        mem_mb=4000,
        runtime=240,
        max_steps=lookup("relaxation/max_steps", within=config),
    params:
        calculator=calculator("static"),
        element=lookup("structures/ions/element", within=config),
        max_ions=lookup("voltage/max_ions", within=config),
        settings=minimiser(config["relaxation"]["stacks"]["fmax"]),
        method=METHOD["frozen_host"],
    script:
        "../scripts/fill_frozen_host.py"


localrules:
    compute_voltage,


rule compute_voltage:
    """Compute average and step voltages from energies."""
    input:
        bulk=f"results/{{model}}/relaxed/{PLAN.bulk}.extxyz",
        structures=filled_hosts,
    output:
        voltage="results/{model}/voltage/{stack}.csv",
    log:
        "results/logs/compute_voltage/{model}/{stack}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        electrons_per_ion=lookup("structures/ions/electrons_per_ion", within=config),
        method=METHOD["voltage"],
    script:
        "../scripts/compute_voltage.py"
