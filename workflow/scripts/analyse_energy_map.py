"""Find the lowest ways over the map of an ion's energy, and hold them to the network."""

from anodeflow.process.job import job


def main(inputs, output, *, step):
    from anodeflow.stages.barriers.map_barrier import read_map
    from anodeflow.stages.barriers.results import NetworkResult
    from anodeflow.structures.files import read_frames, read_structure

    read_map(
        read_structure(inputs.host),
        read_frames(inputs.points),
        read_frames(inputs.sites),
        NetworkResult.read(inputs.network),
        step=step,
    ).write(output)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, *snakemake.output, step=snakemake.params.step)
