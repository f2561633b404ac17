"""Turn a scan's energies into the adhesion curve and find its peak."""

from anodeflow.process.job import job


def main(points, references, stack, curve, summary, *, settings):
    from anodeflow.stages.adhesion.curve import adhesion_curve, summarise_adhesion
    from anodeflow.stages.adhesion.results import CURVE
    from anodeflow.structures.files import read_frames, read_structure

    layers = {layer.info["reference"]: layer for layer in read_frames(references)}
    table = adhesion_curve(read_frames(points), layers, relaxed=read_structure(stack))
    CURVE.write(table, curve)
    summarise_adhesion(table, layers, **settings).write(summary)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.points,
            snakemake.input.references,
            snakemake.input.stack,
            snakemake.output.curve,
            snakemake.output.peak,
            settings=snakemake.params.settings,
        )
