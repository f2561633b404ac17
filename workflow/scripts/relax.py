"""Relax a structure with a model; a relaxation that was killed continues from its checkpoint."""

import sys
from pathlib import Path

from anodeflow.process.job import job


def main(inputs, relaxed, *, calculator, settings, method, max_steps):
    from anodeflow.evaluation.identity import identity
    from anodeflow.files.checkpoint_folder import part_folder
    from anodeflow.models.loading import load_calculator
    from anodeflow.stages.relaxation.minimum import relax
    from anodeflow.structures.files import read_structure, write_structure

    unfinished = Path(f"{relaxed}.unfinished.extxyz")
    with part_folder(relaxed) as folder:
        minimum = relax(
            read_structure(inputs.structure),
            load_calculator(Path(inputs.weights), Path(inputs.card), **calculator),
            **settings,
            max_steps=max_steps,
            fingerprint_extra=identity(Path(inputs.card), calculator, method),
            checkpoint=folder / "relaxation.npz",
            unfinished=unfinished,
            log=sys.stdout,
        )
        write_structure(relaxed, minimum)
    unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            *snakemake.output,
            **dict(snakemake.params.items()),
            max_steps=snakemake.resources.max_steps,
        )
