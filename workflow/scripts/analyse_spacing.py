"""Follow the spacing in time, and average it and the temperature."""

from pathlib import Path

from anodeflow.process.job import job


def main(trajectory, series, summary):
    from anodeflow.stages.dynamics.trajectory import read_trajectory
    from anodeflow.stages.motion.results import SPACING_SERIES
    from anodeflow.stages.motion.spacing_series import run_spacing, spacing_series

    run = read_trajectory(Path(trajectory))
    table = spacing_series(run)
    SPACING_SERIES.write(table, series)
    run_spacing(run, table).write(summary)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.trajectory,
            snakemake.output.series,
            snakemake.output.summary,
        )
