"""Relax a stack at fixed spacings, and its two layers alone."""

import shutil
import sys
from pathlib import Path

from anodeflow.job import job


def main(inputs, scan, references, *, calculator, method, first, last, points, settings, max_steps):
    from numpy import linspace

    from anodeflow.adhesion import reference_layers, scan_spacings
    from anodeflow.calculators import identity, load_calculator
    from anodeflow.progress import Progress
    from anodeflow.structure_io import read_structure, write_frames

    calc = load_calculator(Path(inputs.weights), Path(inputs.card), **calculator)
    stack, bottom, top = (read_structure(inputs[key]) for key in ("stack", "bottom", "top"))
    finished = Path(f"{scan}.part")
    settings |= {"points_dir": finished, "log": sys.stdout}
    settings |= {"max_steps": max_steps}
    settings |= {"fingerprint_extra": identity(Path(inputs.card), calculator, method)}
    layers = reference_layers(stack, bottom, top, calc, **settings)
    with Progress(points, label="adhesion scan", unit="points") as progress:
        settings |= {"on_point": lambda _: progress.update()}
        frames = scan_spacings(stack, calc, spacings=linspace(first, last, points), **settings)
    write_frames(references, list(layers.values()))
    write_frames(scan, frames)
    shutil.rmtree(finished)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            *snakemake.output,
            **dict(snakemake.params.items()),
            max_steps=snakemake.resources.max_steps,
        )
