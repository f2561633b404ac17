"""Judge the study's conclusions for every model."""

from pathlib import Path

from anodeflow.process.job import job


def main(quantities, csv, json, markdown, *, study, limits):
    from anodeflow.files.atomic import write_json, write_table, write_text
    from anodeflow.scorecard import claims
    from anodeflow.scorecard.quantities import Study, read_quantities

    rows = claims.check_claims(read_quantities(Path(quantities)), Study(**study), **limits)
    write_table(claims.claims_table(rows), Path(csv))
    write_json(json, rows)
    write_text(markdown, claims.claims_markdown(rows))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.quantities,
            *snakemake.output,
            study=snakemake.params.study,
            limits=snakemake.params.limits,
        )
