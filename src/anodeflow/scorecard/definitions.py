"""What metrics and claims mean, as Markdown made of the files that declare them."""

from collections.abc import Mapping, Sequence

from anodeflow.scorecard.claims import Claim
from anodeflow.scorecard.metrics import Metric
from anodeflow.scorecard.quantity import UNIT_SYMBOLS

INTRODUCTION = """\
# Metrics and claims

Made of `resources/reference/metrics.yaml` and `resources/reference/claims.yaml` by
`python -m anodeflow.definitions`. How models are graded and judged by them:
[docs/scorecard.md](scorecard.md).
"""


def definitions_page(metrics: Mapping[str, Metric], claims: Mapping[str, Claim]) -> str:
    """Return a page of two tables, a row for each metric and each claim."""
    measured = ("Metric", "Of", "Unit", "Measure, reference", "good, fair", "Why these limits")
    claimed = ("Claim", "Says", "Criterion", "Predicates")
    tables = {
        "Metrics": _table(measured, [_metric_row(*item) for item in metrics.items()]),
        "Claims": _table(claimed, [_claim_row(*item) for item in claims.items()]),
    }
    parts = [f"\n## {title}\n\n{table}" for title, table in tables.items()]
    return INTRODUCTION + "".join(parts)


def _metric_row(name: str, metric: Metric) -> list[str]:
    reference = metric.reference or "–"
    if metric.reference_error:
        reference = f"± {metric.reference_error:g}"
    unit = UNIT_SYMBOLS.get(metric.unit, metric.unit) or "–"
    measure = f"{metric.measure}, {reference}"
    return [f"`{name}`", metric.definition, unit, measure, _limits(metric), metric.why]


def _limits(metric: Metric) -> str:
    if metric.measure == "mobility":
        return f"P ≥ {metric.good:g} in {metric.reference_ps:g} ps"
    if metric.good is None:
        return "not graded"
    if isinstance(metric.good, list):
        return "; ".join([*metric.good, *(metric.fair if isinstance(metric.fair, list) else [])])
    good, fair = metric.number_limits
    return f"{good:g}, {fair:g}"


def _claim_row(name: str, claim: Claim) -> list[str]:
    predicates = ", ".join(part.predicate for part in claim.parts)
    return [f"`{name}`", claim.statement, claim.criterion, predicates]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
