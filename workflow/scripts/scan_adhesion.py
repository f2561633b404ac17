"""Relax a stack at fixed spacings, and its two layers alone."""

import shutil
import sys
from pathlib import Path

from anodeflow.job import job


def main(inputs, points, references, *, calculator, scan, settings):
    import numpy as np

    from anodeflow.adhesion import reference_layers, scan_spacings
    from anodeflow.calculators import identity, load_calculator
    from anodeflow.progress import Progress
    from anodeflow.structure_io import read_structure, write_frames

    calc = load_calculator(Path(inputs.weights), Path(inputs.card), **calculator)
    stack, bottom, top = (read_structure(inputs[key]) for key in ("stack", "bottom", "top"))
    shared = settings | {
        "points_dir": Path(f"{points}.part"),
        "fingerprint_extra": identity(Path(inputs.card), calculator),
        "log": sys.stdout,
    }
    layers = reference_layers(stack, bottom, top, calc, **shared)
    with Progress(scan["num"], label="adhesion scan", unit="points") as progress:
        frames = scan_spacings(
            stack,
            calc,
            spacings=np.linspace(**scan),
            on_point=lambda _: progress.update(),
            **shared,
        )
    write_frames(references, list(layers.values()))
    write_frames(points, frames)
    shutil.rmtree(shared["points_dir"])


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        p = snakemake.params
        main(
            snakemake.input,
            snakemake.output.points,
            snakemake.output.references,
            calculator=p.calculator,
            scan={"start": p.first_spacing, "stop": p.last_spacing, "num": p.points},
            settings={key: p[key] for key in ("optimiser", "fmax", "max_steps")},
        )
