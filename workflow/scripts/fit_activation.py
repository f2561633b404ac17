"""Fit the activation energy of hops to all runs of a stack and number of ions."""

from anodeflow.process.job import job


def main(mobilities, activation, *, temperatures, settings):
    from anodeflow.stages.motion.activation import activation_of_runs
    from anodeflow.stages.motion.results import Mobility

    runs = [Mobility.read(path) for path in mobilities]
    activation_of_runs(runs, temperatures, settings=settings).write(activation)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.mobilities,
            snakemake.output.activation,
            temperatures=snakemake.params.temperatures,
            settings=snakemake.params.settings,
        )
