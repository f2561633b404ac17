"""Fetch a model's weights and check their hash."""

from pathlib import Path

from anodeflow.process.job import job


def main(weights, card, *, family, source, lock, sha256, mirror, python):
    from anodeflow.models.weights.fetching import fetch_weights

    fetch_weights(
        Path(weights),
        Path(card),
        family=family,
        source=source,
        sha256=sha256 or None,
        mirror=Path(mirror) if mirror else None,
        lock=lock,
        python=python or None,
    )


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.output.weights,
            snakemake.output.card,
            family=snakemake.params.family,
            source=snakemake.params.source,
            lock=Path(snakemake.output.weights).with_name("weights.lock.json"),
            sha256=snakemake.resources.sha256,
            mirror=snakemake.resources.mirror,
            python=snakemake.resources.python,
        )
