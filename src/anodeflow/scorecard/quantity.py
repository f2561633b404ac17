"""One number or word that models are judged by: of what it is, and how well it is known."""

from dataclasses import dataclass
from typing import Any, NamedTuple

UNIT_SYMBOLS = {"angstrom": "Å"}
"""How readers see the units whose name in files is another."""


class Case(NamedTuple):
    """What a quantity is of: a layer or stack, its ions, its temperature (K); None: not said."""

    system: str
    ions: int | None = None
    temperature_K: float | None = None

    def __str__(self) -> str:
        ions = "" if self.ions is None else f", {self.ions} ion{'' if self.ions == 1 else 's'}"
        return self.system + ions

    def fits(self, asked: "Case") -> bool:
        """Whether this is the asked case; what it does not say of ions and temperature fits any."""
        return (
            self.system == asked.system
            and self.ions in (None, asked.ions)
            and self.temperature_K in (None, asked.temperature_K)
        )


@dataclass(frozen=True)
class Quantity:
    """A number or a word of one source, with what is known of its uncertainty.

    A number is `value`, a word `word`; what could not be had is neither, and `note` says why.
    `error` is one standard error in `unit`; `low` and `high` bound a 95 % interval where a standard
    error says little; `note` says where an error comes from, or why there is none. `sample_ps` is
    the time of all replicas that the value rests on.
    """

    source: str
    table: str
    case: Case
    name: str
    value: float | None
    error: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    convention: str = ""
    sample_ps: float | None = None
    replicas: int | None = None
    note: str = ""
    published: bool = False
    word: str | None = None

    def __str__(self) -> str:
        if self.held is None:
            return f"none ({self.note})"
        return with_error(self.held, self.error, self.unit)

    @property
    def held(self) -> float | str | None:
        """Return the number, in units of `unit`, or the word."""
        return self.value if self.word is None else self.word


def with_error(value: float | str, error: float | None, unit: str) -> str:
    """Format a value with its error to two digits, e.g. `3.963 ± 0.012 angstrom`."""
    if isinstance(value, str):
        return value
    from uncertainties import ufloat

    shown = f"{value:.4g}" if not error else f"{ufloat(value, error):.2u}".replace("+/-", " ± ")
    return f"{shown} {unit}".strip() + (" (no error known)" if error is None else "")


def quantity_row(
    table: str, name: str, value: float | str | None, unit: str = "", **more: Any
) -> Quantity:
    """Return a quantity, value in `unit`; `measure` fills in its source and missing case."""
    return Quantity("", table, more.pop("case", None), name, **split(value), unit=unit, **more)


def split(held: float | str | None) -> dict[str, Any]:
    """Return a number (any unit) or a word as the fields of a quantity."""
    is_word = isinstance(held, str)
    return {"value": None if is_word else held, "word": held if is_word else None}


def joined_notes(*notes: str) -> str:
    """Return what notes say, one after the other."""
    return "; ".join(filter(None, notes))
