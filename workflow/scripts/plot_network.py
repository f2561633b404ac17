"""Draw a model's networks of sites and hops of one ion."""

from pathlib import Path

from anodeflow.process.job import job


def main(networks, hosts, outputs, *, titles):
    from anodeflow.figures.style import save
    from anodeflow.stages.barriers.network_figure import plot_network
    from anodeflow.stages.barriers.results import NetworkResult
    from anodeflow.structures.files import read_structure

    panels = {
        title: {"network": NetworkResult.read(network), "atoms": read_structure(Path(host))}
        for title, network, host in zip(titles, networks, hosts, strict=True)
    }
    save(*plot_network(panels), outputs)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.networks,
            snakemake.input.hosts,
            snakemake.output,
            titles=snakemake.params.titles,
        )
