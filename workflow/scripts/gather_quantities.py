"""Put every number that models are judged by, computed or published, into one form."""

from pathlib import Path

from anodeflow.process.job import job


def main(results, published, quantities, *, rows, numerical):
    from anodeflow.scorecard.quantities import published_quantities, write_quantities
    from anodeflow.study.result_files import read_result
    from anodeflow.study.scored_files import read_scored
    from anodeflow.tables.published import read_published

    found = []
    for about, path in zip(rows, results, strict=True):
        stage, file = about["file"].split(".")
        for name, beside in about.get("beside", {}).items():
            about[name] = read_result(stage, name, beside)
        found += read_scored(about, read_result(stage, file, path), numerical=numerical)
    if published:
        found += published_quantities(read_published(Path(published)))
    write_quantities(found, Path(quantities))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.results,
            snakemake.input.get("published"),
            snakemake.output.quantities,
            rows=snakemake.params.rows,
            numerical=snakemake.params.numerical,
        )
