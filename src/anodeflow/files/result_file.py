"""Files that one job writes and others read: declared once, written and read through it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from anodeflow.errors import ResultFileError
from anodeflow.files.atomic import write_json, write_table

if TYPE_CHECKING:
    import pandas as pd

Read = TypeVar("Read")
Row = TypeVar("Row", bound=BaseModel)

RENAMED_TABLES = {"structure": "relaxation"}
"""Tables that had another name in files of users, for the sentences that tell of it."""

MAKE_ANEW = "delete it, and run the same command again to make it anew"


class ResultPart(BaseModel):
    """What stands at one key of a result: its fields are its keys, and what it lacks is null."""

    # A schema is built when the first of its kind is read or written, not by every dry run.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class ResultFile(ResultPart):
    """A JSON file of results: its fields are its keys. What a result does not hold is null."""

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read a file.

        Raises:
            ResultFileError: it is damaged, or of another version of anodeflow.
        """
        return _validated(path, cls.__name__, cls.model_validate)

    def write(self, path: Path | str) -> None:
        """Write the file, whole or not at all, in full precision."""
        write_json(Path(path), self.model_dump())


def _validated(path: Path | str, name: str, validate: Callable[[object], Read]) -> Read:
    try:
        return validate(json.loads(Path(path).read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        fault = f"{where}: {first['msg']}"
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        fault = str(error)
    raise ResultFileError(f"{path} holds no {name} ({fault}): {MAKE_ANEW}.")


@dataclass(frozen=True)
class RowsFile(Generic[Row]):
    """A JSON file of results that is a list of rows, all of one type."""

    row: type[Row]

    def read(self, path: Path | str) -> list[Row]:
        """Read a file.

        Raises:
            ResultFileError: it is damaged, or of another version of anodeflow.
        """
        rows: TypeAdapter[list[Row]] = TypeAdapter(
            list[self.row]  # type: ignore[name-defined]  # known when it runs
        )
        return _validated(path, f"rows of {self.row.__name__}", rows.validate_python)

    def write(self, rows: Iterable[Row], path: Path | str) -> None:
        """Write the file, whole or not at all, in full precision."""
        write_json(Path(path), [row.model_dump() for row in rows])


@dataclass(frozen=True)
class CsvFile:
    """A CSV file of results, by its columns.

    Those of `optional` may be missing; `ion_*` among them allows any of that beginning. `as_text`:
    its cells are read as they stand, an empty one as "".
    """

    columns: tuple[str, ...]
    optional: tuple[str, ...] = ()
    as_text: bool = False

    def read(self, path: Path | str) -> "pd.DataFrame":
        """Read a file.

        Raises:
            ResultFileError: it has other columns.
        """
        import pandas as pd

        try:
            options: dict[str, Any] = (
                {"dtype": str, "keep_default_na": False} if self.as_text else {}
            )
            table: pd.DataFrame = pd.read_csv(path, **options)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            fault = " ".join(str(error).split())
            raise ResultFileError(f"{path} is no table ({fault}): {MAKE_ANEW}.") from None
        if fault := self._fault(table.columns):
            raise ResultFileError(f"{path} {fault}: {MAKE_ANEW}.")
        return table

    def write(self, table: "pd.DataFrame", path: Path | str) -> None:
        """Write a table, whole or not at all, in full precision.

        Raises:
            ResultFileError: it has other columns.
        """
        if fault := self._fault(table.columns):
            raise ResultFileError(
                f"{path} cannot be written, it {fault}: correct the code that writes it."
            )
        write_table(table, Path(path))

    def _fault(self, found: Iterable[str]) -> str:
        found = list(found)
        missing = [name for name in self.columns if name not in found]
        allowed = (*self.columns, *self.optional)
        unknown = [n for n in found if not any(fnmatchcase(n, pattern) for pattern in allowed)]
        if missing:
            return f"lacks the columns {', '.join(missing)}"
        return f"has unknown columns {', '.join(unknown)}" if unknown else ""


def records(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Return the rows of a table, whose columns are named by words."""
    return [{str(name): cell for name, cell in row.items()} for row in table.to_dict("records")]
