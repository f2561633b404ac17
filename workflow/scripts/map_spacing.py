"""Average the local spacing over a run, cell by cell."""

from pathlib import Path

from anodeflow.job import job


def main(trajectory, spacing_map, *, settings):
    from anodeflow import spacing
    from anodeflow.tables import write_table
    from anodeflow.trajectory import read_trajectory

    run = read_trajectory(Path(trajectory))
    table = spacing.spacing_map(run, cells=settings["map_cells"], kind=settings["map"])
    write_table(table, Path(spacing_map))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.trajectory,
            snakemake.output.map,
            settings=snakemake.params.settings,
        )
