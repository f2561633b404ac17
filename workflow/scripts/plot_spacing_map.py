"""Draw a model's maps of the local spacing of stacks with ions."""

from pathlib import Path

from anodeflow.job import job


def main(maps, trajectories, outputs, *, titles):
    import pandas as pd

    from anodeflow.plots import save
    from anodeflow.plots.spacing import plot_spacing_map
    from anodeflow.trajectory import read_trajectory

    panels = {
        title: {"map": pd.read_csv(table), "atoms": read_trajectory(Path(trajectory)).initial}
        for title, table, trajectory in zip(titles, maps, trajectories, strict=True)
    }
    save(*plot_spacing_map(panels), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.maps,
            snakemake.input.trajectories,
            snakemake.output,
            titles=snakemake.params.titles,
        )
