"""Turn a scan's energies into the adhesion curve and find its peak."""

from pathlib import Path

from anodeflow.process.job import job


def main(points, references, curve, summary, *, settings):
    from anodeflow.files.atomic import write_json, write_table
    from anodeflow.stages.adhesion.curve import adhesion_curve, summarise_adhesion
    from anodeflow.structures.files import read_frames

    layers = {layer.info["reference"]: layer for layer in read_frames(references)}
    table = adhesion_curve(read_frames(points), layers)
    write_table(table, Path(curve))
    found = summarise_adhesion(table, layers, **settings)
    write_json(summary, found)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.points,
            snakemake.input.references,
            snakemake.output.curve,
            snakemake.output.peak,
            settings=snakemake.params.settings,
        )
