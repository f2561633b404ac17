"""Draw the spacing of stacks without ions against time."""

from pathlib import Path

from anodeflow.job import job


def main(series, published, outputs, *, rows):
    import pandas as pd

    from anodeflow.plots import save
    from anodeflow.plots.spacing import plot_spacing
    from anodeflow.tables import published_spacings, read_published

    others = read_published(Path(published)) if published else None
    panels = {}
    for row, path in zip(rows, series, strict=True):
        entry = {
            "label": row["label"],
            "colour": row["colour"],
            "series": pd.read_csv(path),
            "reference": None if others is None else published_spacings(others, row["system"]),
        }
        panels.setdefault(row["system"], []).append(entry)
    save(*plot_spacing(panels), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.series,
            snakemake.input.get("published"),
            snakemake.output,
            rows=snakemake.params.rows,
        )
