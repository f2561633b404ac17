"""Relax one ion from every hollow and top of a stack's gap; finished starts are kept."""

import sys
from pathlib import Path

from anodeflow.process.job import job


def main(inputs, output, *, calculator, ion, search, merge, settings, method, max_steps):
    from anodeflow.evaluation.identity import identity
    from anodeflow.files.checkpoint_folder import part_folder
    from anodeflow.models.loading import load_calculator
    from anodeflow.process.progress import Progress
    from anodeflow.stages.barriers.sites import Merge, find_sites, ion_starts
    from anodeflow.stages.relaxation.kept_minima import KeptMinima
    from anodeflow.structures.files import read_structure, write_frames

    calc = load_calculator(Path(inputs.weights), Path(inputs.card), **calculator)
    host, extra = read_structure(inputs.host), identity(Path(inputs.card), calculator, method)
    progress = Progress(
        len(ion_starts(host, search["symmetry_tolerance"]).names), label="sites", unit="starts"
    )
    settings |= {"max_steps": max_steps, "fingerprint_extra": extra, "log": sys.stdout}
    with part_folder(output) as folder, progress:
        how = ion | search | {"merge": Merge(**merge), "kept": KeptMinima(folder, **settings)}
        write_frames(output, find_sites(host, calc, **how, on_start=lambda _: progress.update()))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            *snakemake.output,
            **dict(snakemake.params.items()),
            max_steps=snakemake.resources.max_steps,
        )
