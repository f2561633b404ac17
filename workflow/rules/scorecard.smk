"""What the numbers of all models say: grades, the study's conclusions, disagreement.

Needs: the results of every stage, published values, the files of metrics and claims. Makes:
results/scorecard/quantities.csv (every number with its uncertainty), scorecard.csv and .json
(grades), claims and disagreement (.csv, .json, .md), results/figures/scorecard.pdf, .png, .csv, and when asked for
results/scorecard/comparison_with_study.csv and .md.
"""


rule gather_quantities:
    """Put every number that models are judged by, computed or published, into one form."""
    input:
        results=GATHERED.scored_files,
        beside=GATHERED.scored_files_beside,
        published=local(GATHERED.file_of("reference.published")),
    output:
        quantities=path("scorecard", "quantities"),
    log:
        "results/logs/gather_quantities.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        rows=GATHERED.scored_rows,
        numerical=config["scorecard"]["numerical_errors"],
        method=METHOD["quantities"],
    script:
        "../scripts/gather_quantities.py"


rule score_models:
    """Grade every model by every metric."""
    input:
        quantities=path("scorecard", "quantities"),
        metrics=local(GATHERED.file_of("scorecard.metrics")),
    output:
        csv=path("scorecard", "scorecard_csv"),
        json=path("scorecard", "scorecard_json"),
    log:
        "results/logs/score_models.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        study=GATHERED.studied,
        limits=GIVEN.section("scorecard", "sigma"),
        method=METHOD["metrics"],
    script:
        "../scripts/score_models.py"


rule check_claims:
    """Judge the study's conclusions for every model."""
    input:
        quantities=path("scorecard", "quantities"),
        claims=local(GATHERED.file_of("scorecard.claims")),
    output:
        csv=path("scorecard", "claims_csv"),
        json=path("scorecard", "claims_json"),
        md=path("scorecard", "claims_md"),
    log:
        "results/logs/check_claims.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        study=GATHERED.studied,
        limits=GIVEN.section("scorecard", "sigma", "confined_ps")
        | GIVEN.section("phonons", "imaginary_THz"),
        defined=GATHERED.defined_systems,
        method=METHOD["claims"],
    script:
        "../scripts/check_claims.py"


rule compare_models:
    """Find where models differ by more than their combined uncertainty."""
    input:
        quantities=path("scorecard", "quantities"),
    output:
        csv=path("scorecard", "disagreement_csv"),
        json=path("scorecard", "disagreement_json"),
        md=path("scorecard", "disagreement_md"),
    log:
        "results/logs/compare_models.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        study=GATHERED.studied,
        sigma=config["scorecard"]["sigma"],
        method=METHOD["disagreement"],
    script:
        "../scripts/compare_models.py"


rule compare_with_study:
    """Set the study's own results beside every published value; not part of `rule all`."""
    input:
        quantities=path("scorecard", "quantities"),
    output:
        csv=path("comparison", "csv"),
        md=path("comparison", "md"),
    log:
        "results/logs/compare_with_study.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        study=GATHERED.studied,
        sigma=config["scorecard"]["sigma"],
        method=METHOD["comparison"],
    script:
        "../scripts/compare_with_study.py"


rule plot_scorecard:
    """Draw grades and claims of all models on one page."""
    input:
        scorecard=path("scorecard", "scorecard_json"),
        claims=path("scorecard", "claims_json"),
    output:
        pdf=path("figures", "pdf", figure="scorecard"),
        csv=path("figures", "csv", figure="scorecard"),
        png=report(
            path("figures", "png", figure="scorecard"),
            caption="../report/plot_scorecard.rst",
            category=GATHERED.scorecard_category,
            labels=GATHERED.labels("A. Scorecard"),
        ),
    log:
        "results/logs/plot_scorecard.log",
    localrule: True
    conda:
        "../../envs/mace.yaml"
    params:
        headings=GATHERED.score_headings,
        method=METHOD["figures"],
    script:
        "../scripts/plot_scorecard.py"
