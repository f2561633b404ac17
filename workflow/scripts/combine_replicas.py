"""Put the replicas of a run together: means with their spread, pooled hops, one D."""

import json
from pathlib import Path

from anodeflow.process.job import job


def main(spacings, mobilities, trajectories, ensemble, *, about, runs, settings):
    from anodeflow.files.atomic import write_json
    from anodeflow.stages.dynamics.trajectory import read_trajectory
    from anodeflow.stages.motion.production import production_positions
    from anodeflow.stages.motion.replicas import combine_mobility, combine_replicas

    def read(paths):
        return [json.loads(Path(path).read_text()) for path in paths]

    mobility = None
    if settings is not None:
        positions = [production_positions(read_trajectory(Path(path))) for path in trajectories]
        mobility = combine_mobility(read(mobilities), positions, settings=settings)
    write_json(ensemble, combine_replicas(about, runs, read(spacings), mobility))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.spacings,
            snakemake.input.mobilities,
            snakemake.input.trajectories,
            snakemake.output.ensemble,
            about=snakemake.params.about,
            runs=snakemake.params.runs,
            settings=snakemake.params.settings,
        )
