"""Record what the finished study was made with: configuration, models, software, run times."""

import json
from pathlib import Path

from anodeflow.job import job


def main(cards, configuration, *, config):
    from anodeflow import record
    from anodeflow.config import Config
    from anodeflow.tables import write_table
    from anodeflow.whole_files import write_text

    config = json.loads(config)
    names = config["study"]["models"]
    models = {name: config["models"][name] for name in names}
    read = {
        name: json.loads(Path(card).read_text()) for name, card in zip(names, cards, strict=True)
    }
    tables = {
        "models": record.model_table(models, read),
        "software": record.software_table(models, config["environments"]),
        "run_times": record.run_time_table(Path("results/benchmarks"), names),
    }
    folder = Path(configuration).parent
    for name, table in tables.items():
        write_table(table, folder / f"{name}.csv")
    write_text(configuration, record.commented_yaml(Config.model_validate(config)))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.cards,
            snakemake.output.configuration,
            config=snakemake.params.config,
        )
