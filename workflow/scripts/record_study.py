"""Record what the finished study was made with: configuration, models, software, run times."""

import json
from pathlib import Path

from anodeflow.process.job import job


def main(cards, structures, configuration, outputs, *, config, costs, checkout):
    from anodeflow.files.atomic import write_text
    from anodeflow.models.weights.card import WeightsCard
    from anodeflow.report import provenance, run_times
    from anodeflow.report.tables import TABLES
    from anodeflow.study.config import Config

    config = json.loads(config)
    models = {name: config["models"][name] for name in config["study"]["models"]}
    read = dict(zip(models, map(WeightsCard.read, cards), strict=True))
    tables = {
        "models": provenance.model_table(models, read, map(Path, structures)),
        "software": provenance.software_table(models, config["environments"], checkout),
        "run_times": run_times.run_time_table(costs, list(models)),
    }
    for path in outputs:
        name = Path(path).stem
        TABLES[name].write(tables[name], path)
    write_text(configuration, provenance.commented_yaml(Config.model_validate(config)))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.cards,
            snakemake.input.structures,
            snakemake.output.configuration,
            snakemake.output.tables,
            config=snakemake.params.config,
            costs=Path(snakemake.output.configuration).parents[1] / "benchmarks",
            checkout=Path(snakemake.resources.checkout),
        )
