"""Draw the voltage against the number of ions."""

from pathlib import Path

from anodeflow.process.job import job


def main(voltages, published, outputs, *, rows, ion):
    from anodeflow.figures.style import save
    from anodeflow.stages.voltage.figure import plot_voltage
    from anodeflow.stages.voltage.results import CURVE
    from anodeflow.tables.published import published_voltages, read_published

    others = read_published(Path(published)) if published else None
    stacks = {}
    for row, path in zip(rows, voltages, strict=True):
        entry = {
            "label": row["model"],
            "colour": row["colour"],
            "voltages": CURVE.read(path),
            "published": None if others is None else published_voltages(others, row["system"]),
        }
        stacks.setdefault(row["system"], []).append(entry)
    save(*plot_voltage(stacks, ion=ion), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.voltages,
            snakemake.input.published,
            snakemake.output,
            rows=snakemake.params.rows,
            ion=snakemake.params.ion,
        )
