"""The scorecard's figure shows what the rows say, in colours that differ in lightness."""

import matplotlib.colors
import pytest
from scored import (
    MODEL,
    OMAT,
    check,
    claims,
    dynamics,
    ensemble,
    headings,
    metrics,
    published,
    quantities,
    read,
    study,
)

from anodeflow.figures.style import MM_PER_INCH, PAGE_MM
from anodeflow.scorecard.claims import check_claims
from anodeflow.scorecard.figure import COLOURS, NARROWEST_MM, plot_scorecard
from anodeflow.scorecard.metrics import Grading, score
from anodeflow.scorecard.results import Score


def drawn(rows, asked):
    found = quantities(rows, published())
    table = score(metrics(), Grading(found, asked, 2.0))
    graded = [Score(**row) for row in table.to_dict("records")]
    judged = check_claims(claims(), found, asked, sigma=2.0, confined_ps=95.0, imaginary_THz=-0.1)
    return plot_scorecard(graded, judged, headings())


@pytest.fixture
def shown():
    rows = read("relaxation", check(thickness=4.6), system="ti2co2", is_unit=True)
    rows += dynamics("m-g", 1, ensemble(hops=0, watched_ps=0.5))
    rows += dynamics("m-go", 1, ensemble(hops=0, watched_ps=0.5))
    asked = study(MODEL, "relaxed only")
    asked.stages["relaxed only"] = ["relaxation"]
    fig, table = drawn(rows, asked)
    cells = {(c["row"], c["source"]): c["shown"] for c in table.to_dict("records")}
    return fig, cells


def test_values_marks_and_gaps_stand_where_they_belong(shown):
    _, cells = shown
    assert cells["Thickness (Å), ti2co2", MODEL] == "+0.15"
    assert cells["Mobility, m-g, 1 ion", MODEL] == "confined ~"
    assert cells["Mobility, m-g, 1 ion", "relaxed only"] == "–"
    assert cells["Adhesion peak, height, m-goh", OMAT] == "+40 % ~"  # its layer apart
    assert cells["1 Na: confined in m-g, hops in m-go", MODEL] == "?"
    assert cells["1 Na: confined in m-g, hops in m-go", OMAT] == "(✓)"
    assert cells["1 Na: confined in m-g, hops in m-go", "relaxed only"] == "–"
    assert cells["Ti2CO2 keeps its structure when relaxed", "MACE-MP-0 (published)"] == "✗"


def test_every_cell_of_the_table_is_drawn_and_nothing_runs_out_of_the_page(shown):
    fig, cells = shown
    texts = [text.get_text() for text in fig.axes[0].texts]
    assert all(texts.count(said) >= list(cells.values()).count(said) for said in cells.values())
    assert fig.get_size_inches()[0] * MM_PER_INCH <= PAGE_MM + 1e-6


def test_names_of_claims_however_long_leave_the_cells_their_width(shown):
    fig, cells = shown
    fig.canvas.draw()
    ax = fig.axes[0]
    corners = ax.transData.transform([(0, 0), (1, 0)])
    width_mm = (corners[1, 0] - corners[0, 0]) / fig.dpi * MM_PER_INCH
    assert width_mm >= NARROWEST_MM
    said = {" ".join(label.get_text().split("\n")) for label in ax.get_yticklabels()}
    assert {row for row, _ in cells} <= said
    assert max(len(row) for row, _ in cells) > 90


@pytest.mark.parametrize("count", [1, 10, 16])
def test_no_text_is_wider_than_its_cell(count):
    labels = [f"model {i}" for i in range(count)]
    rows = []
    for label in labels:
        about = {"system": "ti2co2", "is_unit": True, "source": label}
        rows += read("relaxation", check(thickness=4.434), **about)
    fig, cells = drawn(rows, study(*labels))
    fig.canvas.draw()
    ax = fig.axes[0]
    width = ax.transData.transform((1, 0))[0] - ax.transData.transform((0, 0))[0]
    shown = [text for text in ax.texts if text.get_text() in set(cells["shown"])]
    assert len(shown) == len(cells)
    assert any(text.get_text() == "−0.016 ~" for text in shown)
    assert max(text.get_window_extent().width for text in shown) < width


def test_grades_differ_in_lightness_for_readers_who_see_no_colour():
    def lightness(colour):
        r, g, b = matplotlib.colors.to_rgb(colour)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    good, fair, poor = (lightness(COLOURS[grade]) for grade in ("good", "fair", "poor"))
    assert good - fair > 0.1
    assert fair - poor > 0.1
