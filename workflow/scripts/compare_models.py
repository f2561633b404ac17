"""Find where models differ by more than their combined uncertainty."""

from pathlib import Path

from anodeflow.process.job import job


def main(quantities, csv, json, markdown, *, study, sigma):
    from anodeflow.files.atomic import write_text
    from anodeflow.scorecard.disagreement import disagreement_markdown, disagreements
    from anodeflow.scorecard.quantities import Study, read_quantities
    from anodeflow.scorecard.results import DISAGREEMENTS, DISAGREEMENTS_CSV, Disagreement

    found = disagreements(read_quantities(Path(quantities)), Study(**study), sigma=sigma)
    DISAGREEMENTS_CSV.write(found, csv)
    DISAGREEMENTS.write([Disagreement(**row) for row in found.to_dict("records")], json)
    write_text(markdown, disagreement_markdown(found))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.quantities,
            *snakemake.output,
            study=snakemake.params.study,
            sigma=snakemake.params.sigma,
        )
