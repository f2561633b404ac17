"""Draw the spacing of stacks without ions against time."""

from pathlib import Path

from anodeflow.process.job import job


def main(series, summaries, published, outputs, *, rows):
    from anodeflow.figures.style import save
    from anodeflow.stages.motion.results import SPACING_SERIES, MeanSpacing
    from anodeflow.stages.motion.spacing_figures import plot_spacing
    from anodeflow.tables.published import published_spacings, read_published

    others = read_published(Path(published)) if published else None
    panels = {}
    for row, path, summary in zip(rows, series, summaries, strict=True):
        entry = {"label": row["label"], "colour": row["colour"], "runs": []}
        entry["reference"] = published_spacings(others, row["system"]) if others is not None else {}
        entries = panels.setdefault(row["system"], {})
        unstable = not MeanSpacing.read(summary).stable
        run = {"series": SPACING_SERIES.read(path), "unstable": unstable}
        entries.setdefault(row["label"], entry)["runs"].append(run)
    save(*plot_spacing({panel: [*entries.values()] for panel, entries in panels.items()}), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.series,
            snakemake.input.summaries,
            snakemake.input.published,
            snakemake.output,
            rows=snakemake.params.rows,
        )
