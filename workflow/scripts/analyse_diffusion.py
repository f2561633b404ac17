"""Judge the mobility of the ions: mean square displacement, hops, diffusion coefficient."""

from pathlib import Path

from anodeflow.process.job import job


def main(trajectory, msd, hops, paths, summary, *, settings):
    from anodeflow.files.atomic import write_json, write_table
    from anodeflow.stages.dynamics.trajectory import read_trajectory
    from anodeflow.stages.motion.diffusion import analyse_diffusion, ion_paths

    run = read_trajectory(Path(trajectory))
    analysis = analyse_diffusion(run, settings=settings)
    write_table(analysis.msd, Path(msd))
    write_table(analysis.hops, Path(hops))
    write_table(ion_paths(run, run.initial), Path(paths))
    write_json(summary, analysis.summary)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.trajectory,
            *snakemake.output,
            settings=snakemake.params.settings,
        )
