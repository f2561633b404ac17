"""Judge the study's conclusions for every model."""

import sys
from pathlib import Path

from anodeflow.process.job import job


def main(quantities, claims, csv, json, markdown, *, study, limits, defined):
    from anodeflow.files.atomic import write_table, write_text
    from anodeflow.scorecard import claims as claimed
    from anodeflow.scorecard.quantities import Study, read_quantities
    from anodeflow.scorecard.results import CLAIMS

    declared = claimed.read_claims(Path(claims))
    for sentence in claimed.warn_of_unknown(declared, defined):
        print(f"WARNING: {claims}: {sentence}", file=sys.__stderr__)
    numbers = read_quantities(Path(quantities))
    rows = claimed.check_claims(declared, numbers, Study(**study), **limits)
    write_table(claimed.claims_table(rows), Path(csv))
    CLAIMS.write(rows, json)
    write_text(markdown, claimed.claims_markdown(rows))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.quantities,
            snakemake.input.claims,
            *snakemake.output,
            study=snakemake.params.study,
            limits=snakemake.params.limits,
            defined=snakemake.params.defined,
        )
