"""Compute force constants from finite displacements."""

from pathlib import Path

from anodeflow.process.job import job


def main(inputs, params, force_constants, *, calculator, settings):
    from anodeflow.models.loading import load_calculator
    from anodeflow.process.progress import Progress
    from anodeflow.stages.phonons.force_constants import (
        compute_force_constants,
        write_force_constants,
    )
    from anodeflow.structures.files import read_structure

    calc = load_calculator(Path(inputs.weights), Path(inputs.card), **calculator)
    with Progress(None, label="phonons", unit="force calls") as progress:
        phonon = compute_force_constants(
            read_structure(inputs.structure),
            calc,
            **settings,
            on_step=progress.reach,
        )
    write_force_constants(phonon, Path(params), Path(force_constants))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            snakemake.output.params,
            snakemake.output.force_constants,
            calculator=snakemake.params.calculator,
            settings=snakemake.params.settings,
        )
