"""Figure of the scorecard: metrics by model as a heat map, the study's claims below."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from anodeflow.errors import known
from anodeflow.figures.style import COLUMN_MM, PAGE_MM, figure, styled
from anodeflow.files.result_file import records
from anodeflow.scorecard.quantity import UNIT_SYMBOLS
from anodeflow.scorecard.results import JudgedClaim, Score

LABEL_MM = 62.0
LABEL_LETTERS = 46
"""Letters of a row's label that fit into LABEL_MM; longer ones go on in the next line."""

CELL_MM = 17.0

NARROWEST_MM = 10.8
"""In narrower cells numbers of three digits with sign and mark would be too small to read."""

ROW_MM = 3.9
HEADER_MM = 26.0
LEGEND_MM = 18.0

# Three steps of lightness, so that they are told apart in grey as well.
COLOURS = {"good": "#BFE3F2", "fair": "#EBB33C", "poor": "#D0704F"}

UNGRADED, ABSENT = "#EDEDED", "#FFFFFF"

HATCH = "//////"

FILLED = 0.94
"""Share of a cell's width that its text may take."""

SHORT = {"acoustic residue near Gamma": "residue"}

SYMBOLS = {
    "holds": ("✓", "good"),
    "fails": ("✗", "poor"),
    "undecided": ("?", "ungraded"),
    "not run": ("–", "absent"),
    "left out": ("–", "absent"),
}

FACES = COLOURS | {"ungraded": UNGRADED, "undecided": UNGRADED, "absent": ABSENT}


@styled
def plot_scorecard(
    scores: Sequence[Score], claims: Sequence[JudgedClaim], headings: Mapping[str, str]
) -> tuple[Figure, pd.DataFrame]:
    """Draw a row for each metric and system, a column for each model, and the claims below.

    Who published has a column too where the page has room for all; with more models than it has
    room for, the figure is wider than the page.

    Args:
        scores: rows of `metrics.score`.
        claims: rows of `claims.check_claims`.
        headings: what stands above the rows of each table, and of the claims.

    Returns the figure and what it shows: section, row, source, shown, grade.
    """
    cells = pd.DataFrame([*_metric_cells(scores), *_claim_cells(claims)])
    sources = list(dict.fromkeys(cells["source"]))
    if LABEL_MM + NARROWEST_MM * len(sources) > PAGE_MM:
        cells = cells[~cells["published"]]
        sources = list(dict.fromkeys(cells["source"]))
    labels = cells[["section", "row"]].drop_duplicates()
    lines = sum(map(len, map(_lines, labels["row"]))) + labels["section"].nunique()
    wanted = min(PAGE_MM, max(COLUMN_MM, LABEL_MM + CELL_MM * len(sources)))
    width = max(wanted, LABEL_MM + NARROWEST_MM * len(sources))
    fig, ax = figure(width, ROW_MM * lines + HEADER_MM + LEGEND_MM)
    y = _draw_rows(ax, cells, sources, headings)
    ax.set_xlim(0, len(sources))
    ax.set_ylim(y, 0)
    ax.xaxis.tick_top()
    ax.set_xticks([i + 0.5 for i in range(len(sources))], sources, rotation=35, ha="left")
    ax.tick_params(length=0, pad=2)
    ax.spines[:].set_visible(False)
    _add_legend(fig)
    _fit_into_cells(fig, ax)
    return fig, cells.drop(columns="face")


def _metric_cells(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """Return a cell for each score, without the rows in which no model has anything to show."""
    cells, shown = [], set()
    several = len({score.temperature_K for score in scores} - {None}) > 1
    for score in scores:
        # Names of processors are longer than a cell; the tables hold them.
        if score.metric == "device":
            continue
        text, face = _shown(score)
        cells.append(
            {
                "section": score.table,
                "row": _row_label(score, several),
                "source": score.source,
                "published": score.published,
                "shown": text,
                "grade": score.grade,
                "reference": score.reference,
                "face": face,
            }
        )
        if face != "absent":
            shown.add(cells[-1]["row"])
    return [cell for cell in cells if cell["row"] in shown]


def _row_label(score: Score, several_temperatures: bool) -> str:
    unit = UNIT_SYMBOLS.get(score.unit, score.unit)
    ions = "" if score.ions in (None, 0) else f", {score.ions} ion{'s'[: score.ions > 1]}"
    system = f", {score.system}" if score.system else ""
    told = several_temperatures and score.temperature_K is not None
    temperature = f", {score.temperature_K:g} K" if told else ""
    return score.label + (f" ({unit})" if unit else "") + system + ions + temperature


def _shown(score: Score) -> tuple[str, str]:
    """Return what a cell says, and what its colour stands for."""
    if score.status == "not run":
        return "–", "absent"
    value, word = score.value, score.word
    if value is None and not isinstance(word, str):
        return ("none" if score.status == "no value" else "–"), "absent"
    if value is None:
        text = SHORT.get(known(word), known(word))
    elif score.measure == "relative":
        text = f"{100 * value:+.0f} %"
    else:
        sign = "+" if score.measure == "difference" else ""
        text = f"{value:{sign}{'.3f' if abs(value) < 0.1 else '#.2g'}}".rstrip(".")
    return text.replace("-", "−") + _mark(score), score.grade or "ungraded"


def _mark(score: Score) -> str:
    """Return the sign of a value whose grade is in doubt, or that has none for a reason."""
    if score.status == "other convention":
        return " †"
    if score.certain is False:
        return " ~"
    return "*" if score.certain is None and score.value is not None else ""


def _claim_cells(claims: Sequence[JudgedClaim]) -> list[dict[str, Any]]:
    cells = []
    for claim in claims:
        if claim.status == "left out":
            continue
        symbol, face = SYMBOLS[claim.status]
        about: dict[str, Any] = {
            "section": "claims",
            "row": claim.statement,
            "source": claim.source,
        }
        about |= {"published": claim.published, "reference": None}
        text = f"({symbol})" if claim.basis == "words" else symbol
        cells.append(about | {"shown": text, "grade": claim.status, "face": face})
    return cells


def _draw_rows(
    ax: Axes, cells: pd.DataFrame, sources: Sequence[str], headings: Mapping[str, str]
) -> float:
    """Draw all cells section by section and label their rows; return how many lines were used."""
    y, places, labels = 0, [], []
    for section, rows in cells.groupby("section", sort=False):
        # A heading stands above its rows' labels, and what cells deviate from above the cells.
        places.append(y + 0.6)
        labels.append(headings[str(section)])
        against = ", ".join(sorted(rows["reference"].dropna().unique()))
        if against:
            ax.text(0.05, y + 0.6, f"deviations from {against}", va="center", fontsize=7)
        y += 1
        for label, row in rows.groupby("row", sort=False):
            lines = _lines(str(label))
            for cell in records(row):
                _draw_cell(ax, sources.index(cell["source"]), y, len(lines), cell)
            places.append(y + len(lines) / 2)
            labels.append("\n".join(lines))
            y += len(lines)
    ax.set_yticks(places, labels)
    for text in ax.get_yticklabels():
        text.set_fontweight("bold" if text.get_text() in headings.values() else "normal")
    return y


def _lines(label: str) -> list[str]:
    return textwrap.wrap(label, LABEL_LETTERS, break_on_hyphens=False)


def _draw_cell(ax: Axes, x: int, y: int, height: int, cell: Mapping[str, Any]) -> None:
    hatch = HATCH if cell["face"] == "absent" else None
    look: dict[str, Any] = {
        "facecolor": FACES[cell["face"]],
        "edgecolor": "white",
        "linewidth": 1.0,
    }
    ax.add_patch(Rectangle((x, y), 1, height, **look))
    if hatch:
        ax.add_patch(Rectangle((x, y), 1, height, fill=False, hatch=hatch, ec="#DDDDDD", lw=0))
    size = 8 if cell["section"] == "claims" else 7
    ax.text(x + 0.5, y + height / 2 + 0.02, cell["shown"], ha="center", va="center", fontsize=size)


def _fit_into_cells(fig: Figure, ax: Axes) -> None:
    """Make texts smaller that are wider than their cells, which the layout has set."""
    fig.draw_without_rendering()
    (left, _), (right, _) = ax.transData.transform([(0, 0), (1, 0)])
    for text in ax.texts:
        wide = text.get_window_extent().width / (FILLED * (right - left))
        if text.get_horizontalalignment() == "center" and wide > 1:
            text.set_fontsize(text.get_fontsize() / wide)


def _add_legend(fig: Figure) -> None:
    handles = [Patch(facecolor=colour, label=grade) for grade, colour in COLOURS.items()]
    handles.append(Patch(facecolor=UNGRADED, label="not graded, undecided"))
    handles.append(Patch(facecolor=ABSENT, edgecolor="#BBBBBB", hatch=HATCH, label="not run, none"))
    title = (
        "~ the grade may change within the error   * no error known   "
        "† other convention than the reference\n"
        "✓ claim holds   ✗ fails   ? undecided   ( ) judged by published words only"
    )
    legend = fig.legend(
        handles=handles,
        loc="outside lower center",
        ncols=5,
        title=title,
        title_fontsize=7,
        columnspacing=1.0,
        handlelength=1.2,
    )
    legend.set_alignment("left")
