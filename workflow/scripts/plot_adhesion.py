"""Draw adhesion energy against spacing for each stack."""

from pathlib import Path

from anodeflow.process.job import job


def main(curves, summaries, reference, outputs, *, rows, convention):
    from anodeflow.figures.style import save
    from anodeflow.stages.adhesion.figure import plot_adhesion
    from anodeflow.stages.adhesion.results import CURVE, AdhesionSummary, flagged, peak_for
    from anodeflow.tables.published import read_adhesion_reference

    others = read_adhesion_reference(Path(reference)) if reference else None
    layers = convention["layers"] if others is None else "own"  # as published curves are
    stacks = {}
    for row, curve, summary in zip(rows, curves, summaries, strict=True):
        stack, found = row["system"], AdhesionSummary.read(summary)
        entry = {
            "label": row["model"],
            "colour": row["colour"],
            "curve": CURVE.read(curve),
            "peak": peak_for(found, layers),
            "flagged": flagged(found),
            "reference": None if others is None else others[others["stack"] == stack],
        }
        stacks.setdefault(stack, []).append(entry)
    save(*plot_adhesion(stacks, spacing=convention["spacing"], layers=layers), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.curves,
            snakemake.input.summaries,
            snakemake.input.reference,
            snakemake.output,
            rows=snakemake.params.rows,
            convention=snakemake.params.convention,
        )
