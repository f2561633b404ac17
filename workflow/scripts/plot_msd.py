"""Draw the mean square displacement of the ions."""

from anodeflow.process.job import job


def main(msd, summaries, outputs, *, rows):
    from anodeflow.figures.style import save
    from anodeflow.stages.motion.diffusion_figures import plot_msd
    from anodeflow.stages.motion.results import MSD, Mobility

    panels = {}
    for row, table, summary in zip(rows, msd, summaries, strict=True):
        entry = {"label": row["label"], "colour": row["colour"], "runs": []}
        entries = panels.setdefault((row["system"], row["ions"]), {})
        run = {"msd": MSD.read(table), "verdict": Mobility.read(summary).verdict}
        entries.setdefault(row["label"], entry)["runs"].append(run)
    save(*plot_msd({panel: [*entries.values()] for panel, entries in panels.items()}), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.msd,
            snakemake.input.summaries,
            snakemake.output,
            rows=snakemake.params.rows,
        )
