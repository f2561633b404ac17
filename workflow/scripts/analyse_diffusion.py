"""Judge the mobility of the ions: mean square displacement, hops, diffusion coefficient."""

import json
from pathlib import Path

from anodeflow.job import job


def main(trajectory, msd, hops, paths, summary, *, settings):
    from anodeflow.diffusion import analyse_diffusion, ion_paths
    from anodeflow.tables import write_table
    from anodeflow.trajectory import read_trajectory

    run = read_trajectory(Path(trajectory))
    analysis = analyse_diffusion(run, settings=settings)
    write_table(analysis.msd, Path(msd))
    write_table(analysis.hops, Path(hops))
    write_table(ion_paths(run, run.initial), Path(paths))
    Path(summary).write_text(json.dumps(analysis.summary, indent=1) + "\n")


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.trajectory,
            *snakemake.output,
            settings=snakemake.params.settings,
        )
