"""Judge the mobility of the ions: mean square displacement, hops, diffusion coefficient."""

from pathlib import Path

from anodeflow.process.job import job


def main(trajectory, msd, hops, paths, summary, *, settings):
    from anodeflow.stages.dynamics.trajectory import read_trajectory
    from anodeflow.stages.motion.diffusion import analyse_diffusion, ion_paths
    from anodeflow.stages.motion.results import HOPS, MSD, PATHS

    run = read_trajectory(Path(trajectory))
    analysis = analyse_diffusion(run, settings=settings)
    MSD.write(analysis.msd, msd)
    HOPS.write(analysis.hops, hops)
    PATHS.write(ion_paths(run, run.initial), paths)
    analysis.summary.write(summary)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.trajectory,
            *snakemake.output,
            settings=snakemake.params.settings,
        )
