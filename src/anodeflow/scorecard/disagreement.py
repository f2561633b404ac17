"""Where models differ from each other, and from what was published, by more than their errors."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from anodeflow.errors import known
from anodeflow.files.result_file import records
from anodeflow.scorecard.evidence import alike, rate_difference
from anodeflow.scorecard.quantities import Quantities, Study
from anodeflow.scorecard.quantity import Case, Quantity, with_error
from anodeflow.scorecard.results import DISAGREEMENTS_CSV

DIFFER, IN_KIND, AGREE, OPEN = "differ", "differ in kind", "agree within errors", "not comparable"
ORDER = (DIFFER, IN_KIND, AGREE, OPEN)


def disagreements(quantities: Quantities, study: Study, *, sigma: float) -> pd.DataFrame:
    """Compare every pair of sources in which there is a model of the study, quantity by quantity.

    sigmas = |x − y| / √(σ_x² + σ_y²); for hops, those of `evidence.rate_difference` of the rates
    per ion. They differ when sigmas ≥ sigma, a number of standard errors. Words differ in kind or
    agree.

    Returns:
        a row for each pair and quantity, a `Disagreement`, most significant first; what cannot be
        compared comes last, with the reason.
    """
    rows = []
    for first, second in itertools.combinations(study.sources(quantities), 2):
        if first in study.stages or second in study.stages:
            rows += [
                compare_two(one, other, sigma)
                for one, other in _pairs(quantities, study, first, second)
            ]
    columns = list(DISAGREEMENTS_CSV.columns)
    table = pd.DataFrame(rows, columns=columns).astype({"ions": "Int64"})
    rank = table["verdict"].map(ORDER.index)
    # Words carry no number to sort by; they keep their order.
    size = -table["sigmas"].abs().fillna(0.0)
    table = table.assign(rank=rank, size=size).sort_values(["rank", "size"], kind="stable")
    table = table[columns].reset_index(drop=True).astype(object)
    return table.where(table.notna(), None)


def _pairs(
    quantities: Quantities, study: Study, first: str, second: str
) -> Iterator[tuple[Quantity, Quantity]]:
    for table, names in study.compared.items():
        for name, case in itertools.product(names, _cases(study, quantities, table)):
            one, other = (quantities.find(s, table, name, case) for s in (first, second))
            if one is not None and other is not None:
                yield one, other


def _cases(study: Study, quantities: Quantities, table: str) -> list[Case]:
    """Return a study's cases of a table, at each content of ions where only results tell it."""
    cases = study.cases_of(table)
    rows = [row for row in quantities.rows if row.table == table and not row.published]
    found = list(dict.fromkeys(row.case for row in rows))
    told = any(case.ions is not None for case in cases)
    return cases if told or all(case.ions is None for case in found) else found


def compare_two(one: Quantity, other: Quantity, sigma: float) -> dict[str, Any]:
    """Compare a quantity of two sources, which differ by `sigma` times their errors or more.

    Returns:
        a `Disagreement`, as far as it is known.
    """
    # What a published row does not say of its case, the model's does.
    case = min(one.case, other.case, key=lambda case: case.count(None))
    row: dict[str, Any] = {
        "table": one.table,
        **case._asdict(),
        "quantity": one.name,
        "unit": one.unit,
        "first": one.source,
        "second": other.source,
        "first_value": one.value,
        "first_word": one.word,
        "first_error": one.error,
        "second_value": other.value,
        "second_word": other.word,
        "second_error": other.error,
        "reason": "; ".join(f"{q.source}: {q.note}" for q in (one, other) if q.note),
    }
    missing = [q.source for q in (one, other) if q.held is None]
    if missing:
        return row | {"verdict": OPEN}
    if one.word is not None:
        return row | {"verdict": AGREE if one.word == other.word else IN_KIND}
    if not alike(one, other):
        told = f"{one.source} is {one.convention}, {other.source} {other.convention}"
        return row | {"verdict": OPEN, "reason": told}
    if one.name == "hops":
        rates = [known(q.value) / known(q.sample_ps) for q in (one, other)]
        row |= {"difference": rates[1] - rates[0], "unit": "1/ps"}
        return row | _verdict(rate_difference(one, other), sigma)
    row["difference"] = known(other.value) - known(one.value)
    if one.error is None or other.error is None:
        return row | {"verdict": OPEN}
    combined = math.hypot(one.error, other.error)
    if combined == 0:
        return row | {"verdict": OPEN, "reason": "both errors are zero"}
    return row | {"combined_error": combined} | _verdict(row["difference"] / combined, sigma)


def _verdict(sigmas: float, sigma: float) -> dict[str, Any]:
    return {"sigmas": abs(sigmas), "verdict": DIFFER if abs(sigmas) >= sigma else AGREE}


def disagreement_markdown(table: pd.DataFrame) -> str:
    """Format the table of `disagreements` for reading: what differs in full, the rest counted."""
    rows: list[dict[str, Any]] = records(table)
    lines = ["# Where the models differ", ""]
    for verdict in (DIFFER, IN_KIND):
        chosen = [row for row in rows if row["verdict"] == verdict]
        lines += [f"## {verdict.capitalize()}: {len(chosen)}", ""]
        lines += _shown(chosen)
    agreeing = [row for row in rows if row["verdict"] == AGREE]
    lines += [f"## {AGREE.capitalize()}: {len(agreeing)}", "", "All are in disagreement.csv.", ""]
    closed = [row for row in rows if row["verdict"] == OPEN]
    lines += [f"## {OPEN.capitalize()}: {len(closed)}", "", *_reasons(closed)]
    return "\n".join(lines).rstrip() + "\n"


def _shown(rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return ["None.", ""]
    lines = ["| quantity | of | first | second | difference in combined errors |"]
    lines += ["|---|---|---|---|---|"]
    for row in rows:
        case = Case(row["system"], row["ions"], row["temperature_K"])
        unit = "hops" if row["quantity"] == "hops" else row["unit"]
        ends = [f"{row[end]}: {_held(row, end, unit)}" for end in ("first", "second")]
        sigmas = "–" if row["sigmas"] is None else f"{row['sigmas']:.1f}"
        name = f"{row['table']}, {row['quantity']}"
        lines.append(f"| {name} | {case} | {' | '.join(ends)} | {sigmas} |")
    return [*lines, ""]


def _held(row: dict[str, Any], end: str, unit: str) -> str:
    if row[f"{end}_word"] is not None:
        found: str = row[f"{end}_word"]
        return found
    value = row[f"{end}_value"]
    return f"{value:g} hops" if unit == "hops" else with_error(value, row[f"{end}_error"], unit)


def _reasons(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Say for each kind of pair that cannot be compared what it lacks."""
    lines = []
    for row in rows:
        case = Case(row["system"], row["ions"], row["temperature_K"])
        about = f"{row['first']} and {row['second']}, {row['table']} {row['quantity']} of {case}"
        lines.append(f"- {about}: {row['reason'] or 'no error is known'}")
    return lines or ["None."]
