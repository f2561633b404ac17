"""Record what the finished study was made with: configuration, models, software, run times."""

import json
from pathlib import Path

from anodeflow.process.job import job


def main(cards, configuration, *, config):
    from anodeflow.files.atomic import write_table, write_text
    from anodeflow.report import provenance, run_times
    from anodeflow.study.config import Config

    config = json.loads(config)
    names = config["study"]["models"]
    models = {name: config["models"][name] for name in names}
    read = {
        name: json.loads(Path(card).read_text()) for name, card in zip(names, cards, strict=True)
    }
    tables = {
        "models": provenance.model_table(models, read),
        "software": provenance.software_table(models, config["environments"]),
        "run_times": run_times.run_time_table(Path("results/benchmarks"), names),
    }
    folder = Path(configuration).parent
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")
    write_text(configuration, provenance.commented_yaml(Config.model_validate(config)))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.cards,
            snakemake.output.configuration,
            config=snakemake.params.config,
        )
