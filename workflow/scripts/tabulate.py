"""Put one stage's results of all models into a table, beside published values."""

from pathlib import Path

from anodeflow.process.job import job


def main(name, inputs, outputs, *, rows):
    from anodeflow.files.atomic import write_table, write_text
    from anodeflow.study.result_files import read_result
    from anodeflow.study.stages import STAGE_OF_TABLE, TABLES
    from anodeflow.tables.assembly import assemble, uncertainties
    from anodeflow.tables.markdown import footnotes, to_markdown
    from anodeflow.tables.published import read_published

    table, stage = TABLES[name], STAGE_OF_TABLE[name].name
    for about, path in zip(rows, inputs.beside, strict=False):
        about[table.beside] = read_result(stage, table.beside, path)
    results = [read_result(stage, table.file, path) for path in inputs.results]
    entries = list(zip(rows, results, strict=True))
    published = read_published(Path(inputs.published)) if inputs.published else None
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
