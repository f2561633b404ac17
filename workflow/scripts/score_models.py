"""Grade every model by every metric."""

from pathlib import Path

from anodeflow.process.job import job


def main(quantities, metrics, csv, json, *, study, limits):
    from anodeflow.scorecard.metrics import Grading, read_metrics, score
    from anodeflow.scorecard.quantities import Study, read_quantities
    from anodeflow.scorecard.results import SCORES, SCORES_CSV, Score

    grading = Grading(read_quantities(Path(quantities)), Study(**study), **limits)
    graded = score(read_metrics(Path(metrics)), grading)
    SCORES_CSV.write(graded, csv)
    SCORES.write([Score(**row) for row in graded.to_dict("records")], json)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.quantities,
            snakemake.input.metrics,
            *snakemake.output,
            study=snakemake.params.study,
            limits=snakemake.params.limits,
        )
