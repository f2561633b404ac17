"""Put the replicas of a run together: means with their spread, pooled hops, one D."""

from pathlib import Path

from anodeflow.process.job import job


def main(spacings, maps, mobilities, trajectories, ensemble, *, about, runs, settings):
    from anodeflow.stages.dynamics.trajectory import read_trajectory
    from anodeflow.stages.motion.production import production_positions
    from anodeflow.stages.motion.replicas import combine_mobility, combine_replicas
    from anodeflow.stages.motion.results import MapNumbers, MeanSpacing, Mobility

    pooled = None
    if settings is not None:
        own = [Mobility.read(path) for path in mobilities]
        positions = [production_positions(read_trajectory(Path(path))) for path in trajectories]
        pooled = combine_mobility(own, positions, settings=settings)
    means = [MeanSpacing.read(path) for path in spacings]
    numbers = [MapNumbers.read(path) for path in maps]
    combine_replicas(about, runs, means, numbers, pooled).write(ensemble)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.spacings,
            snakemake.input.maps,
            snakemake.input.mobilities,
            snakemake.input.trajectories,
            snakemake.output.ensemble,
            about=snakemake.params.about,
            runs=snakemake.params.runs,
            settings=snakemake.params.settings,
        )
