"""Turn a scan's energies into the adhesion curve and find its peak."""

from anodeflow.process.job import job


def main(points, references, stack, curve, summary, *, settings, functional, forces):
    from anodeflow.stages.adhesion.curve import adhesion_curve, summarise_adhesion
    from anodeflow.stages.adhesion.results import CURVE
    from anodeflow.stages.adhesion.three_body import three_body_adhesion
    from anodeflow.structures.files import read_frames, read_structure

    layers = {layer.info["reference"]: layer for layer in read_frames(references)}
    relaxed = read_structure(stack)
    slopes = forces == "conservative"
    frames = read_frames(points)
    table = adhesion_curve(frames, layers, relaxed=relaxed, forces_are_slopes=slopes)
    CURVE.write(table, curve)
    three_body = three_body_adhesion(relaxed, layers, functional=functional)
    summarise_adhesion(table, layers, **settings, three_body_eV_nm2=three_body).write(summary)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.points,
            snakemake.input.references,
            snakemake.input.stack,
            snakemake.output.curve,
            snakemake.output.peak,
            settings=snakemake.params.settings,
            functional=snakemake.params.functional,
            forces=snakemake.params.forces,
        )
