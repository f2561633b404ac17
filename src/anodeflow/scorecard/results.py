"""Result files of the scorecard that another job reads, as types."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from anodeflow.files.result_file import RowsFile

Status = Literal["holds", "fails", "undecided", "not run", "left out"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class JudgedPart(_Row):
    """What the numbers say on one part of a claim."""

    status: Status
    says: str
    needs: tuple[str, ...]
    """What would decide it, if it is undecided."""
    sigmas: float | None
    """By how many standard errors, where two numbers were compared."""


class JudgedClaim(_Row):
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
