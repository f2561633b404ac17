"""Relax a stack at fixed spacings, and its two layers alone."""

import shutil
from pathlib import Path

import numpy as np

from anodeflow.job import job


def main(inputs, points, references, *, calculator, spacings, settings):
    from anodeflow.adhesion import reference_layers, scan_spacings
    from anodeflow.calculators import load_calculator
    from anodeflow.structure_io import read_structure, write_frames

    calc = load_calculator(Path(inputs.weights), Path(inputs.card), **calculator)
    stack, bottom, top = (read_structure(inputs[key]) for key in ("stack", "bottom", "top"))
    part = Path(f"{points}.part")
    frames = scan_spacings(stack, calc, spacings=spacings, points_dir=part, **settings)
    layers = reference_layers(stack, bottom, top, calc, **settings)
    write_frames(references, list(layers.values()))
    write_frames(points, frames)
    shutil.rmtree(part)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        p = snakemake.params
        main(
            snakemake.input,
            snakemake.output.points,
            snakemake.output.references,
            calculator=p.calculator,
            spacings=np.linspace(p.first_spacing, p.last_spacing, p.points),
            settings={"fmax": p.fmax, "max_steps": p.max_steps, "optimiser": p.optimiser},
        )
