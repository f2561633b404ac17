"""Find where models differ by more than their combined uncertainty."""

from pathlib import Path

from anodeflow.process.job import job


def main(quantities, csv, json, markdown, *, study, sigma):
    from anodeflow.files.atomic import write_json, write_table, write_text
    from anodeflow.scorecard.disagreement import disagreement_markdown, disagreements
    from anodeflow.scorecard.quantities import Study, read_quantities

    found = disagreements(read_quantities(Path(quantities)), Study(**study), sigma=sigma)
    write_table(found, Path(csv))
    write_json(json, found.to_dict("records"))
    write_text(markdown, disagreement_markdown(found))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.quantities,
            *snakemake.output,
            study=snakemake.params.study,
            sigma=snakemake.params.sigma,
        )
