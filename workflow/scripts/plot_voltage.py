"""Draw the voltage against the number of ions."""

from pathlib import Path

from anodeflow.job import job


def main(voltages, published, outputs, *, rows, ion):
    import pandas as pd

    from anodeflow.plots import save
    from anodeflow.plots.voltage import plot_voltage
    from anodeflow.tables import published_voltages, read_published

    others = read_published(Path(published)) if published else None
    stacks = {}
    for row, path in zip(rows, voltages, strict=True):
        entry = {
            "label": row["model"],
            "colour": row["colour"],
            "voltages": pd.read_csv(path),
            "published": None if others is None else published_voltages(others, row["system"]),
        }
        stacks.setdefault(row["system"], []).append(entry)
    save(*plot_voltage(stacks, ion=ion), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.voltages,
            snakemake.input.get("published"),
            snakemake.output,
            rows=snakemake.params.rows,
            ion=snakemake.params.ion,
        )
