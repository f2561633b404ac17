"""Grade every model by every metric."""

from pathlib import Path

from anodeflow.job import job


def main(quantities, metrics, csv, json, *, study, limits):
    from anodeflow.metrics import Grading, read_metrics, score
    from anodeflow.quantities import Study, read_quantities
    from anodeflow.tables import write_table
    from anodeflow.whole_files import write_json

    grading = Grading(read_quantities(Path(quantities)), Study(**study), **limits)
    graded = score(read_metrics(Path(metrics)), grading)
    write_table(graded, Path(csv))
    write_json(json, graded.to_dict("records"))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.quantities,
            snakemake.input.metrics,
            *snakemake.output,
            study=snakemake.params.study,
            limits=snakemake.params.limits,
        )
