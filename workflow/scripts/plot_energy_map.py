"""Draw a model's maps of the energy of one ion."""

from pathlib import Path

from anodeflow.process.job import job


def main(maps, networks, hosts, outputs, *, titles):
    from anodeflow.figures.style import save
    from anodeflow.stages.barriers.map_figure import plot_energy_map
    from anodeflow.stages.barriers.results import EnergyMap, NetworkResult
    from anodeflow.structures.files import read_structure

    panels = {
        title: {
            "found": EnergyMap.read(found),
            "network": NetworkResult.read(network),
            "atoms": read_structure(Path(host)),
        }
        for title, found, network, host in zip(titles, maps, networks, hosts, strict=True)
    }
    save(*plot_energy_map(panels), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.maps,
            snakemake.input.networks,
            snakemake.input.hosts,
            snakemake.output,
            titles=snakemake.params.titles,
        )
