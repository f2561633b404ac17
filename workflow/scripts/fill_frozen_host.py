"""Relax ions in a host that keeps its geometry without ions."""

import sys
from pathlib import Path

from anodeflow.process.job import job


def main(inputs, structures, *, calculator, method, element, max_ions, settings, max_steps):
    from anodeflow.evaluation.identity import identity
    from anodeflow.files.checkpoint_folder import part_folder
    from anodeflow.models.loading import load_calculator
    from anodeflow.process.progress import Progress
    from anodeflow.stages.relaxation.kept_minima import KeptMinima
    from anodeflow.stages.voltage.frozen_host import fill_frozen_host
    from anodeflow.structures.files import read_structure, write_frames

    calc = load_calculator(Path(inputs.weights), Path(inputs.card), **calculator)
    settings |= {"fingerprint_extra": identity(Path(inputs.card), calculator, method)}
    progress = Progress(max_ions, label="ions in a frozen host", unit="fillings")
    with part_folder(structures) as folder, progress:
        filled = fill_frozen_host(
            read_structure(inputs.host),
            calc,
            element=element,
            counts=range(1, max_ions + 1),
            kept=KeptMinima(folder, **settings, max_steps=max_steps, log=sys.stdout),
            on_point=lambda _: progress.update(),
        )
        write_frames(structures, filled)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            *snakemake.output,
            **dict(snakemake.params.items()),
            max_steps=snakemake.resources.max_steps,
        )
