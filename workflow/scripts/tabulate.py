"""Put one stage's results of all models into a table, beside published values."""

import json
from pathlib import Path

from anodeflow.job import job


def main(table, inputs, outputs, *, rows):
    import pandas as pd

    from anodeflow import markdown, tables
    from anodeflow.uncertainty import uncertainties
    from anodeflow.whole_files import write_text

    def read(path):
        return json.loads(path.read_text()) if path.suffix == ".json" else pd.read_csv(path)

    results = map(read, map(Path, inputs.results))
    entries = [row | {"result": result} for row, result in zip(rows, results, strict=True)]
    for entry, path in zip(entries, inputs.convergence, strict=False):
        entry["convergence"] = read(Path(path))["changes"]
    published = tables.read_published(Path(inputs.published)) if inputs.published else None
    filled = tables.TABLES[table](entries, published)
    described = uncertainties(table, filled)
    write_text(outputs.markdown, markdown.to_markdown(filled) + markdown.footnotes(described))
    tables.write_table(described, Path(outputs.uncertainty))
    tables.write_table(filled, Path(outputs.csv))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.wildcards.table,
            snakemake.input,
            snakemake.output,
            rows=snakemake.params.rows,
        )
