"""Set the study's own results beside every published value."""

from pathlib import Path

from anodeflow.process.job import job


def main(quantities, csv, markdown, *, study, sigma):
    from anodeflow.files.atomic import write_text
    from anodeflow.scorecard.comparison import compare_with_published, comparison_markdown
    from anodeflow.scorecard.quantities import Study, read_quantities
    from anodeflow.scorecard.results import COMPARISON_CSV

    numbers = read_quantities(Path(quantities))
    found = compare_with_published(numbers, Study(**study), sigma=sigma)
    COMPARISON_CSV.write(found, csv)
    write_text(markdown, comparison_markdown(found))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.quantities,
            *snakemake.output,
            study=snakemake.params.study,
            sigma=snakemake.params.sigma,
        )
