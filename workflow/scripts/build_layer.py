"""Build a layer as it enters a stack."""

from anodeflow.process.job import job


def main(structure, *, name, settings, base, cell_height):
    from anodeflow.structures.builders.layers import build_layer
    from anodeflow.structures.files import write_structure

    layer = build_layer(settings, cell_height=cell_height, base=base)
    layer.info["name"] = name
    write_structure(structure, layer)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.output.structure,
            name=snakemake.wildcards.layer,
            settings=snakemake.params.settings,
            base=snakemake.params.base,
            cell_height=snakemake.params.cell_height,
        )
