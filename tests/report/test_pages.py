"""Pages of the report, read back as a browser would."""

import base64
from xml.etree import ElementTree

import pandas as pd
import pytest

from anodeflow.report.pages import code_page, page_of, table_page
from anodeflow.tables.markdown import to_markdown


@pytest.fixture
def table() -> pd.DataFrame:
    """Return a table of words, numbers, a gap, and letters that HTML gives a meaning."""
    return pd.DataFrame(
        {
            "system": ["m-g", "m-go"],
            "height": [1.79, None],
            "note": ["a < b & c", "–3 is no number"],
        }
    )


def parsed(page: str) -> ElementTree.Element:
    """Return the body of a page, whose head holds an unclosed tag."""
    return ElementTree.fromstring(page[page.index("<body>") : page.index("</html>")])


def test_a_page_shows_every_cell_of_its_table_as_it_stands_there(table):
    body = parsed(table_page("Table 3", to_markdown(table, {"height": "peak (eV/nm²)"}), None))
    assert body.findtext("h1") == "Table 3"
    assert [cell.text for cell in body.iter("th")] == ["system", "peak (eV/nm²)", "note"]
    rows = [[cell.text for cell in row.iter("td")] for row in body.find("table").iter("tr")]
    assert rows[1:] == [["m-g", "1.79", "a < b & c"], ["m-go", "–", "–3 is no number"]]


def test_columns_of_numbers_and_gaps_are_set_to_the_right_with_their_heads(table):
    body = parsed(table_page("", to_markdown(table, {"height": "peak (eV/nm²)"}), None))
    right = [cell.text for cell in body.find("table").iter() if cell.get("class") == "number"]
    assert right == ["peak (eV/nm²)", "1.79", "–"]


def test_a_table_without_rows_shows_its_heads():
    body = parsed(table_page("", "| a | b |\n| --- | --- |", None))
    assert [cell.text for cell in body.iter("th")] == ["a", "b"]


def test_headings_paragraphs_and_lists_stand_between_tables():
    text = "# First\n\nwords\n\n| a |\n| --- |\n| 1 |\n\n- one\n- two\n\n## Second"
    body = parsed(table_page("", text, None))
    assert [child.tag for child in body] == ["h1", "h2", "p", "table", "ul", "h2"]
    assert [item.text for item in body.iter("li")] == ["one", "two"]


def test_the_link_of_a_table_page_holds_the_file_with_all_digits(table, tmp_path):
    data = tmp_path / "adhesion.csv"
    table.to_csv(data, index=False)
    link = parsed(table_page("", to_markdown(table, {"height": "peak (eV/nm²)"}), data)).find("p/a")
    assert link.get("download") == "adhesion.csv"
    assert base64.b64decode(link.get("href").partition("base64,")[2]) == data.read_bytes()


def test_a_page_of_code_keeps_its_text():
    text = "a: [1, 2]  # Å & <b>\n"
    assert (
        "".join(parsed(code_page("Configuration", text, language="yaml")).find("div").itertext())
        == text
    )


def test_a_file_gets_the_page_of_its_kind(tmp_path, table):
    config, markdown = tmp_path / "configuration.yaml", tmp_path / "claims.md"
    config.write_text("study: {models: [chgnet]}\n")
    markdown.write_text(to_markdown(table, {}))
    table.to_csv(markdown.with_suffix(".csv"), index=False)
    assert "chgnet" in page_of(config, "Configuration")
    page = page_of(markdown, "Claims")
    assert page == table_page("Claims", to_markdown(table, {}), markdown.with_suffix(".csv"))
    assert "<table>" in page and "claims.csv" in page
