"""Average the local spacing over a run, cell by cell."""

from pathlib import Path

from anodeflow.process.job import job


def main(trajectory, output, *, settings):
    from anodeflow.stages.dynamics.trajectory import read_trajectory
    from anodeflow.stages.motion.results import SPACING_MAP
    from anodeflow.stages.motion.spacing_map import spacing_map

    run = read_trajectory(Path(trajectory))
    table = spacing_map(run, cells=settings["map_cells"], kind=settings["map"])
    SPACING_MAP.write(table, output)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.trajectory,
            snakemake.output.map,
            settings=snakemake.params.settings,
        )
