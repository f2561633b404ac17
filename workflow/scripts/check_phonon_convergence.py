"""See how far frequencies move with other displacements and a larger supercell."""

from pathlib import Path

from anodeflow.process.job import job


def main(inputs, summary, table, *, layer, calculator, mode, variants):
    from anodeflow.models.loading import load_calculator
    from anodeflow.stages.phonons import convergence
    from anodeflow.stages.phonons.force_constants import load_phonon
    from anodeflow.stages.phonons.reference import read_reference, reference_of_layer
    from anodeflow.stages.phonons.results import CONVERGENCE_TABLE
    from anodeflow.structures.files import read_structure

    reference = read_reference(Path(inputs.reference)) if inputs.reference else None
    result = convergence.check_convergence(
        read_structure(inputs.structure),
        load_calculator(Path(inputs.weights), Path(inputs.card), **calculator),
        load_phonon(Path(inputs.params), Path(inputs.force_constants)),
        variants=variants,
        mode=mode,
        expected=None if reference is None else reference_of_layer(reference, layer),
    )
    CONVERGENCE_TABLE.write(convergence.variant_table(result), table)
    result.write(summary)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            *snakemake.output,
            layer=snakemake.params.layer,
            calculator=snakemake.params.calculator,
            mode=snakemake.params.mode,
            variants=snakemake.params.variants,
        )
