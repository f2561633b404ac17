"""Draw grades and claims of all models on one page."""

import json
from pathlib import Path

from anodeflow.job import job


def main(scorecard, claims, outputs):
    from anodeflow.plots import save
    from anodeflow.plots.scorecard import plot_scorecard

    graded, judged = (json.loads(Path(path).read_text()) for path in (scorecard, claims))
    save(*plot_scorecard(graded, judged), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input.scorecard, snakemake.input.claims, snakemake.output)
