"""What only the report shows: its pages, structures in 3D, and the record of the study.

Needs: figures, tables, relaxed structures. Makes: results/report/*, with the pages of all tables.
"""

import json

# Tables as they are numbered in the report; pages of the scorecard; the record of the study.
TITLES = {
    "structure": ("structures", "Table 1. Bonds and thickness"),
    "phonons": ("phonons", "Table 2. Stability and deviation"),
    "adhesion": ("adhesion", "Table 3. Adhesion peaks"),
    "spacing": ("dynamics", "Table 4. Mean spacing"),
    "spacing_ensembles": ("dynamics", "Table 5. Mean spacing, replicas together"),
    "diffusion": ("dynamics", "Table 6. Mobility of the ions"),
    "diffusion_ensembles": ("dynamics", "Table 7. Mobility, replicas together"),
    "voltage": ("voltage", "Table 8. Voltages"),
}
SCORES = {
    "scorecard": ("scorecard.csv", "D. Scores by metric"),
    "claims": ("claims.md", "B. Claims"),
    "disagreement": ("disagreement.md", "C. Disagreement"),
}
RECORDS = {
    "configuration": ("configuration.yaml", "Configuration"),
    "models": ("models.csv", "Models, licences, hashes"),
    "run_times": ("run_times.csv", "Run times"),
    "software": ("software.csv", "Software"),
}
PAGES = {
    name: (f"results/scorecard/{file}", CATEGORIES["scorecard"], title)
    for name, (file, title) in SCORES.items()
}
PAGES |= {
    table: (f"results/tables/{table}.md", CATEGORIES[category], title)
    for table, (category, title) in TITLES.items()
    if KEYS[table]
} | {
    name: (f"results/report/{file}", CATEGORIES["record"], title)
    for name, (file, title) in RECORDS.items()
}

# The structures of each model that can be turned, the first of them shown at first: stacks.
VIEWED = {
    model: sorted(
        PLAN.relaxed_with(model), key=[*PLAN.layers, *PLAN.units].__contains__
    )
    for model in PLAN.models("relaxation")
}
VIEWS = expand("results/report/structures_{model}.html", model=VIEWED)
REPORT = VIEWS + expand("results/report/{page}.html", page=PAGES)


localrules:
    record_study,
    show_pages,
    view_structures,


rule record_study:
    """Record what the finished study was made with: configuration, models, software, run times."""
    input:
        results=FIGURES + TABLES + SCORECARD + VIEWS,
        cards=expand("resources/weights/{model}.json", model=config["study"]["models"]),
    output:
        configuration="results/report/configuration.yaml",
        tables=expand(
            "results/report/{table}.csv", table=["models", "software", "run_times"]
        ),
    log:
        "results/logs/record_study.log",
    conda:
        "../../envs/mace.yaml"
    params:
        # A function: braces in a setting are no wildcards.
        config=lambda wildcards: json.dumps(config, sort_keys=True),
        method=METHOD["figures"],
    script:
        "../scripts/record_study.py"


rule show_pages:
    """Turn tables and the recorded configuration into pages of the report."""
    input:
        [shown for shown, _, _ in PAGES.values()],
    output:
        [
            report(
                f"results/report/{name}.html",
                caption=f"../report/{name}.rst",
                category=category,
                labels={"result": title, "model": "all"},
            )
            for name, (_, category, title) in PAGES.items()
        ],
    log:
        "results/logs/show_pages.log",
    conda:
        "../../envs/mace.yaml"
    params:
        titles=[title for _, _, title in PAGES.values()],
        method=METHOD["figures"],
    script:
        "../scripts/show_pages.py"


rule view_structures:
    """Make a page in which a model's relaxed structures can be turned."""
    input:
        lambda wildcards: expand(
            "results/{model}/relaxed/{name}.extxyz",
            model=wildcards.model,
            name=VIEWED[wildcards.model],
        ),
    output:
        report(
            "results/report/structures_{model}.html",
            caption="../report/view_structures.rst",
            category=CATEGORIES["structures"],
            labels=shows("Structures in 3D"),
        ),
    log:
        "results/logs/view_structures/{model}.log",
    conda:
        "../../envs/mace.yaml"
    params:
        names=lambda wildcards: VIEWED[wildcards.model],
        method=METHOD["figures"],
    script:
        "../scripts/view_structures.py"
