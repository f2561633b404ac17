"""Turn tables and the recorded configuration into pages of the report."""

from pathlib import Path

from anodeflow.process.job import job


def main(sources, pages, *, titles):
    from anodeflow.files.atomic import write_text
    from anodeflow.report.pages import page_of

    for source, page, title in zip(sources, pages, titles, strict=True):
        write_text(Path(page), page_of(Path(source), title))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, snakemake.output, titles=snakemake.params.titles)
