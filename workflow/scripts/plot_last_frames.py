"""Draw the last frame of each of a model's runs with ions."""

from pathlib import Path

from anodeflow.process.job import job


def main(trajectories, outputs, *, titles):
    from anodeflow.figures.style import save
    from anodeflow.stages.dynamics.trajectory import read_trajectory
    from anodeflow.stages.motion.last_frames_figure import plot_last_frames

    runs = {
        title: read_trajectory(Path(path)) for title, path in zip(titles, trajectories, strict=True)
    }
    save(*plot_last_frames(runs), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input.trajectories, snakemake.output, titles=snakemake.params.titles)
