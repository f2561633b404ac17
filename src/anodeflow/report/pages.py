"""Pages of the report: tables and the configuration as HTML that needs nothing but itself."""

import base64
import re
from html import escape
from pathlib import Path

from anodeflow.report.tables import HEADERS, TABLES
from anodeflow.scorecard.results import SCORES_CSV
from anodeflow.tables.markdown import to_markdown

STYLE = """
body { font: 14px/1.45 "Helvetica Neue", Arial, sans-serif; color: #1f2933; margin: 1.5rem; }
h1 { font-size: 1.25rem; margin: 0 0 .3rem; } h2 { font-size: 1.05rem; }
p { max-width: 60rem; } a { color: #0b63a5; }
table { border-collapse: collapse; margin: 1rem 0; }
th { text-align: left; background: #eef2f6; position: sticky; top: 0; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #d5dce3; }
th { vertical-align: bottom; } td { vertical-align: top; }
th { min-width: 4.5rem; } td { white-space: nowrap; font-variant-numeric: tabular-nums; }
.number { text-align: right; } td.long { white-space: normal; min-width: 22rem; }
tbody tr:hover { background: #f6f8fa; }
"""

GAP = "–"
NUMBER = re.compile(rf"[-+]?\d+(\.\d+)?(e[-+]?\d+)?|{GAP}")

LONG = 40
"""Letters of a cell beyond which it is broken into lines."""

HEADING = re.compile(r"(#+)\s+(.*)")


def page_of(source: Path, title: str) -> str:
    """Return the page of a configuration, of a table as CSV, or of one as Markdown beside its CSV.

    Raises:
        ResultFileError: the CSV file is damaged.
    """
    if source.suffix == ".yaml":
        return code_page(title, source.read_text(encoding="utf-8"), language="yaml")
    if source.suffix == ".csv":
        table = (TABLES | {"scorecard": SCORES_CSV})[source.stem].read(source)
        return table_page(title, to_markdown(table, HEADERS), source)
    return table_page(title, source.read_text(encoding="utf-8"), source.with_suffix(".csv"))


def table_page(title: str, markdown: str, data: Path | None) -> str:
    """Show Markdown of headings, paragraphs, lists and pipe tables, with a link that saves `data`.

    Columns of numbers are set to the right. Other Markdown is shown as it is written.
    """
    blocks = [block for block in re.split(r"\n\s*\n", markdown.strip()) if block]
    body = "\n".join(map(_block, blocks))
    return _page(title, (_download(data) if data else "") + body)


def code_page(title: str, text: str, *, language: str) -> str:
    """Show a text with its syntax in colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    formatter = HtmlFormatter(style="default", noclasses=True)
    return _page(title, highlight(text, get_lexer_by_name(language), formatter))


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n'
        f"<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def _download(data: Path) -> str:
    content = base64.b64encode(data.read_bytes()).decode()
    address = f"data:text/csv;charset=utf-8;base64,{content}"
    return f'<p><a download="{data.name}" href="{address}">{data.name}</a>, all digits</p>\n'


def _block(block: str) -> str:
    lines = block.splitlines()
    if heading := HEADING.fullmatch(lines[0]):
        rest = "\n".join(lines[1:])
        return f"<h2>{escape(heading[2])}</h2>" + (_block(rest) if rest else "")
    if all(line.startswith("|") for line in lines):
        return _table([_cells(line) for line in lines])
    if all(line.startswith("- ") for line in lines):
        return "<ul>" + "".join(f"<li>{escape(line[2:])}</li>" for line in lines) + "</ul>"
    return f"<p>{escape(block)}</p>"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _table(rows: list[list[str]]) -> str:
    head, _, *body = rows
    numeric = [
        all(map(NUMBER.fullmatch, column)) and set(column) != {GAP}
        for column in zip(*body, strict=True)
    ]
    lines = [_row("th", head, numeric), *(_row("td", row, numeric) for row in body)]
    rest = "\n".join(lines[1:])
    return f"<table><thead>{lines[0]}</thead><tbody>\n{rest}\n</tbody></table>"


def _row(tag: str, cells: list[str], numeric: list[bool]) -> str:
    shown = []
    for cell, is_number in zip(cells, numeric or [False] * len(cells), strict=True):
        kind = "number" if is_number else "long" if len(cell) > LONG and " " in cell else "text"
        shown.append(f'<{tag} class="{kind}">{escape(cell)}</{tag}>')
    return f"<tr>{''.join(shown)}</tr>"
