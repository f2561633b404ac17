"""Average the local spacing over a run, cell by cell, and tell how uneven it is."""

from pathlib import Path

from anodeflow.process.job import job


def main(trajectory, output, numbers, *, settings):
    from anodeflow.stages.dynamics.trajectory import read_trajectory
    from anodeflow.stages.motion.map_numbers import map_numbers
    from anodeflow.stages.motion.results import SPACING_MAP
    from anodeflow.stages.motion.spacing_map import spacing_map

    run = read_trajectory(Path(trajectory))
    grid = {"cells": settings["map_cells"], "kind": settings["map"]}
    SPACING_MAP.write(spacing_map(run, **grid), output)
    map_numbers(run, **grid).write(numbers)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.trajectory,
            snakemake.output.map,
            snakemake.output.numbers,
            settings=snakemake.params.settings,
        )
