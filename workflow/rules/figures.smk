"""Tables and figures of the study, for any list of models.

Needs: the results of every stage. Makes: results/tables/*.csv and .md, with uncertainty/*.csv on how
well the numbers of each column are known, and results/figures/*.pdf and .png with the .csv of what
each figure shows.
"""


localrules:
    tabulate,
    plot_structures,
    plot_phonons,
    plot_adhesion,
    plot_spacing,
    plot_spacing_map,
    plot_msd,
    plot_paths,
    plot_voltage,


rule tabulate:
    """Put one stage's results of all models into a table, beside published values."""
    input:
        results=lambda wildcards: paths(RESULTS[wildcards.table], KEYS[wildcards.table]),
        convergence=phonon_convergences,
        published=config["reference"]["published"] or [],
    output:
        csv="results/tables/{table}.csv",
        markdown="results/tables/{table}.md",
        uncertainty="results/tables/uncertainty/{table}.csv",
    log:
        "results/logs/tabulate/{table}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        rows=table_rows,
        method=METHOD["figures"],
    script:
        "../scripts/tabulate.py"


rule plot_structures:
    """Draw a model's relaxed stacks from the side and from the top."""
    input:
        expand(
            "results/{{model}}/relaxed/{stack}.extxyz", stack=config["study"]["stacks"]
        ),
    output:
        multiext("results/figures/structures_{model}", ".pdf", ".csv"),
        report(
            "results/figures/structures_{model}.png",
            caption="../report/plot_structures.rst",
            category=CATEGORIES["structures"],
            labels=shows("Figure 1. Relaxed stacks"),
        ),
    log:
        "results/logs/plot_structures/{model}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        stacks=lookup("study/stacks", within=config),
        method=METHOD["figures"],
    script:
        "../scripts/plot_structures.py"


rule plot_phonons:
    """Draw bands and density of states of each layer."""
    input:
        bands=paths("results/{model}/phonons/{name}/band.yaml", KEYS["phonons"]),
        dos=paths("results/{model}/phonons/{name}/total_dos.dat", KEYS["phonons"]),
        mesh=paths("results/{model}/phonons/{name}/mesh.hdf5", KEYS["phonons"]),
        references=list(filter(None, PHONON_REFERENCES.values())),
    output:
        multiext("results/figures/phonons", ".pdf", ".csv"),
        report(
            "results/figures/phonons.png",
            caption="../report/plot_phonons.rst",
            category=CATEGORIES["phonons"],
            labels=shows("Figure 2. Bands and density of states"),
        ),
    log:
        "results/logs/plot_phonons.log",
    conda:
        "../../envs/mace.yaml"
    params:
        rows=rows(KEYS["phonons"]),
        references=PHONON_REFERENCES,
        method=METHOD["figures"],
    script:
        "../scripts/plot_phonons.py"


rule plot_adhesion:
    """Draw adhesion energy against spacing for each stack."""
    input:
        curves=paths("results/{model}/adhesion/{name}.csv", KEYS["adhesion"]),
        summaries=paths("results/{model}/adhesion/{name}.json", KEYS["adhesion"]),
        reference=config["reference"]["adhesion"] or [],
    output:
        multiext("results/figures/adhesion", ".pdf", ".csv"),
        report(
            "results/figures/adhesion.png",
            caption="../report/plot_adhesion.rst",
            category=CATEGORIES["adhesion"],
            labels=shows("Figure 3. Adhesion energy"),
        ),
    log:
        "results/logs/plot_adhesion.log",
    conda:
        "../../envs/mace.yaml"
    params:
        rows=rows(KEYS["adhesion"]),
        convention=section("adhesion", "spacing", "layers"),
        method=METHOD["figures"],
    script:
        "../scripts/plot_adhesion.py"


rule plot_spacing:
    """Draw the spacing of stacks without ions against time."""
    input:
        series=paths("results/{model}/spacing/{name}.csv", EMPTY_RUNS),
        summaries=paths("results/{model}/spacing/{name}.json", EMPTY_RUNS),
        published=config["reference"]["published"] or [],
    output:
        multiext("results/figures/spacing", ".pdf", ".csv"),
        report(
            "results/figures/spacing.png",
            caption="../report/plot_spacing.rst",
            category=CATEGORIES["dynamics"],
            labels=shows("Figure 4. Spacing in time"),
        ),
    log:
        "results/logs/plot_spacing.log",
    conda:
        "../../envs/mace.yaml"
    params:
        rows=run_rows(EMPTY_RUNS),
        method=METHOD["figures"],
    script:
        "../scripts/plot_spacing.py"


rule plot_spacing_map:
    """Draw a model's maps of the local spacing of stacks with ions."""
    input:
        maps=expand("results/{{model}}/spacing/{run}_map.csv", run=FILLED_RUNS),
        trajectories=expand("results/{{model}}/dynamics/{run}.h5", run=FILLED_RUNS),
    output:
        multiext("results/figures/spacing_map_{model}", ".pdf", ".csv"),
        report(
            "results/figures/spacing_map_{model}.png",
            caption="../report/plot_spacing_map.rst",
            category=CATEGORIES["dynamics"],
            labels=shows("Figure 5c. Map of the spacing"),
        ),
    log:
        "results/logs/plot_spacing_map/{model}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        titles=[PLAN.title(run) for run in FILLED_RUNS],
        method=METHOD["figures"],
    script:
        "../scripts/plot_spacing_map.py"


rule plot_msd:
    """Draw the mean square displacement of the ions."""
    input:
        msd=paths("results/{model}/diffusion/{name}_msd.csv", KEYS["diffusion"]),
        summaries=paths("results/{model}/diffusion/{name}.json", KEYS["diffusion"]),
    output:
        multiext("results/figures/msd", ".pdf", ".csv"),
        report(
            "results/figures/msd.png",
            caption="../report/plot_msd.rst",
            category=CATEGORIES["dynamics"],
            labels=shows("Figure 5a. Mean square displacement"),
        ),
    log:
        "results/logs/plot_msd.log",
    conda:
        "../../envs/mace.yaml"
    params:
        rows=run_rows(KEYS["diffusion"]),
        method=METHOD["figures"],
    script:
        "../scripts/plot_msd.py"


rule plot_paths:
    """Draw the ions' paths over the facing layer for a model."""
    input:
        paths=expand("results/{{model}}/diffusion/{run}_paths.csv", run=FILLED_RUNS),
        trajectories=expand("results/{{model}}/dynamics/{run}.h5", run=FILLED_RUNS),
    output:
        multiext("results/figures/paths_{model}", ".pdf", ".csv"),
        report(
            "results/figures/paths_{model}.png",
            caption="../report/plot_paths.rst",
            category=CATEGORIES["dynamics"],
            labels=shows("Figure 5b. Paths of the ions"),
        ),
    log:
        "results/logs/plot_paths/{model}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        titles=[PLAN.title(run) for run in FILLED_RUNS],
        method=METHOD["figures"],
    script:
        "../scripts/plot_paths.py"


rule plot_voltage:
    """Draw the voltage against the number of ions."""
    input:
        voltages=paths("results/{model}/voltage/{name}.csv", KEYS["voltage"]),
        published=config["reference"]["published"] or [],
    output:
        multiext("results/figures/voltage", ".pdf", ".csv"),
        report(
            "results/figures/voltage.png",
            caption="../report/plot_voltage.rst",
            category=CATEGORIES["voltage"],
            labels=shows("Figure 6. Voltage"),
        ),
    log:
        "results/logs/plot_voltage.log",
    conda:
        "../../envs/mace.yaml"
    params:
        rows=rows(KEYS["voltage"]),
        ion=lookup("structures/ions/element", within=config),
        method=METHOD["figures"],
    script:
        "../scripts/plot_voltage.py"
