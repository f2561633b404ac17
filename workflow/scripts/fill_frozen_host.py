"""Relax ions in a host that keeps its geometry without ions."""

import shutil
import sys
from pathlib import Path

from anodeflow.job import job


def main(inputs, structures, *, calculator, method, element, max_ions, settings, max_steps):
    from anodeflow.calculators import identity, load_calculator
    from anodeflow.progress import Progress
    from anodeflow.structure_io import read_structure, write_frames
    from anodeflow.voltage import fill_frozen_host

    calc = load_calculator(Path(inputs.weights), Path(inputs.card), **calculator)
    settings |= {"points_dir": Path(f"{structures}.part"), "log": sys.stdout}
    settings |= {"max_steps": max_steps}
    settings |= {"fingerprint_extra": identity(Path(inputs.card), calculator, method)}
    with Progress(max_ions, label="ions in a frozen host", unit="fillings") as progress:
        filled = fill_frozen_host(
            read_structure(inputs.host),
            calc,
            element=element,
            counts=range(1, max_ions + 1),
            on_point=lambda _: progress.update(),
            **settings,
        )
    write_frames(structures, filled)
    shutil.rmtree(settings["points_dir"])


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            *snakemake.output,
            **dict(snakemake.params.items()),
            max_steps=snakemake.resources.max_steps,
        )
