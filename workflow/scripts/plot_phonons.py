"""Draw bands and density of states of each layer."""

from pathlib import Path

from anodeflow.process.job import job


def main(inputs, outputs, *, rows, references):
    from anodeflow.figures.style import save
    from anodeflow.stages.phonons.bands import read_bands
    from anodeflow.stages.phonons.figure import plot_phonons
    from anodeflow.stages.phonons.reference import read_reference, reference_of_layer

    layers = {}
    files = zip(inputs.bands, inputs.dos, inputs.mesh, strict=True)
    for row, (bands, dos, mesh) in zip(rows, files, strict=True):
        path = references.get(row["system"])
        layer = row["system"].partition(",")[0]  # at whichever lattice constant
        reference = reference_of_layer(read_reference(Path(path)), layer) if path else None
        entry = {"label": row["model"], "colour": row["colour"], "reference": reference}
        entry["bands"] = read_bands(Path(bands), Path(dos), Path(mesh))
        layers.setdefault(row["system"], []).append(entry)
    save(*plot_phonons(layers), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            snakemake.output,
            rows=snakemake.params.rows,
            references=snakemake.params.references,
        )
