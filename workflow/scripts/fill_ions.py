"""Put ions into the gap of a stack."""

from anodeflow.process.job import job


def main(stack, structure, *, element, count, spacing):
    from anodeflow.structures.builders.ions import fill_ions
    from anodeflow.structures.files import read_structure, write_structure

    filled = fill_ions(read_structure(stack), element=element, count=count, spacing=spacing)
    write_structure(structure, filled)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.structure,
            snakemake.output.structure,
            element=snakemake.params.element,
            count=int(snakemake.wildcards.n),
            spacing=snakemake.params.spacing,
        )
