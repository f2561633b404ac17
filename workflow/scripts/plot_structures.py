"""Draw a model's relaxed stacks from the side and from the top."""

from anodeflow.process.job import job


def main(structures, outputs, *, titles):
    from anodeflow.figures.style import save
    from anodeflow.stages.relaxation.figure import plot_structures
    from anodeflow.structures.files import read_structure

    named = {stack: read_structure(path) for stack, path in zip(titles, structures, strict=True)}
    save(*plot_structures(named), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input.structures, snakemake.output, titles=snakemake.params.titles)
