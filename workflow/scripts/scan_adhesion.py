"""Relax a stack at fixed spacings, and its two layers alone; finished points are kept."""

import sys
from pathlib import Path

from anodeflow.process.job import job


def main(inputs, scan, references, *, calculator, method, given, spacings, settings, max_steps):
    from numpy import linspace

    from anodeflow.evaluation.identity import identity
    from anodeflow.files.checkpoint_folder import part_folder
    from anodeflow.models.loading import load_calculator
    from anodeflow.process.progress import Progress
    from anodeflow.stages.adhesion.layers_apart import layers_as_stack, reference_layers
    from anodeflow.stages.adhesion.reference_check import pull_apart
    from anodeflow.stages.adhesion.scan import scan_spacings
    from anodeflow.stages.relaxation.kept_minima import KeptMinima
    from anodeflow.structures.files import read_structure, write_frames

    calc = load_calculator(Path(inputs.weights), Path(inputs.card), **calculator)
    stack, bottom, top = (read_structure(inputs[key]) for key in ("stack", "bottom", "top"))
    settings |= {"fingerprint_extra": identity(Path(inputs.card), calculator, method)}
    asked = linspace(*(spacings[key] for key in ("first_spacing", "last_spacing", "points")))
    with part_folder(scan) as folder, Progress(len(asked), label="scan", unit="points") as bar:
        kept = KeptMinima(folder, **settings, max_steps=max_steps, log=sys.stdout)
        layers = reference_layers(stack, bottom, top, calc, kept=kept, given=given)
        how = {"starts": spacings["starts"], "hold": spacings["hold"], "kept": kept}
        start = layers_as_stack(stack, bottom, top) if how["starts"] == "separate" else stack
        points = scan_spacings(start, calc, spacings=asked, **how, on_point=lambda _: bar.update())
        layers |= pull_apart(points[-1], calc, kept=kept)
        write_frames(scan, points)
        write_frames(references, list(layers.values()))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        settings = dict(snakemake.params.items()) | {"max_steps": snakemake.resources.max_steps}
        main(snakemake.input, *snakemake.output, **settings)
