"""Hold the hops that runs with one ion counted against those that the network predicts."""

from anodeflow.process.job import job


def main(inputs, output, *, temperature, residence_ps):
    import numpy as np

    from anodeflow.stages.barriers.hops_in_runs import compare_with_runs
    from anodeflow.stages.barriers.results import NetworkResult
    from anodeflow.stages.motion.results import PATHS, Mobility
    from anodeflow.structures.files import read_structure

    def places(path):
        return PATHS.read(path)[["x", "y"]].to_numpy()

    compare_with_runs(
        NetworkResult.read(inputs.network),
        read_structure(inputs.host),
        [Mobility.read(path) for path in inputs.mobilities],
        np.array([next(iter(places(path)), (np.nan, np.nan)) for path in inputs.paths]),
        temperature=temperature,
        residence_ps=residence_ps,
    ).write(output)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            *snakemake.output,
            temperature=snakemake.params.temperature,
            residence_ps=snakemake.params.residence_ps,
        )
