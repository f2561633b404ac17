"""Draw grades and claims of all models on one page."""

from anodeflow.process.job import job


def main(scorecard, claims, outputs, *, headings):
    from anodeflow.figures.style import save
    from anodeflow.scorecard.figure import plot_scorecard
    from anodeflow.scorecard.results import CLAIMS, SCORES

    save(*plot_scorecard(SCORES.read(scorecard), CLAIMS.read(claims), headings), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.scorecard,
            snakemake.input.claims,
            snakemake.output,
            headings=snakemake.params.headings,
        )
