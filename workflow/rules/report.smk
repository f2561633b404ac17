"""What only the report shows: its pages, structures in 3D, and the record of the study.

Needs: figures, tables, relaxed structures. Makes: results/report/*, with the pages of all tables.
"""


# Beside its inputs, the script reads the tables of costs, which every job adds to and no rule makes,
# and asks the Pythons of the models' environments and git for versions: what it records is what it
# finds when all else is done.
rule record_study:
    """Record what the finished study was made with: configuration, models, software, run times."""
    input:
        results=GATHERED.figure_targets
        + GATHERED.table_targets
        + GATHERED.scorecard_targets
        + GATHERED.views,
        cards=[path("models", "card", model=m) for m in config["study"]["models"]],
        structures=[
            path("structures", "structure", structure=name)
            for name in [*config["study"]["stacks"], *PLAN.units]
        ],
    output:
        configuration=path("report", "configuration"),
        tables=[
            path("report", "record", record=name)
            for name in RECORDS
            if name != "configuration"
        ],
    log:
        "results/logs/record_study.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    resources:
        checkout=CHECKOUT,
    params:
        # A function: braces in a setting are no wildcards.
        config=lambda wildcards: GATHERED.recorded_config,
        method=METHOD["figures"],
    script:
        "../scripts/record_study.py"


rule show_pages:
    """Turn tables and the recorded configuration into pages of the report."""
    input:
        [page.source for page in GATHERED.pages.values()],
    output:
        [
            report(
                path("report", "page", page=name),
                caption=f"../report/{name}.rst",
                category=page.category,
                labels={"result": page.title, "model": "all"},
            )
            for name, page in GATHERED.pages.items()
        ],
    log:
        "results/logs/show_pages.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        titles=[page.title for page in GATHERED.pages.values()],
        method=METHOD["figures"],
    script:
        "../scripts/show_pages.py"


rule view_structures:
    """Make a page in which a model's relaxed structures can be turned."""
    input:
        GATHERED.viewed_files,
    output:
        report(
            path("report", "view"),
            caption="../report/view_structures.rst",
            category=GATHERED.structures_category,
            labels=GATHERED.labels("Structures in 3D"),
        ),
    log:
        "results/logs/view_structures/{model}.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        names=lambda wildcards: GATHERED.viewed[wildcards.model],
        method=METHOD["figures"],
    script:
        "../scripts/view_structures.py"
