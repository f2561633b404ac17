"""Each published value beside the study's own: whether it is met, and why not if that is known."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from anodeflow.errors import ReferenceDataError
from anodeflow.files.result_file import records
from anodeflow.scorecard.disagreement import AGREE, DIFFER, IN_KIND, compare_two
from anodeflow.scorecard.disagreement import OPEN as NOT_COMPARABLE
from anodeflow.scorecard.evidence import MOBILE, NOT_RUN
from anodeflow.scorecard.quantities import NONE_HELD, Quantities, Study
from anodeflow.scorecard.quantity import Case, Quantity, joined_notes, with_error
from anodeflow.scorecard.results import COMPARISON_CSV

MET, MISSED, NO_COUNTERPART = "met", "missed", "no counterpart"
VERDICTS = (MISSED, MET, NOT_COMPARABLE, NOT_RUN, NO_COUNTERPART)

SUFFIX = " (published)"
"""Of the name of a source that published a model's numbers, after the model's label."""

UNSETTLED = ("undetermined", "mixed")
"""Words of a run that decide nothing."""

NO_QUANTITY = {
    ("adhesion", "layers"): "how its numbers were made; of a study adhesion.layers says it",
    ("adhesion", "spacing_convention"): "how its numbers were made; of a study adhesion.spacing "
    "says it",
    ("diffusion", "mobility_change"): "a comparison of two runs: a claim asks it of counts of hops "
    "(claims.md)",
    ("msd", "step_back"): "an event of one trajectory: a claim asks for the share of hops that go "
    "back (claims.md)",
    ("msd", "first_plateau"): "of one trajectory: hops are counted in place of steps of an MSD",
    ("msd", "second_plateau"): "of one trajectory: hops are counted in place of steps of an MSD",
}
"""Why nothing that a study computes is the published value, by table and quantity."""


def compare_with_published(quantities: Quantities, study: Study, *, sigma: float) -> pd.DataFrame:
    """Set every published value beside that of the model whose label its source bears.

    A number is met when |x − y| < sigma √(σ_x² + σ_y²), by the errors of both; a word when it is
    the same, where all words for ions that leave their sites are one. What was not run, what has no
    error or another convention, and what is no quantity of a study stands there with the reason.

    Args:
        quantities: of the study and of who published.
        study: what is run.
        sigma: number of standard errors.

    Returns:
        a row for each published value, in the order of its file.

    Raises:
        ReferenceDataError: there are no published values.
    """
    published = [row for row in quantities.rows if row.published]
    if not published:
        raise ReferenceDataError(
            "The study has no published values to compare with: name their file as "
            "reference.published in the configuration."
        )
    rows = [_beside(value, quantities, study, sigma) for value in published]
    table = pd.DataFrame(rows, columns=list(COMPARISON_CSV.columns)).astype({"ions": "Int64"})
    table = table.astype(object)
    return table.where(table.notna(), None)


def _beside(value: Quantity, quantities: Quantities, study: Study, sigma: float) -> dict[str, Any]:
    model = value.source.removesuffix(SUFFIX)
    row: dict[str, Any] = {"table": value.table, **value.case._asdict(), "quantity": value.name}
    row |= {"unit": value.unit, "source": value.source, "published_value": value.value}
    row |= {"published_word": value.word, "published_error": value.error}
    if why := _no_counterpart(value, study):
        return row | {"verdict": NO_COUNTERPART, "reason": why}
    if model not in study.stages:
        why = f"no model of the study has the label {model}"
        return row | {"verdict": NOT_RUN, "reason": joined_notes(why, value.note)}
    row["model"] = model
    cases = study.cases_of(value.table)
    # What the published value does not say of ions and temperature, it does not ask either.
    case = next((case for case in cases if value.case.fits(case)), value.case)
    if sum(value.case.fits(other) for other in cases) > 1:
        why = f"of which of the study's cases of {value.case.system} it is, is not said"
        return row | {"verdict": NOT_COMPARABLE, "reason": joined_notes(why, value.note)}
    own = quantities.find(model, value.table, value.name, case)
    if own is None:
        why = study.why_missing(model, value.table, case)
        verdict = NOT_COMPARABLE if why == NONE_HELD else NOT_RUN
        return row | {"verdict": verdict, "reason": joined_notes(why, value.note)}
    row |= {"value": own.value, "word": own.word, "error": own.error}
    found = compare_two(value, own, sigma)
    kept = {key: found.get(key) for key in ("difference", "combined_error", "sigmas", "reason")}
    return row | kept | {"verdict": _verdict(value, own, found["verdict"])}


def _no_counterpart(value: Quantity, study: Study) -> str:
    """Say why no number of a study is the published one; empty if one is."""
    if why := NO_QUANTITY.get((value.table, value.name)):
        return why
    if not value.source.endswith(SUFFIX):
        return "of no model: scorecard.csv compares models with it"
    return "" if value.table in study.cases else f"the scorecard has no table {value.table}"


def _verdict(value: Quantity, own: Quantity, compared: str) -> str:
    if own.word in UNSETTLED:
        return NOT_COMPARABLE
    if {value.word, own.word} <= {*MOBILE}:
        return MET
    return {AGREE: MET, DIFFER: MISSED, IN_KIND: MISSED}.get(compared, NOT_COMPARABLE)


def comparison_markdown(table: pd.DataFrame) -> str:
    """Format the table of `compare_with_published` for reading, by verdict."""
    rows: list[dict[str, Any]] = records(table)
    chosen = {name: [row for row in rows if row["verdict"] == name] for name in VERDICTS}
    counts = ", ".join(f"{len(of)} {name}" for name, of in chosen.items())
    lines = ["# Beside the published values", "", f"{len(rows)} published values: {counts}."]
    for name, of in chosen.items():
        if of:
            lines += ["", f"## {name.capitalize()}: {len(of)}", "", *_table(of)]
    return "\n".join(lines) + "\n"


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = ["| quantity | of | by | published | here | combined errors apart | why |"]
    lines.append("|---|---|---|---|---|---|---|")
    for row in rows:
        case = Case(row["system"], row["ions"], row["temperature_K"])
        sigmas = "–" if row["sigmas"] is None else f"{row['sigmas']:.1f}"
        ends = [_held(row, "published_"), _held(row, "")]
        cells = [f"{row['table']}, {row['quantity']}", str(case), row["source"], *ends, sigmas]
        lines.append(f"| {' | '.join([*cells, row['reason'] or '–'])} |")
    return lines


def _held(row: dict[str, Any], end: str) -> str:
    held = row[f"{end}value"] if row[f"{end}word"] is None else row[f"{end}word"]
    return "–" if held is None else with_error(held, row[f"{end}error"], row["unit"])
