"""Turn tables and the recorded configuration into pages of the report."""

from pathlib import Path

from anodeflow.process.job import job


def main(sources, pages, *, titles):
    import pandas as pd

    from anodeflow.files.atomic import write_text
    from anodeflow.report.pages import RECORD_HEADERS, code_page, table_page
    from anodeflow.tables.markdown import to_markdown

    for source, page, title in zip(map(Path, sources), pages, titles, strict=True):
        text = source.read_text(encoding="utf-8")
        if source.suffix == ".yaml":
            html = code_page(title, text, language="yaml")
        elif source.suffix == ".csv":
            html = table_page(title, to_markdown(pd.read_csv(source), RECORD_HEADERS), source)
        else:
            html = table_page(title, text, source.with_suffix(".csv"))
        write_text(Path(page), html)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output, titles=snakemake.params.titles)
