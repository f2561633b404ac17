"""Put two layers on top of each other in a common cell."""

import sys

from anodeflow.process.job import job


def main(bottom, top, structure, *, settings, cell_height, strain_limit, stiffnesses):
    from anodeflow.structures.builders.stacks import boundary_warning, stack_layers
    from anodeflow.structures.files import read_structure, write_structure

    stack = stack_layers(
        read_structure(bottom),
        read_structure(top),
        strained=settings["strained"],
        spacing=settings["spacing"],
        registry=settings["registry"],
        strain_limit=strain_limit,
        cell_height=cell_height,
        stiffnesses=stiffnesses,
    )
    if warning := boundary_warning(stack):
        print(f"WARNING: {structure}: {warning}", file=sys.__stderr__)
    write_structure(structure, stack)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.bottom,
            snakemake.input.top,
            snakemake.output.structure,
            settings=snakemake.params.settings,
            cell_height=snakemake.params.cell_height,
            strain_limit=float(snakemake.resources.strain_limit),
            stiffnesses=snakemake.params.stiffnesses,
        )
