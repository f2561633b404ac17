"""Tables and figures of the study, for any list of models.

Needs: the results of every stage. Makes: results/tables/*.csv and .md, with uncertainty/*.csv on how
well the numbers of each column are known, and results/figures/*.pdf and .png with the .csv of what
each figure shows: a rule plot_{figure} for each figure that a stage declares.
"""


rule tabulate:
    """Put one stage's results of all models into a table, beside published values."""
    input:
        results=lambda wildcards: GATHERED.table_files(wildcards.table),
        beside=lambda wildcards: GATHERED.files_beside(wildcards.table),
        published=local(GATHERED.file_of("reference.published")),
    output:
        csv=path("tables", "csv"),
        markdown=path("tables", "md"),
        uncertainty=path("tables", "uncertainty"),
    log:
        "results/logs/tabulate/{table}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        rows=lambda wildcards: GATHERED.table_rows(wildcards.table),
        method=METHOD["figures"],
    script:
        "../scripts/tabulate.py"


for figure in FIGURES.values():

    rule:
        name:
            f"plot_{figure.name}"
        input:
            **GATHERED.figure_inputs(figure),
            **{k: local(v) for k, v in GATHERED.figure_references(figure).items()},
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
            figure=figure.name,
            method=METHOD["figures"],
        script:
            # Not the rule's name, which is another one in a module.
            "../scripts/plot_{params.figure}.py"
