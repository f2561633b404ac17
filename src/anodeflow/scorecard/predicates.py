"""What a claim may ask of numbers, by name; how numbers decide stands in `scorecard.evidence`."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from anodeflow.errors import known
from anodeflow.scorecard.evidence import (
    FAILS,
    NOT_RUN,
    UNDECIDED,
    Need,
    Part,
    confined,
    hopping,
    less,
    lowest,
    slower,
    word,
)
from anodeflow.scorecard.quantities import Quantities, Study
from anodeflow.scorecard.quantity import Case, Quantity


@dataclass(frozen=True)
class Asked:
    """One source's quantities, and what decides about them.

    temperature_K: that of the claim, if it gives one; sigma: standard errors that decide;
    confined_ps: see `evidence.confined`; imaginary_THz: a frequency below this is imaginary.
    """

    source: str
    quantities: Quantities
    study: Study
    temperature_K: float | None
    sigma: float
    confined_ps: float
    imaginary_THz: float

    @property
    def published(self) -> bool:
        """Whether the source's numbers were published, not computed here."""
        return self.quantities.sources.get(self.source, False)


class ClaimedCase(BaseModel):
    """A system and its ions, as a file of claims gives them; no system: each of the study."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str | None = None
    ions: Annotated[int, Field(strict=True, ge=0)] | None = None


OneCase = Annotated[list[ClaimedCase], Field(min_length=1, max_length=1)]
TwoCases = Annotated[list[ClaimedCase], Field(min_length=2, max_length=2)]


class _Predicate(BaseModel):
    """What all predicates are given, see the comments in resources/reference/claims.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    quantity: str
    cases: list[ClaimedCase]
    published: "Predicate | None" = None

    @model_validator(mode="before")
    @classmethod
    def _share(cls, raw: object) -> object:
        """Give `published` the table and the cases, where it has none of its own."""
        if not isinstance(raw, dict) or not isinstance(raw.get("published"), dict):
            return raw
        shared = {key: raw[key] for key in ("table", "cases") if key in raw}
        return raw | {"published": shared | raw["published"]}

    @property
    def tables(self) -> list[str]:
        """Return the tables that are asked."""
        return [self.table, *(self.published.tables if self.published else [])]

    @property
    def systems(self) -> list[str]:
        """Return the systems that are named."""
        return [case.system for case in self.cases if case.system is not None]

    def of_each_system(self, study: Study) -> list[Self]:
        """Return the predicate of each of the study's systems, if a case names none."""
        if len(self.systems) == len(self.cases):
            return [self]
        names = dict.fromkeys(case.system for case in study.cases_of(self.table))
        return [self._of(name) for name in names]

    def _of(self, system: str) -> Self:
        cases = [
            case if case.system else case.model_copy(update={"system": system})
            for case in self.cases
        ]
        published = self.published and self.published._of(system)
        return self.model_copy(update={"cases": cases, "published": published})

    def cases_in(self, study: Study, temperature_K: float | None) -> list[Case]:
        """Return the cases at a temperature, None: at the study's only one."""
        if temperature_K is None:
            temperature_K = next(iter(study.temperatures(self.table)), None)
        return [Case(known(case.system), case.ions, temperature_K) for case in self.cases]

    def asked_of(self, asked: Asked) -> "_Predicate":
        """Return what a source is asked: `published`, if it published no such quantity there."""
        if self.published and asked.published and None in self.published._found(asked, self):
            return self.published.asked_of(asked)
        return self

    def judge(self, asked: Asked) -> Part:
        """Judge the quantities of a source, or say which one is not there."""
        found = self._found(asked, self)
        given = [quantity for quantity in found if quantity is not None]
        if len(given) < len(found):
            case = self.cases_in(asked.study, asked.temperature_K)[found.index(None)]
            table, _ = self.quantity_of(found.index(None))
            why = asked.study.why_missing(asked.source, table, case)
            return Part(NOT_RUN, f"{case}: {why}")
        return self._decide(asked, *given)

    def _found(self, asked: Asked, of: "_Predicate") -> list[Quantity | None]:
        """Return, in the cases of this predicate, the quantity of one."""
        return [
            asked.quantities.find(asked.source, *of.quantity_of(place), case)
            for place, case in enumerate(self.cases_in(asked.study, asked.temperature_K))
        ]

    def quantity_of(self, place: int) -> tuple[str, str]:
        """Return the table and the quantity of which a case is asked."""
        return self.table, self.quantity

    def _decide(self, asked: Asked, *found: Quantity) -> Part:
        raise NotImplementedError


class OtherQuantity(BaseModel):
    """The quantity of a second case, where it is another than that of the first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    quantity: str


class Less(_Predicate):
    """The first number is below the second, which may be another quantity, `than`."""

    predicate: Literal["less"]
    cases: TwoCases
    than: OtherQuantity | None = None

    @property
    def tables(self) -> list[str]:
        """Return the tables that are asked."""
        return super().tables + ([self.than.table] if self.than else [])

    def quantity_of(self, place: int) -> tuple[str, str]:
        """Return the table and the quantity of which a case is asked."""
        if self.than and place == 1:
            return self.than.table, self.than.quantity
        return super().quantity_of(place)

    def _decide(self, asked: Asked, *found: Quantity) -> Part:
        small, large = found
        return less(small, large, asked.sigma)


class Slower(_Predicate):
    """Ions of the first case hop less often than those of the second."""

    predicate: Literal["slower"]
    cases: TwoCases

    def _decide(self, asked: Asked, *found: Quantity) -> Part:
        slow, fast = found
        return slower(slow, fast, asked.sigma)


class Confined(_Predicate):
    """Ions of the first case stay where they are, while those of the second hop or not."""

    predicate: Literal["confined"]
    cases: TwoCases

    def _decide(self, asked: Asked, *found: Quantity) -> Part:
        ions, elsewhere = found
        return confined(ions, elsewhere, asked.sigma, asked.confined_ps)


class Hopping(_Predicate):
    """Ions hop."""

    predicate: Literal["hopping"]
    cases: OneCase

    def _decide(self, asked: Asked, *found: Quantity) -> Part:
        (ions,) = found
        return hopping(ions, asked.sigma, asked.confined_ps)


class NotImaginary(_Predicate):
    """A frequency, of which no more is known than that it is the lowest, is above the limit."""

    predicate: Literal["not_imaginary"]
    cases: OneCase

    def _decide(self, asked: Asked, *found: Quantity) -> Part:
        limit = Quantity("", "", Case("the limit"), "", asked.imaginary_THz, 0.0, unit="THz")
        (frequency,) = found
        return less(limit, frequency, asked.sigma)


class Above(_Predicate):
    """A number is above `value`, in its own unit; below it nothing is decided, if it is a bound."""

    predicate: Literal["above"]
    cases: OneCase
    value: float
    bound: bool = False

    def _decide(self, asked: Asked, *found: Quantity) -> Part:
        (number,) = found
        limit = replace(number, case=Case("the limit"), value=self.value, error=0.0)
        part = less(limit, number, asked.sigma)
        if self.bound and part.status == FAILS:
            below = f"{part.says}; the limit is a bound, below which nothing is decided"
            return Part(UNDECIDED, below, sigmas=part.sigmas)
        return part


class Near(_Predicate):
    """A number differs from `value`, in its own unit, by at most the share `within` of it."""

    predicate: Literal["near"]
    cases: OneCase
    value: float
    within: Annotated[float, Field(gt=0.0)]

    def _decide(self, asked: Asked, *found: Quantity) -> Part:
        (number,) = found
        off = None if number.value is None else abs(number.value - self.value)
        limit = replace(number, value=self.within * abs(self.value), error=0.0)
        says = f"{number.case} {number}; wanted within {100 * self.within:g} % of {self.value:g}"
        return less(replace(number, value=off), limit, asked.sigma)._replace(says=says)


class Lowest(_Predicate):
    """A number is below that of every other model of the study that has one."""

    predicate: Literal["lowest"]
    cases: OneCase

    def _decide(self, asked: Asked, *found: Quantity) -> Part:
        (own,) = found
        (case,) = self.cases_in(asked.study, asked.temperature_K)
        others = {
            model: asked.quantities.find(model, self.table, self.quantity, case)
            for model in asked.study.stages
            if model != asked.source
        }
        return lowest(own, others, asked.sigma)


class Word(_Predicate):
    """A word is one of `words`; it decides nothing where it is one of `open`."""

    predicate: Literal["word"]
    cases: OneCase
    words: Annotated[list[str], Field(min_length=1)]
    open: list[str] = []
    decides: str = ""

    def _decide(self, asked: Asked, *found: Quantity) -> Part:
        (said,) = found
        part = word(said, self.words, self.open)
        if part.status != UNDECIDED or not self.decides:
            return part
        system = said.case.system
        return part._replace(needs=(Need(system, self.decides.replace("{system}", system)),))


Predicate = Annotated[
    Less | Slower | Confined | Hopping | NotImaginary | Above | Near | Lowest | Word,
    Field(discriminator="predicate"),
]
