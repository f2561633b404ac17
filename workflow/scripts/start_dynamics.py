"""Put ions into a relaxed stack, for a run that starts from it as it is."""

from anodeflow.process.job import job


def main(stack, start, *, element, count, spacing):
    from anodeflow.structures.builders.ions import fill_ions
    from anodeflow.structures.files import read_structure, write_structure

    filled = fill_ions(read_structure(stack), element=element, count=count, spacing=spacing)
    write_structure(start, filled)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.stack,
            snakemake.output.start,
            element=snakemake.params.element,
            count=snakemake.params.ions,
            spacing=snakemake.params.spacing,
        )
