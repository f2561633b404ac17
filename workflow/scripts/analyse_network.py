"""Join sites and saddles to a network: its barriers, rates and diffusion."""

from anodeflow.process.job import job


def main(inputs, output, *, merge, symmetry_tolerance, temperatures, walk_of):
    from anodeflow.stages.barriers.joining import join_network
    from anodeflow.stages.barriers.path_files import read_paths
    from anodeflow.stages.barriers.results import Vibrations
    from anodeflow.stages.barriers.sites import Merge
    from anodeflow.structures.files import read_frames, read_structure

    vibrations = inputs.get("vibrations")
    join_network(
        read_structure(inputs.host),
        read_frames(inputs.sites),
        read_paths(read_frames(inputs.paths)),
        Vibrations.read(vibrations) if vibrations else None,
        merge=Merge(**merge),
        symmetry_tolerance=symmetry_tolerance,
        temperatures=temperatures,
        walk_of=walk_of,
    ).write(output)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            *snakemake.output,
            merge=snakemake.params.merge,
            symmetry_tolerance=snakemake.params.symmetry_tolerance,
            temperatures=snakemake.params.temperatures,
            walk_of=snakemake.params.walk_of,
        )
