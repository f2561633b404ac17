"""Result files of the scorecard that another job reads, as types."""

from typing import Literal

from anodeflow.files.result_file import CsvFile, ResultPart, RowsFile

Status = Literal["holds", "fails", "undecided", "not run", "left out"]


class JudgedPart(ResultPart):
    """What the numbers say on one part of a claim."""

    status: Status
    says: str
    needs: tuple[str, ...]
    """What would decide it, if it is undecided."""
    sigmas: float | None
    """By how many standard errors, where two numbers were compared."""


class JudgedClaim(ResultPart):
    """A claim, judged for one source."""

    claim: str
    statement: str
    criterion: str
    source: str
    """A model's label, or who published."""
    published: bool
    status: Status
    basis: Literal["numbers", "words"]
    """Words, where all that was published of a number is a word."""
    says: str
    decides: str
    parts: tuple[JudgedPart, ...]


CLAIMS = RowsFile(JudgedClaim)
"""results/scorecard/claims.json"""


class Score(ResultPart):
    """The grade of a source by a metric, in one case; see `metrics.score`."""

    source: str
    published: bool
    metric: str
    label: str
    measure: str
    table: str
    system: str
    ions: int | None
    temperature_K: float | None
    value: float | None
    error: float | None
    unit: str
    quantity: float | None
    """The number that `value` was made of."""
    word: str | None
    """What is graded in place of a number."""
    reference: str | None
    reference_value: float | None
    reference_word: str | None
    status: Literal["ok", "no value", "other convention", "no reference", "not run"]
    grade: Literal["good", "fair", "poor", "undecided"] | None
    certain: bool | None
    """Whether the grade stays the same within the error; null where none is known."""
    reason: str | None


SCORES = RowsFile(Score)
"""results/scorecard/scorecard.json"""
SCORES_CSV = CsvFile(tuple(Score.model_fields))


class Disagreement(ResultPart):
    """A quantity of two sources, compared; see `disagreement.disagreements`."""

    table: str
    system: str
    ions: int | None
    temperature_K: float | None
    quantity: str
    unit: str
    first: str
    second: str
    first_value: float | None
    first_word: str | None
    first_error: float | None
    second_value: float | None
    second_word: str | None
    second_error: float | None
    difference: float | None
    combined_error: float | None
    sigmas: float | None
    verdict: Literal["differ", "differ in kind", "agree within errors", "not comparable"]
    reason: str


DISAGREEMENTS = RowsFile(Disagreement)
"""results/scorecard/disagreement.json"""
DISAGREEMENTS_CSV = CsvFile(tuple(Disagreement.model_fields))

COMPARISON_CSV = CsvFile(
    (
        *("table", "system", "ions", "temperature_K", "quantity", "unit"),
        *("source", "published_value", "published_word", "published_error"),
        *("model", "value", "word", "error"),
        *("difference", "combined_error", "sigmas", "verdict", "reason"),
    )
)
"""results/scorecard/comparison_with_study.csv: see `comparison.compare_with_published`."""
