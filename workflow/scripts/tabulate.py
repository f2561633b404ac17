"""Put one stage's results of all models into a table, beside published values."""

import json
from pathlib import Path

from anodeflow.process.job import job


def main(name, inputs, outputs, *, rows):
    import pandas as pd

    from anodeflow.files.atomic import write_table, write_text
    from anodeflow.study.stages import TABLES
    from anodeflow.tables.assembly import assemble, uncertainties
    from anodeflow.tables.markdown import footnotes, to_markdown
    from anodeflow.tables.published import read_published

    def read(path):
        return json.loads(path.read_text()) if path.suffix == ".json" else pd.read_csv(path)

    for about, path in zip(rows, inputs.convergence, strict=False):
        about["convergence"] = read(Path(path))["changes"]
    entries = [(row, read(Path(path))) for row, path in zip(rows, inputs.results, strict=True)]
    published = read_published(Path(inputs.published)) if inputs.published else None
    table = TABLES[name]
    filled = assemble(table, entries, published)
    described, headers = uncertainties(table, filled), table.headers()
    write_text(outputs.markdown, to_markdown(filled, headers) + footnotes(described, headers))
    write_table(described, Path(outputs.uncertainty))
    write_table(filled, Path(outputs.csv))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.wildcards.table,
            snakemake.input,
            snakemake.output,
            rows=snakemake.params.rows,
        )
