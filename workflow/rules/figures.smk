"""Tables and figures of the study, for any list of models.

Needs: the results of every stage. Makes: results/tables/*.csv and .md, with uncertainty/*.csv on how
well the numbers of each column are known, and results/figures/*.pdf and .png with the .csv of what
each figure shows: a rule plot_{figure} for each figure that a stage declares.
"""


localrules:
    tabulate,


rule tabulate:
    """Put one stage's results of all models into a table, beside published values."""
    input:
        results=lambda wildcards: GATHERED.table_files(wildcards.table),
        beside=lambda wildcards: GATHERED.files_beside(wildcards.table),
        published=config["reference"]["published"] or [],
    output:
        csv=path("tables", "csv"),
        markdown=path("tables", "md"),
        uncertainty=path("tables", "uncertainty"),
    log:
        "results/logs/tabulate/{table}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        rows=lambda wildcards: GATHERED.table_rows(wildcards.table),
        method=METHOD["figures"],
    script:
        "../scripts/tabulate.py"


for figure in FIGURES.values():
    # Snakemake reads a script's path twice: here, and in the job, where `rule` is the job's own.
    globals()["rule"] = f"plot_{figure.name}"

    rule:
        name:
            f"plot_{figure.name}"
        input:
            **GATHERED.figure_inputs(figure),
        output:
            pdf=path("figures", "pdf", figure=figure.stem),
            csv=path("figures", "csv", figure=figure.stem),
            png=report(
                path("figures", "png", figure=figure.stem),
                caption=f"../report/plot_{figure.name}.rst",
                category=GATHERED.categories[STAGE_OF_FIGURE[figure.name].title],
                labels=GATHERED.labels(figure.title),
            ),
        log:
            figure.log,
        localrule: True
        conda:
            "../../envs/mace.yaml"
        params:
            **GATHERED.figure_parameters(figure),
            method=METHOD["figures"],
        script:
            f"../scripts/{rule}.py"
