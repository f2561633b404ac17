"""Open-circuit voltage against the number of ions.

Needs: relaxed stacks with ions (or the relaxed stack, frozen), the ion's metal, weights.
Makes: results/{model}/voltage/{stack}.csv.
"""


rule fill_frozen_host:
    """Relax ions in a host that keeps its geometry without ions."""
    input:
        **WEIGHTS,
        backend=GIVEN.backend("static"),
        host=path("relaxation", "structure", structure="{stack}"),
    output:
        structures=path("voltage", "frozen_host"),
    log:
        "results/logs/fill_frozen_host/{model}/{stack}.log",
    cache: True
    conda:
        "../../envs/mace.yaml"
    resources:
        **GPU,
        mem_mb=4000,
        runtime=240,
        max_steps=config["relaxation"]["max_steps"],
    params:
        calculator=GIVEN.calculator("static"),
        element=config["structures"]["ions"]["element"],
        max_ions=config["voltage"]["max_ions"],
        settings=GIVEN.minimiser(config["relaxation"]["stacks"]["fmax"]),
        method=METHOD["frozen_host"],
    script:
        "../scripts/fill_frozen_host.py"


rule compute_voltage:
    """Compute average and step voltages from energies."""
    input:
        bulk=path("relaxation", "structure", structure=PLAN.bulk),
        structures=GIVEN.filled_hosts,
    output:
        voltage=path("voltage", "curve"),
    log:
        "results/logs/compute_voltage/{model}/{stack}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        electrons_per_ion=config["structures"]["ions"]["electrons_per_ion"],
        method=METHOD["voltage"],
    script:
        "../scripts/compute_voltage.py"
