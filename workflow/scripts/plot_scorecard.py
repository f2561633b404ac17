"""Draw grades and claims of all models on one page."""

import json
from pathlib import Path

from anodeflow.process.job import job


def main(scorecard, claims, outputs):
    from anodeflow.figures.style import save
    from anodeflow.scorecard.figure import plot_scorecard

    graded, judged = (json.loads(Path(path).read_text()) for path in (scorecard, claims))
    save(*plot_scorecard(graded, judged), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input.scorecard, snakemake.input.claims, snakemake.output)
