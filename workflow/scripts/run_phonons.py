"""Compute force constants from finite displacements."""

from pathlib import Path

from anodeflow.job import job


def main(structure, weights, card, params, force_constants, *, calculator, supercell, displacement):
    from anodeflow.calculators import load_calculator
    from anodeflow.phonons import compute_force_sets, write_force_constants
    from anodeflow.structure_io import read_structure

    phonon = compute_force_sets(
        read_structure(structure),
        load_calculator(Path(weights), Path(card), **calculator),
        supercell=supercell,
        displacement=displacement,
    )
    write_force_constants(phonon, Path(params), Path(force_constants))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.structure,
            snakemake.input.weights,
            snakemake.input.card,
            snakemake.output.params,
            snakemake.output.force_constants,
            calculator=snakemake.params.calculator,
            supercell=snakemake.params.supercell,
            displacement=snakemake.params.displacement,
        )
