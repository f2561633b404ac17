"""Turn a scan's energies into the adhesion curve and find its peak."""

from anodeflow.process.job import job


def main(points, references, curve, summary, *, settings):
    from anodeflow.stages.adhesion.curve import adhesion_curve, summarise_adhesion
    from anodeflow.stages.adhesion.results import CURVE
    from anodeflow.structures.files import read_frames

    layers = {layer.info["reference"]: layer for layer in read_frames(references)}
    table = adhesion_curve(read_frames(points), layers)
    CURVE.write(table, curve)
    summarise_adhesion(table, layers, **settings).write(summary)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.points,
            snakemake.input.references,
            snakemake.output.curve,
            snakemake.output.peak,
            settings=snakemake.params.settings,
        )
