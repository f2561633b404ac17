"""Build the unit cell of a layer."""

from anodeflow.process.job import job


def main(structure, *, settings, cell_height):
    from anodeflow.structures.builders.layers import build_unit
    from anodeflow.structures.files import write_structure

    write_structure(structure, build_unit(settings, cell_height=cell_height))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.output.structure,
            settings=snakemake.params.settings,
            cell_height=snakemake.params.cell_height,
        )
