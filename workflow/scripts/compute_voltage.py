"""Compute average and step voltages from energies."""

from anodeflow.process.job import job


def main(bulk, structures, voltage, *, electrons_per_ion):
    from anodeflow.stages.voltage.curve import voltage_curve
    from anodeflow.stages.voltage.results import CURVE
    from anodeflow.structures.files import read_frames, read_structure

    stacks = [frame for path in structures for frame in read_frames(path)]
    table = voltage_curve(stacks, read_structure(bulk), electrons_per_ion=electrons_per_ion)
    CURVE.write(table, voltage)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.bulk,
            snakemake.input.structures,
            snakemake.output.voltage,
            electrons_per_ion=snakemake.params.electrons_per_ion,
        )
