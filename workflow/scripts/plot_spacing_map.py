"""Draw a model's maps of the local spacing of stacks with ions."""

from pathlib import Path

from anodeflow.process.job import job


def main(maps, trajectories, outputs, *, titles):
    from anodeflow.figures.style import save
    from anodeflow.stages.dynamics.trajectory import read_trajectory
    from anodeflow.stages.motion.results import SPACING_MAP
    from anodeflow.stages.motion.spacing_figures import plot_spacing_map

    panels = {
        title: {"map": SPACING_MAP.read(table), "atoms": read_trajectory(Path(trajectory)).initial}
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
