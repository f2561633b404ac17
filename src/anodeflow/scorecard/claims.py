"""The study's conclusions as statements that the numbers of any model hold, fail or leave open.

The study is A Foundation Model for Atomistic Materials Chemistry: MACE-MP-0 (2025). CLAIMS is the
whole list; each claim names the systems it is about and the parts that all have to hold. What a
part asks of the numbers stands in `scorecard.evidence`.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from anodeflow.scorecard.evidence import (
    LEFT_OUT,
    MOBILE,
    NOT_RUN,
    UNDECIDED,
    Need,
    Part,
    conclude,
    confined,
    hopping,
    less,
    needed,
    slower,
    word,
)
from anodeflow.scorecard.quantities import Quantities, Study
from anodeflow.scorecard.quantity import Case, Quantity

ION = "Na"


TEMPERATURE_K = 300.0
"""Ion and temperature of the study's dynamics: its claims are about no others."""

POLYTYPE = "3 X + 3 T, fcc"
"""Ti2CO2: every Ti bonds to 3 C and 3 O, each O above the Ti of the opposite side."""

RESIDUE = "acoustic residue near Gamma"


@dataclass(frozen=True)
class Asked:
    """One source's quantities, and what decides about them.

    sigma: standard errors that decide; confined_ps: see `evidence.confined`; imaginary_THz: a
    frequency below this counts as imaginary, where a source gives no more than its lowest one.
    """

    source: str
    quantities: Quantities
    study: Study
    sigma: float
    confined_ps: float
    imaginary_THz: float

    def find(self, table: str, name: str, case: Case) -> Quantity | None:
        """Return a quantity of the source, or None."""
        return self.quantities.find(self.source, table, name, case)

    def judge(
        self, table: str, name: str, cases: Sequence[Case], by: Callable[..., Part], *more: object
    ) -> Part:
        """Judge quantities of cases by a function of `evidence`, or say which one is not there."""
        found = [self.find(table, name, case) for case in cases]
        if None in found:
            case = cases[found.index(None)]
            return Part(NOT_RUN, f"{case}: {self.study.why_missing(self.source, table, case)}")
        return by(*found, *more)

    @property
    def published(self) -> bool:
        """Whether the source's numbers were published, not computed here."""
        return self.quantities.sources.get(self.source, False)

    def by_words(self, case: Case) -> bool:
        """Whether the source published a verdict on the ions, but no count of hops."""
        return self.published and self.find("diffusion", "hops", case) is None


@dataclass(frozen=True)
class Claim:
    """A conclusion: what it says, of which cases of which table, and its parts."""

    statement: str
    criterion: str
    table: str
    cases: tuple[Case, ...]
    parts: Callable[[Asked], list[Part]]


def _stack(name: str, ions: int) -> Case:
    return Case(name, ions, TEMPERATURE_K)


def _keeps_structure(asked: Asked) -> list[Part]:
    """Ask for the polytype itself: a start far from any structure changes in every relaxation."""
    case = Case("ti2co2")
    if asked.published and asked.find("relaxation", "polytype", case) is None:
        return [asked.judge("relaxation", "changed", [case], word, ["no"])]
    return [asked.judge("relaxation", "polytype", [case], word, [POLYTYPE])]


def _no_imaginary_mode(layer: str) -> Callable[[Asked], list[Part]]:
    def parts(asked: Asked) -> list[Part]:
        case = Case(layer)
        kind = asked.find("phonons", "kind", case)
        if kind is None:
            return [asked.judge("phonons", "minimum_THz", [case], _above_limit, asked)]
        found = word(kind, ["stable"], [RESIDUE])
        larger = f"a larger phonons.layers.{layer}.supercell, or the model's own lattice constant"
        return [found._replace(needs=(Need(layer, larger),) if found.status == UNDECIDED else ())]

    return parts


def _above_limit(lowest: Quantity, asked: Asked) -> Part:
    limit = Quantity("", "phonons", Case("the limit"), "", asked.imaginary_THz, 0.0, unit="THz")
    return less(limit, lowest, asked.sigma)


def _spacing_order(asked: Asked) -> list[Part]:
    pairs = (("m-g", "m-go"), ("m-go", "m-goh"))
    return [
        asked.judge("spacing", "mean", [_stack(a, 0), _stack(b, 0)], less, asked.sigma)
        for a, b in pairs
    ]


def _weaker_and_farther(asked: Asked) -> list[Part]:
    plain, epoxide = Case("m-g"), Case("m-go")
    return [
        asked.judge("adhesion", "height", [epoxide, plain], less, asked.sigma),
        asked.judge("adhesion", "spacing", [plain, epoxide], less, asked.sigma),
    ]


def _confined(asked: Asked, stack: str) -> Part:
    """Ask whether an ion in `stack` is confined, while in m-go it hops or not."""
    case, elsewhere = _stack(stack, 1), _stack("m-go", 1)
    if asked.by_words(case):
        return asked.judge("diffusion", "verdict", [case], word, ["confined"])
    limits = (asked.sigma, asked.confined_ps)
    return asked.judge("diffusion", "hops", [case, elsewhere], confined, *limits)


def _one_ion(asked: Asked) -> list[Part]:
    case = _stack("m-go", 1)
    if asked.by_words(case):
        hops = asked.judge("diffusion", "verdict", [case], word, MOBILE)
    else:
        limits = (asked.sigma, asked.confined_ps)
        hops = asked.judge("diffusion", "hops", [case], hopping, *limits)
    return [_confined(asked, "m-g"), hops]


def _one_ion_hydroxyl(asked: Asked) -> list[Part]:
    return [_confined(asked, "m-goh")]


def _eight_ions(asked: Asked) -> list[Part]:
    parts = []
    for stack, change in (("m-g", "gains"), ("m-goh", "gains"), ("m-go", "loses")):
        one, eight = _stack(stack, 1), _stack(stack, 8)
        if asked.by_words(eight):
            parts.append(asked.judge("diffusion", "mobility_change", [eight], word, [change]))
        else:
            rising = [one, eight] if change == "gains" else [eight, one]
            parts.append(asked.judge("diffusion", "hops", rising, slower, asked.sigma))
    return parts


STACKS = ("m-g", "m-go", "m-goh")

CLAIMS = {
    "structure-kept": Claim(
        "Ti2CO2 keeps its structure when relaxed",
        "in the relaxed unit cell every Ti has 3 C and 3 O, and every O sits in an fcc hollow",
        "relaxation",
        (Case("ti2co2"),),
        _keeps_structure,
    ),
    "no-imaginary-mode-ti2co2": Claim(
        "Ti2CO2 has no imaginary mode",
        "verdict stable; an acoustic residue near Γ leaves it open",
        "phonons",
        (Case("ti2co2"),),
        _no_imaginary_mode("ti2co2"),
    ),
    "no-imaginary-mode-graphene": Claim(
        "graphene has no imaginary mode",
        "verdict stable; an acoustic residue near Γ leaves it open",
        "phonons",
        (Case("graphene"),),
        _no_imaginary_mode("graphene"),
    ),
    "spacing-order": Claim(
        "spacing m-g < m-go < m-goh",
        "each difference of mean spacings against its combined standard error",
        "spacing",
        tuple(_stack(name, 0) for name in STACKS),
        _spacing_order,
    ),
    "adhesion-weaker-and-farther": Claim(
        "m-go adheres less than m-g, and farther out",
        "differences of peak height and place against their combined standard errors",
        "adhesion",
        (Case("m-g"), Case("m-go")),
        _weaker_and_farther,
    ),
    "one-ion": Claim(
        "1 Na: confined in m-g, hops in m-go",
        "bounds of the hop rates, against one hop in scorecard.confined_ps and each other",
        "diffusion",
        (_stack("m-g", 1), _stack("m-go", 1)),
        _one_ion,
    ),
    "one-ion-hydroxyl": Claim(
        "1 Na: confined in m-goh",
        "bounds of the hop rate, against one hop in scorecard.confined_ps and the rate in m-go",
        "diffusion",
        (_stack("m-goh", 1), _stack("m-go", 1)),
        _one_ion_hydroxyl,
    ),
    "eight-ions": Claim(
        "8 Na: m-g and m-goh gain mobility, m-go loses",
        "hops per ion and time with eight ions and with one, as Poisson counts",
        "diffusion",
        tuple(_stack(name, ions) for name in STACKS for ions in (1, 8)),
        _eight_ions,
    ),
}


def check_claims(
    quantities: Quantities,
    study: Study,
    *,
    sigma: float,
    confined_ps: float,
    imaginary_THz: float,
) -> list[dict]:
    """Judge every claim for every model, and for those who published what it is about.

    Returns:
        a dict for each claim and source: claim, statement, criterion, source, published, status
        (holds | fails | undecided | not run | left out), basis (numbers | words), says, decides,
        parts [{status, says, needs, sigmas}]. A claim on what is not in the study is left out.
    """
    rows = []
    for name, claim in CLAIMS.items():
        about = {"claim": name, "statement": claim.statement, "criterion": claim.criterion}
        absent = _absent(claim, study)
        for source in study.sources(quantities):
            published = source not in study.stages
            asked = Asked(source, quantities, study, sigma, confined_ps, imaginary_THz)
            parts = [Part(LEFT_OUT, absent)] if absent else claim.parts(asked)
            status = LEFT_OUT if absent else conclude(parts)
            if published and status in (NOT_RUN, LEFT_OUT):
                continue
            words = claim.table == "diffusion" and asked.by_words(claim.cases[0])
            rows.append(
                about
                | {"source": source, "published": published, "status": status}
                | {"basis": "words" if words else "numbers"}
                | {"says": "; ".join(part.says for part in parts)}
                | {"decides": needed(parts) if status == UNDECIDED else ""}
                | {"parts": [_plain(part) for part in parts]}
            )
    return rows


def _absent(claim: Claim, study: Study) -> str:
    """Say what a claim is about that the study does not have; empty if it has all."""
    if claim.table == "diffusion" and study.ion != ION:
        return f"the claim is on {ION}, the study on {study.ion}"
    missing = [case for case in claim.cases if case not in study.cases_of(claim.table)]
    at = "" if claim.cases[0].temperature_K is None else f" at {TEMPERATURE_K:g} K"
    return f"not in this study: {'; '.join(map(str, missing))}{at}" if missing else ""


def _plain(part: Part) -> dict:
    return part._asdict() | {"needs": [need.text for need in part.needs]}


def claims_table(rows: Sequence[dict]) -> pd.DataFrame:
    """Tabulate the rows of `check_claims`, without their parts."""
    return pd.DataFrame(rows).drop(columns="parts")


def claims_markdown(rows: Sequence[dict]) -> str:
    """Format the rows of `check_claims` for reading, one table a claim."""
    lines = ["# Claims of the study"]
    for _, group in itertools.groupby(rows, key=lambda row: row["claim"]):
        about, *others = group
        lines += ["", f"## {about['statement']}", "", f"Criterion: {about['criterion']}.", ""]
        lines += ["| source | claim | numbers | what would decide it |", "|---|---|---|---|"]
        for row in (about, *others):
            status = row["status"] + (" (by its words)" if row["basis"] == "words" else "")
            cells = (row["source"], status, row["says"], row["decides"] or "–")
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
