"""How a model is graded: metrics are declared in a file, and computed from quantities here.

Of a quantity x ± σ and a reference r ± σ_r: difference x − r ± √(σ² + σ_r²); relative x/r − 1
± √((σ/r)² + (x σ_r/r²)²); value x ± √(σ² + σ_r²), σ_r the reference's part in it; mean difference
(1/n) Σ |x_i − r_i| ± √(Σ σ_i²)/n. The grade is that of the value; `certain` tells whether it is the
same at the value ± `sigma` errors. A mobility is graded by how likely what the reference saw is at
the rates that a model's hops allow, see `_grade_mobility`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from anodeflow.config.yaml_files import read_declared
from anodeflow.errors import ReferenceDataError, known
from anodeflow.scorecard.evidence import MOBILE, alike, rate_bounds
from anodeflow.scorecard.quantities import NONE_HELD, Quantities, Study
from anodeflow.scorecard.quantity import Case, Quantity
from anodeflow.scorecard.results import SCORES_CSV

Limit = Annotated[float, Field(strict=True, allow_inf_nan=False)] | list[str] | None


class Metric(BaseModel):
    """One metric of the file named by scorecard.metrics; see the comments there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str
    table: str
    quantity: str
    unit: str
    measure: Literal["value", "difference", "relative", "mean_difference", "word", "mobility"]
    reference: str | None
    reference_ps: Annotated[float, Field(gt=0)] | None = None
    reference_error: Annotated[float, Field(ge=0)] = 0.0
    better: Literal["low", "high"] | None
    good: Limit
    fair: Limit
    definition: str
    why: str

    @model_validator(mode="after")
    def _check(self) -> "Metric":
        compares = self.measure not in ("value", "word")
        if compares != (self.reference is not None):
            raise ValueError(f"{self.measure} {'needs a' if compares else 'takes no'} reference")
        if self.measure == "mobility":
            return self._check_mobility()
        kind = list if self.measure == "word" else float
        graded = self.measure == "word" or self.better is not None
        limits = {type(self.good), type(self.fair)}
        if limits != {type(None)} and (limits != {kind} or not graded):
            raise ValueError("good and fair must both be numbers (with better), word lists or null")
        if self.better is not None and (kind is not float or limits != {float}):
            raise ValueError("better needs numbers as good and fair")
        if self.better:
            good, fair = self.number_limits
            if (good < fair) != (self.better == "low"):
                raise ValueError(f"good {good:g} is not better than fair {fair:g}")
        return self

    def _check_mobility(self) -> "Metric":
        if not isinstance(self.good, float) or (self.fair, self.better) != (None, None):
            raise ValueError("mobility needs a probability as good, and null as fair and better")
        if self.reference_ps is None:
            raise ValueError("mobility needs the length of the reference's run, reference_ps")
        return self

    @property
    def number_limits(self) -> tuple[float, float]:
        """Return good and fair of a metric that grades numbers, in the unit of what it compares."""
        assert isinstance(self.good, float) and isinstance(self.fair, float)
        return self.good, self.fair

    @property
    def word_grades(self) -> dict[str, str]:
        """Return the grades of the words of a metric that grades words."""
        assert isinstance(self.good, list) and isinstance(self.fair, list)
        return dict.fromkeys(self.fair, "fair") | dict.fromkeys(self.good, "good")


def read_metrics(path: Path) -> dict[str, Metric]:
    """Read the metrics by name.

    Raises:
        ReferenceDataError: the file is no YAML, or an entry is not as its comments say.
    """
    return read_declared(path, Metric, "metrics")


@dataclass(frozen=True)
class Grading:
    """What metrics are computed from: all quantities, the study, and what makes a grade certain.

    sigma: errors within which a grade must not change.
    """

    quantities: Quantities
    study: Study
    sigma: float

    def own(self, metric: Metric, source: str, case: Case) -> Quantity | None:
        """Return the quantity of a source that a metric is about; of several, the first."""
        if metric.measure != "mean_difference":
            return self.quantities.find(source, metric.table, metric.quantity, case)
        every = self.quantities.all_of(source, metric.table, metric.quantity, case.system)
        return every[0] if every else None

    def reference(self, metric: Metric, case: Case) -> Quantity | None:
        """Return what a metric compares with; None if that was not published of this case."""
        return self.own(metric, metric.reference, case) if metric.reference else None

    def pairs(self, metric: Metric, own: Quantity) -> list[tuple[Quantity, Quantity]]:
        """Return a source's quantities of a system beside the reference's, at the same ions."""
        every = self.quantities.all_of(own.source, metric.table, metric.quantity, own.case.system)
        source = known(metric.reference)
        others = [
            self.quantities.find(source, metric.table, metric.quantity, one.case) for one in every
        ]
        return [(one, its) for one, its in zip(every, others, strict=True) if its is not None]


def score(metrics: Mapping[str, Metric], grading: Grading) -> pd.DataFrame:
    """Grade every model, and whoever published the same, by every metric.

    Returns:
        a row for each source, metric and case, a `Score`: quantity is the number that value was
        made of; status is ok, no value (the number could not be had), other convention (not
        graded), no reference, or not run; grade is good, fair, poor, undecided or None; certain is
        None where an error is not known; reason says what is behind a status, a value and its
        error. What a source never published is no row; nor is a case that a metric does not apply
        to: of which models that ran have nothing, and no reference either.
    """
    rows = []
    study = grading.study
    for name, metric in metrics.items():
        study.require_table(f"metric {name}", metric.table, "scorecard.metrics")
        for case in study.cases_of(metric.table):
            scored = [
                _score_one(metric, grading, source, case)
                for source in study.sources(grading.quantities)
                if source != metric.reference
            ]
            ran = [row for row in scored if row["status"] != "not run"]
            kept = [row for row in scored if row in ran or row["source"] in study.stages]
            applies = all(row["reason"] != NONE_HELD for row in kept)
            if ran or applies or grading.reference(metric, case):
                about = {key: getattr(metric, key) for key in ("label", "measure", "table")}
                rows += [row | about | {"metric": name} | case._asdict() for row in kept]
    table = (
        pd.DataFrame(rows, columns=list(SCORES_CSV.columns))
        .astype({"ions": "Int64"})
        .astype(object)
    )
    return table.where(table.notna(), None)


def _score_one(metric: Metric, grading: Grading, source: str, case: Case) -> dict[str, Any]:
    row = {"source": source, "published": source not in grading.study.stages}
    row |= {"unit": metric.unit, "reference": metric.reference}
    own, reference = grading.own(metric, source, case), grading.reference(metric, case)
    if own is None:
        reason = grading.study.why_missing(source, metric.table, case)
        return row | {"status": "not run", "reason": reason}
    row |= {"quantity": own.value, "word": own.word, "reason": own.note}
    if own.held is None:
        return row | {"status": "no value"}
    if metric.measure == "mean_difference" and not grading.pairs(metric, own):
        reference = None
    if reference is not None:
        row |= {"reference_value": reference.value, "reference_word": reference.word}
        _refuse_other_kind(own, reference)
    elif metric.reference is not None:
        reason = f"{metric.reference} gives no {metric.quantity} of {case}"
        return row | {"status": "no reference", "reason": reason}
    if metric.measure == "word":
        return row | {"status": "ok", "grade": _grade_of_word(metric, known(own.word))}
    if metric.measure == "mobility":
        return row | _grade_mobility(metric, own, known(reference), grading)
    value, error, reason = _compare(metric, own, reference, grading)
    row |= {"value": value, "error": error, "reason": reason}
    if reference is not None and not alike(own, reference):
        told = f"{own.convention} here, {reference.convention} in the reference: not graded"
        return row | {"status": "other convention", "reason": f"{told}; {reason}"}
    return row | {"status": "ok"} | _grade_number(metric, value, error, grading.sigma)


def _refuse_other_kind(own: Quantity, reference: Quantity) -> None:
    if (own.word is None) != (reference.word is None):
        raise ReferenceDataError(
            f"The published values hold '{reference.held}' as {reference.name} of "
            f"{reference.case} by {reference.source}, where a "
            f"{'number' if own.word is None else 'word'} is needed: correct it."
        )


def _compare(
    metric: Metric,
    own: Quantity,
    reference: Quantity | None,
    grading: Grading,
) -> tuple[float, float | None, str]:
    """Return a metric's value, its error (None where one part is not known), and what is said."""
    if metric.measure == "value":
        return known(own.value), _combined(own.error, metric.reference_error), own.note
    if metric.measure == "mean_difference":
        return _mean_difference(grading.pairs(metric, own))
    its = known(reference)
    reason = "; ".join(filter(None, [own.note, f"reference: {its.note}"]))
    own_value, its_value = known(own.value), known(its.value)
    if metric.measure == "difference":
        return own_value - its_value, _combined(own.error, its.error), reason
    ratio = own_value / its_value
    own_part = None if own.error is None else own.error / its_value
    its_part = None if its.error is None else ratio * its.error / its_value
    return ratio - 1, _combined(own_part, its_part), reason


def _mean_difference(
    pairs: Sequence[tuple[Quantity, Quantity]],
) -> tuple[float, float | None, str]:
    apart = [abs(known(own.value) - known(its.value)) for own, its in pairs]
    value = sum(apart) / len(pairs)
    error = _combined(*(quantity.error for pair in pairs for quantity in pair))
    counts = ", ".join(str(own.case.ions) for own, _ in pairs)
    return value, None if error is None else error / len(pairs), f"over {counts} ions"


def _combined(*errors: float | None) -> float | None:
    given = [error for error in errors if error is not None]
    return math.hypot(*given) if len(given) == len(errors) else None


def _grade_number(
    metric: Metric, value: float, error: float | None, sigma: float
) -> dict[str, Any]:
    if metric.better is None:
        return {"grade": None, "certain": None}

    good, fair = metric.number_limits
    sign = 1 if metric.better == "low" else -1

    def grade(size: float) -> str:
        if sign * size <= sign * good:
            return "good"
        return "fair" if sign * size <= sign * fair else "poor"

    size = abs(value)
    if error is None:
        return {"grade": grade(size), "certain": None}
    ends = {grade(max(size - sigma * error, 0.0)), grade(size + sigma * error)}
    return {"grade": grade(size), "certain": ends == {grade(size)}}


def _grade_of_word(metric: Metric, said: str) -> str | None:
    if metric.good is None:
        return None
    return metric.word_grades.get(said, "poor")


def _grade_mobility(
    metric: Metric, own: Quantity, reference: Quantity, grading: Grading
) -> dict[str, Any]:
    """Grade by the probability of what the reference saw, at the rates that the hops allow.

    P = exp(−Γ N t) for a reference of N ions that hopped nowhere in its t = `reference_ps`, and
    1 − exp(−Γ N t) for one that hopped. With Γ between the bounds of `evidence.rate_bounds`, poor
    where P is below `good` over all of them, good where it is nowhere below, else undecided.
    """
    hops = grading.quantities.find(own.source, "diffusion", "hops", own.case)
    if hops is None or hops.value is None:
        if not own.published:
            return {"status": "no value", "reason": f"verdict {own.held}; {own.note}"}
        told = f"no counts of hops, so no rate; {own.note}"
        return {"status": "ok", "grade": "undecided", "certain": None, "reason": told}
    time = known(own.case.ions) * known(metric.reference_ps)
    rates = rate_bounds(hops.value, known(hops.sample_ps), grading.sigma)
    stays = [math.exp(-rate * time) for rate in rates]
    hopped = reference.word in MOBILE
    chances = sorted(1 - stay if hopped else stay for stay in stays)
    assert isinstance(metric.good, float)
    enough = {chance >= metric.good for chance in chances}
    grade = "undecided" if len(enough) == 2 else "good" if enough == {True} else "poor"
    told = (
        f"{'a hop' if hopped else 'no hop'} in {metric.reference_ps:g} ps, as in the reference, "
        f"has a probability of {chances[0]:.2g} to {chances[1]:.2g}"
    )
    reason = "; ".join(filter(None, [told, own.note]))
    return {"status": "ok", "grade": grade, "certain": len(enough) == 1, "reason": reason}
