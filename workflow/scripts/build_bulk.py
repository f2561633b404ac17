"""Build the ion's metal."""

from anodeflow.process.job import job


def main(structure, *, element, settings):
    from anodeflow.structures.builders.ions import build_bulk
    from anodeflow.structures.files import write_structure

    write_structure(structure, build_bulk(element, **settings))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.output.structure,
            element=snakemake.params.element,
            settings=snakemake.params.settings,
        )
