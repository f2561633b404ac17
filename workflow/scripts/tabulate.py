"""Put one stage's results of all models into a table, beside published values."""

import json
from pathlib import Path

from anodeflow.job import job


def main(table, results, published, csv, markdown, *, rows):
    import pandas as pd

    from anodeflow import tables
    from anodeflow.whole_files import write_text

    def read(path):
        return json.loads(path.read_text()) if path.suffix == ".json" else pd.read_csv(path)

    entries = [row | {"result": read(Path(path))} for row, path in zip(rows, results, strict=True)]
    others = tables.read_published(Path(published)) if published else None
    filled = tables.TABLES[table](entries, others)
    write_text(markdown, tables.to_markdown(filled))
    tables.write_table(filled, Path(csv))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.wildcards.table,
            snakemake.input.results,
            snakemake.input.get("published"),
            snakemake.output.csv,
            snakemake.output.markdown,
            rows=snakemake.params.rows,
        )
