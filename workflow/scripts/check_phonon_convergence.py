"""See how far frequencies move with other displacements and a larger supercell."""

from pathlib import Path

from anodeflow.job import job


def main(inputs, summary, table, *, layer, calculator, mode, variants):
    from anodeflow import phonon_convergence
    from anodeflow.calculators import load_calculator
    from anodeflow.phonons import load_phonon
    from anodeflow.reference_phonons import read_reference, reference_of_layer
    from anodeflow.structure_io import read_structure
    from anodeflow.tables import write_table
    from anodeflow.whole_files import write_json

    reference = read_reference(Path(inputs.reference)) if inputs.reference else None
    result = phonon_convergence.check_convergence(
        read_structure(inputs.structure),
        load_calculator(Path(inputs.weights), Path(inputs.card), **calculator),
        load_phonon(Path(inputs.params), Path(inputs.force_constants)),
        variants=variants,
        mode=mode,
        expected=None if reference is None else reference_of_layer(reference, layer),
    )
    write_table(phonon_convergence.variant_table(result), Path(table))
    write_json(summary, result)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            *snakemake.output,
            layer=snakemake.wildcards.layer,
            calculator=snakemake.params.calculator,
            mode=snakemake.params.mode,
            variants=snakemake.params.variants,
        )
