"""The study's conclusions as statements that the numbers of any model hold, fail or leave open.

They are declared in a file; each names the systems it is about and the parts that all have to hold.
What a part asks of the numbers stands in `scorecard.predicates`.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from anodeflow.config.yaml_files import read_declared
from anodeflow.errors import nearest
from anodeflow.scorecard.evidence import LEFT_OUT, NOT_RUN, UNDECIDED, Part, conclude, needed
from anodeflow.scorecard.predicates import Asked, Predicate, Word
from anodeflow.scorecard.quantities import Quantities, Study
from anodeflow.scorecard.results import JudgedClaim, JudgedPart


class Claim(BaseModel):
    """One claim of the file named by scorecard.claims; see the comments there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    statement: str
    criterion: str
    ion: str | None = None
    temperature_K: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    parts: Annotated[list[Predicate], Field(min_length=1)]

    def parts_in(self, study: Study) -> list[Predicate]:
        """Return the parts, those that name no system once for each of the study."""
        return [each for part in self.parts for each in part.of_each_system(study)]


def read_claims(path: Path) -> dict[str, Claim]:
    """Read the claims by name.

    Raises:
        ReferenceDataError: the file is no YAML, or an entry is not as its comments say.
    """
    return read_declared(path, Claim, "claims")


def check_claims(
    claims: Mapping[str, Claim],
    quantities: Quantities,
    study: Study,
    *,
    sigma: float,
    confined_ps: float,
    imaginary_THz: float,
) -> list[JudgedClaim]:
    """Judge every claim for every model, and for those who published what it is about.

    `sigma` is a number of standard errors.

    Returns:
        a row for each claim and source. A claim on what is not in the study is left out.

    Raises:
        ReferenceDataError: a claim is about a table that there is not.
    """
    rows = []
    for name, claim in claims.items():
        for table in (table for part in claim.parts for table in part.tables):
            study.require_table(f"claim {name}", table, "scorecard.claims")
        absent = _absent(claim, study)
        for source in study.sources(quantities):
            limits = (claim.temperature_K, sigma, confined_ps, imaginary_THz)
            row = _judge(name, claim, absent, Asked(source, quantities, study, *limits))
            if not row.published or row.status not in (NOT_RUN, LEFT_OUT):
                rows.append(row)
    return rows


def _judge(name: str, claim: Claim, absent: str, asked: Asked) -> JudgedClaim:
    parts = claim.parts_in(asked.study)
    chosen = [part.asked_of(asked) for part in parts]
    judged = [Part(LEFT_OUT, absent)] if absent else [part.judge(asked) for part in chosen]
    status = LEFT_OUT if absent else conclude(judged)
    # Where numbers would decide, a word may be all that was published.
    by_words = any(
        isinstance(one, Word) and not isinstance(part, Word)
        for one, part in zip(chosen, parts, strict=True)
    )
    return JudgedClaim(
        claim=name,
        statement=claim.statement,
        criterion=claim.criterion,
        source=asked.source,
        published=asked.source not in asked.study.stages,
        status=status,
        basis="words" if by_words else "numbers",
        says="; ".join(part.says for part in judged),
        decides=needed(judged) if status == UNDECIDED else "",
        parts=tuple(_plain(part) for part in judged),
    )


def _plain(part: Part) -> JudgedPart:
    needs = tuple(need.text for need in part.needs)
    return JudgedPart(status=part.status, says=part.says, needs=needs, sigmas=part.sigmas)


def _absent(claim: Claim, study: Study) -> str:
    """Say what a claim is about that the study does not have; empty if it has all."""
    if claim.ion not in (None, study.ion):
        return f"the claim is on {claim.ion}, the study on {study.ion}"
    for part in claim.parts:
        several = study.temperatures(part.table)
        if claim.temperature_K is None and len(several) > 1:
            told = " and ".join(f"{kelvin:g}" for kelvin in several)
            return f"the study runs at {told} K: give the claim one of them as temperature_K"
        if not part.of_each_system(study):
            return f"the study has no system in the table {part.table}"
    missing = {
        str(case)
        for part in claim.parts_in(study)
        for case in part.cases_in(study, claim.temperature_K)
        if not study.has(part.table, case)
    }
    at = "" if claim.temperature_K is None else f" at {claim.temperature_K:g} K"
    return f"not in this study: {'; '.join(sorted(missing))}{at}" if missing else ""


def warn_of_unknown(claims: Mapping[str, Claim], defined: Sequence[str]) -> list[str]:
    """Return a sentence for each system that claims are about and that is defined nowhere.

    A layer or stack that is renamed in the configuration would leave them out without a word.

    Args:
        claims: those of the user's file.
        defined: names of all layers and stacks of the configuration, studied or not.
    """
    about: dict[str, list[str]] = {}
    for name, claim in claims.items():
        for system in dict.fromkeys(system for part in claim.parts for system in part.systems):
            about.setdefault(system.partition(",")[0], []).append(name)  # at whichever lattice
    # A name that claims use themselves is no other's new one.
    renamed = [system for system in defined if system not in about]
    return [
        f"{system} is no layer or stack of the configuration{nearest(system, renamed)}, so "
        f"the claims about it are left out ({', '.join(names)}): "
        "correct its name in this file, or remove them."
        for system, names in about.items()
        if system not in defined
    ]


def claims_table(rows: Sequence[JudgedClaim]) -> pd.DataFrame:
    """Tabulate the rows of `check_claims`, without their parts."""
    columns = [name for name in JudgedClaim.model_fields if name != "parts"]
    return pd.DataFrame([row.model_dump() for row in rows], columns=columns)


def claims_markdown(rows: Sequence[JudgedClaim]) -> str:
    """Format the rows of `check_claims` for reading, one table a claim."""
    lines = ["# Claims of the study"]
    for _, group in itertools.groupby(rows, key=lambda row: row.claim):
        about, *others = group
        lines += ["", f"## {about.statement}", "", f"Criterion: {about.criterion}.", ""]
        lines += ["| source | claim | numbers | what would decide it |", "|---|---|---|---|"]
        for row in (about, *others):
            status = row.status + (" (by its words)" if row.basis == "words" else "")
            cells = (row.source, status, row.says, row.decides or "–")
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
