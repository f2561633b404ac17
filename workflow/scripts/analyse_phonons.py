"""Compute bands and density of states, judge stability, compare with the reference."""

from pathlib import Path

from anodeflow.process.job import job


def main(params, force_constants, structure, reference, outputs, *, layer, mode, judge):
    from anodeflow.stages.phonons.bands import run_bands_and_dos, write_bands
    from anodeflow.stages.phonons.compression import compression_of
    from anodeflow.stages.phonons.force_constants import load_phonon
    from anodeflow.stages.phonons.reference import compare, read_reference, reference_of_layer
    from anodeflow.stages.phonons.verdict import verdict
    from anodeflow.structures.files import read_structure

    phonon = load_phonon(Path(params), Path(force_constants))
    bands = run_bands_and_dos(phonon, **mode)
    write_bands(phonon, Path(outputs.bands), Path(outputs.dos), Path(outputs.mesh))
    expected = reference_of_layer(read_reference(Path(reference)), layer) if reference else None
    if expected is not None:
        judge["reference"] = compare(bands, expected, dos_width_THz=mode["dos_width_THz"])
    cell = read_structure(structure)
    judge["compression"] = compression_of(cell)
    verdict(bands, cell.cell.reciprocal(), **judge).write(outputs.verdict)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.params,
            snakemake.input.force_constants,
            snakemake.input.structure,
            snakemake.input.get("reference"),
            snakemake.output,
            layer=snakemake.params.layer,
            mode=snakemake.params.mode,
            judge=snakemake.params.judge,
        )
