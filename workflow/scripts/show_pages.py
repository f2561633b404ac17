"""Turn tables and the recorded configuration into pages of the report."""

from pathlib import Path

from anodeflow.process.job import job


def main(sources, pages, *, titles):
    from anodeflow.files.atomic import write_text
    from anodeflow.report.pages import code_page, table_page
    from anodeflow.report.tables import HEADERS, TABLES
    from anodeflow.scorecard.results import SCORES_CSV
    from anodeflow.tables.markdown import to_markdown

    tables = TABLES | {"scorecard": SCORES_CSV}

    for source, page, title in zip(map(Path, sources), pages, titles, strict=True):
        text = source.read_text(encoding="utf-8")
        if source.suffix == ".yaml":
            html = code_page(title, text, language="yaml")
        elif source.suffix == ".csv":
            table = tables[source.stem].read(source)
            html = table_page(title, to_markdown(table, HEADERS), source)
        else:
            html = table_page(title, text, source.with_suffix(".csv"))
        write_text(Path(page), html)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output, titles=snakemake.params.titles)
