"""Relax a stack with its ion held at each place of a grid; finished points are kept."""

import sys
from pathlib import Path

from anodeflow.process.job import job


def main(inputs, output, *, calculator, step, settings, method, max_steps):
    from anodeflow.evaluation.identity import identity
    from anodeflow.files.checkpoint_folder import part_folder
    from anodeflow.models.loading import load_calculator
    from anodeflow.process.progress import Progress
    from anodeflow.stages.barriers.energy_map import map_energy
    from anodeflow.stages.barriers.map_grid import Grid
    from anodeflow.stages.relaxation.kept_minima import KeptMinima
    from anodeflow.structures.files import read_frames, read_structure, write_frames

    calc = load_calculator(Path(inputs.weights), Path(inputs.card), **calculator)
    host, extra = read_structure(inputs.host), identity(Path(inputs.card), calculator, method)
    total = len(Grid.of(host.cell.array[:2, :2], step).places)
    settings |= {"max_steps": max_steps, "fingerprint_extra": extra, "log": sys.stdout}
    with part_folder(output) as folder, Progress(total, label="map", unit="points") as progress:
        how = {"step": step, "kept": KeptMinima(folder, **settings), "on_point": progress.update}
        write_frames(output, map_energy(host, read_frames(inputs.sites), calc, **how))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            *snakemake.output,
            **dict(snakemake.params.items()),
            max_steps=snakemake.resources.max_steps,
        )
