"""Make a page in which a model's relaxed structures can be turned."""

from pathlib import Path

from anodeflow.process.job import job


def main(structures, page, *, names):
    from anodeflow.report.viewer import view_structures, write_page
    from anodeflow.structures.files import read_structure

    named = {name: read_structure(path) for name, path in zip(names, structures, strict=True)}
    write_page(view_structures(named), Path(page))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output[0], names=snakemake.params.names)
