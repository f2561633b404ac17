"""A table of the study as its stage declares it: what its rows are of, and its columns."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from anodeflow.tables.columns import ABOUT, Column


@dataclass(frozen=True)
class Table:
    """A table of one stage.

    name: of its file and in the scorecard; title: as the report lists it; of: what its rows are of
    (`Plan.subjects`); file: key of the stage's file with a row's numbers; rows: makes the cells of
    one result, from what a row is about and the result; columns: in any order, without ABOUT;
    published: table of the published values that stand in it, its own name if empty; beside: key of
    a second file of each row, which `rows` finds under this key in what a row is about;
    beside_if: dotted key of the configuration that tells whether the study makes it.
    """

    name: str
    title: str
    of: str
    file: str
    rows: Callable[[Mapping[str, Any], Any], list[dict[str, Any]]]
    columns: tuple[Column, ...]
    published: str = ""
    beside: str = ""
    beside_if: str = ""

    @property
    def every_column(self) -> dict[str, Column]:
        """Return all columns by their names, those of uncertainties included."""
        own = [*ABOUT, *self.columns]
        return {c.name: c for column in own for c in (column, *column.beside)}

    def headers(self) -> dict[str, str]:
        """Return what a reader sees above each column."""
        return {name: column.title for name, column in self.every_column.items()}

    def kept(self, columns: Iterable[str]) -> list[str]:
        """Return the columns of uncertainties that go with these columns."""
        used = set(columns)
        return [beside.name for c in self.columns if c.name in used for beside in c.beside]
