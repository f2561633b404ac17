"""Draw the ions' paths over the facing layer for a model."""

from pathlib import Path

from anodeflow.process.job import job


def main(paths, trajectories, outputs, *, titles):
    from anodeflow.figures.style import save
    from anodeflow.stages.dynamics.trajectory import read_trajectory
    from anodeflow.stages.motion.diffusion_figures import plot_paths
    from anodeflow.stages.motion.results import PATHS

    panels = {
        title: {"paths": PATHS.read(table), "atoms": read_trajectory(Path(trajectory)).initial}
        for title, table, trajectory in zip(titles, paths, trajectories, strict=True)
    }
    save(*plot_paths(panels), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.paths,
            snakemake.input.trajectories,
            snakemake.output,
            titles=snakemake.params.titles,
        )
