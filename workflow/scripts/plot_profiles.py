"""Draw the energy along the lowest walk of one ion round the cell, for every stack and model."""

from pathlib import Path

from anodeflow.process.job import job


def main(networks, paths, outputs, *, rows):
    from anodeflow.figures.style import save
    from anodeflow.stages.barriers.path_files import read_paths
    from anodeflow.stages.barriers.profile_figure import plot_profiles
    from anodeflow.stages.barriers.results import NetworkResult
    from anodeflow.structures.files import read_frames

    stacks = {}
    for row, network, frames in zip(rows, networks, paths, strict=True):
        entry = {
            "model": row["model"],
            "colour": row["colour"],
            "network": NetworkResult.read(network),
            "paths": {path.label: path for path in read_paths(read_frames(Path(frames)))},
        }
        stacks.setdefault(row["system"], []).append(entry)
    save(*plot_profiles(stacks), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.networks,
            snakemake.input.paths,
            snakemake.output,
            rows=snakemake.params.rows,
        )
