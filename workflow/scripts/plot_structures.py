"""Draw a model's relaxed stacks from the side and from the top."""

from anodeflow.job import job


def main(structures, outputs, *, stacks):
    from anodeflow.plots import save
    from anodeflow.plots.structures import plot_structures
    from anodeflow.structure_io import read_structure

    named = {stack: read_structure(path) for stack, path in zip(stacks, structures, strict=True)}
    save(*plot_structures(named), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output, stacks=snakemake.params.stacks)
