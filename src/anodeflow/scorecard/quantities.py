"""Every number that models are judged by, with its uncertainty, in one form for all stages.

A model's results and the published values become rows of the same kind, so that what is asked of a
model (`metrics`, `claims`, `disagreement`) can be asked of the published values as well.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from anodeflow.errors import ReferenceDataError, nearest
from anodeflow.files.result_file import RENAMED_TABLES, CsvFile, records
from anodeflow.scorecard.quantity import Case, Quantity, split

_OWN = [field.name for field in dataclasses.fields(Quantity) if field.name != "case"]
FILE = CsvFile((*_OWN[:2], *Case._fields, *_OWN[2:]), as_text=True)
"""results/scorecard/quantities.csv: a quantity's source and table, its case, and all else."""

NONE_HELD = "the results hold none"
"""Why a model that ran has no such quantity: a sheet has no thickness."""


class Quantities:
    """All quantities of a study and of what was published, found by source and by what they are."""

    def __init__(self, rows: Iterable[Quantity]):
        self.rows = list(rows)
        self.sources = {row.source: row.published for row in self.rows}
        self._found: dict[tuple[Any, ...], list[Quantity]] = {}
        for row in self.rows:
            self._found.setdefault((row.source, row.table, row.case.system, row.name), []).append(
                row
            )

    def find(self, source: str, table: str, name: str, case: Case) -> Quantity | None:
        """Return a quantity, None if the source has none; what a row does not say fits any case."""
        rows = self._found.get((source, table, case.system, name), [])
        fitting = [row for row in rows if row.case.fits(case)]
        # The row that says most is the one meant.
        return min(fitting, key=lambda row: row.case.count(None), default=None)

    def all_of(self, source: str, table: str, name: str, system: str) -> list[Quantity]:
        """Return a quantity of a system at every content of ions and temperature."""
        return self._found.get((source, table, system, name), [])


@dataclass(frozen=True)
class Study:
    """What is run.

    stages: by the model's label; cases: by table of the scorecard, as (system, ions, K); ion: its
    element; stage_of: by table, the stage that a model has to be run for, none where its check
    alone makes the table; compared: by table, the quantities in which models are held against each
    other; temperatures_K: those of all runs that have none of their own.
    """

    stages: Mapping[str, list[str]]
    cases: Mapping[str, list[Any]]
    ion: str
    stage_of: Mapping[str, str]
    compared: Mapping[str, Sequence[str]]
    temperatures_K: Sequence[float] = ()

    def cases_of(self, table: str) -> list[Case]:
        """Return the cases of a table that the study makes."""
        return [Case(*case) for case in self.cases.get(table, [])]

    def has(self, table: str, case: Case) -> bool:
        """Whether the study makes a case of a table."""
        return any(made.fits(case) for made in self.cases_of(table))

    def temperatures(self, table: str) -> list[float]:
        """Return the temperatures (K) that the study makes a table at, none without dynamics.

        Those that only some runs have are left out, where all others share one or more.
        """
        every = {case.temperature_K for case in self.cases_of(table)}
        found = {temperature for temperature in every if temperature is not None}
        return sorted(found & set(self.temperatures_K) or found)

    def require_table(self, entry: str, table: str, setting: str) -> None:
        """Refuse an entry of a user's file about a table of which the scorecard has no numbers.

        Args:
            entry: what it is, and its name.
            table: what it is about.
            setting: key of the configuration that names the file.

        Raises:
            ReferenceDataError: there is no such table, or its stage gives the scorecard nothing.
        """
        if table in self.cases:
            return
        if table in RENAMED_TABLES:
            raise ReferenceDataError(
                f"The {entry} is about the table {table}, which is {RENAMED_TABLES[table]} now: "
                f"rename it in the file that {setting} names."
            )
        raise ReferenceDataError(
            f"The {entry} is about the table {table}{nearest(table, self.cases)}; tables of the "
            f"scorecard are {', '.join(self.cases)}: correct the file that {setting} names."
        )

    def why_missing(self, source: str, table: str, case: Case) -> str:
        """Say why a source has no quantity at all of a case."""
        if source not in self.stages:
            return "not published"
        stage = self.stage_of.get(table)
        if stage is None:
            return "the model's backend was not checked"
        if stage not in self.stages[source]:
            return f"the stage {stage} is not among the model's stages"
        if not self.has(table, case):
            return f"{case} is not in this study"
        return NONE_HELD

    def sources(self, quantities: Quantities) -> list[str]:
        """Return the models in the study's order, then whoever published."""
        return [*self.stages, *(s for s in quantities.sources if s not in self.stages)]


def published_quantities(published: pd.DataFrame) -> list[Quantity]:
    """Turn the table of `read_published` into quantities; who published names the source."""
    return [
        Quantity(
            # ASSUME: what a study ran with D3 and without it are stages of one model.
            source=row["model"].replace(" + D3", ""),
            table=row["table"],
            case=Case(row["system"], _whole_or_none(row["ions"]), _or_none(row["temperature_K"])),
            name=row["quantity"],
            **split(row["value"]),
            error=_or_none(row["error"]),
            unit=row["unit"],
            convention=row["convention"],
            note=row["note"],
            published=True,
        )
        for row in records(published)
    ]


def write_quantities(rows: Iterable[Quantity], path: Path) -> None:
    """Write quantities as CSV, one a row, in full precision."""
    flat = [{**dataclasses.asdict(row), **row.case._asdict()} for row in rows]
    table = pd.DataFrame(flat, columns=list(FILE.columns))
    for column in ("ions", "replicas"):
        table[column] = table[column].astype("Int64")
    FILE.write(table, path)


def read_quantities(path: Path) -> Quantities:
    """Read what `write_quantities` wrote."""
    rows = []
    for cells in records(FILE.read(path)):
        case = Case(
            cells.pop("system"),
            _whole_or_none(cells.pop("ions")),
            _or_none(cells.pop("temperature_K")),
        )
        for name in ("value", "error", "low", "high", "sample_ps"):
            cells[name] = _or_none(cells[name])
        cells["replicas"] = _whole_or_none(cells["replicas"])
        cells["published"] = cells["published"] == "True"
        cells["word"] = cells["word"] or None
        rows.append(Quantity(case=case, **cells))
    return Quantities(rows)


def _or_none(cell: Any) -> float | None:
    return None if cell == "" or pd.isna(cell) else float(cell)


def _whole_or_none(cell: Any) -> int | None:
    return None if cell == "" or pd.isna(cell) else int(cell)
