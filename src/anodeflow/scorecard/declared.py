"""Files in which a user declares by name what models are asked: metrics and claims."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from anodeflow.errors import ReferenceDataError, nearest

Entry = TypeVar("Entry", bound=BaseModel)


def read_declared(path: Path, kind: type[Entry], what: str) -> dict[str, Entry]:
    """Read the entries of a file by name.

    Args:
        path: a YAML file.
        kind: what an entry is.
        what: what the entries are called, and the shipped file whose comments say how they look.

    Raises:
        ReferenceDataError: the file is no YAML, or an entry is not as its comments say.
    """
    try:
        raw = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return TypeAdapter(dict[str, kind]).validate_python(raw)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        told = " ".join(str(error).split())
        raise ReferenceDataError(f"{path} cannot be read as {what} ({told}): mend it.") from None
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise ReferenceDataError(
            f"{path}: {where}: {_told(fault)}: mend it, as the comments in "
            f"resources/reference/{what}.yaml say."
        ) from None


def _told(fault: dict) -> str:
    if fault["type"] == "union_tag_invalid":
        key, tag = fault["ctx"]["discriminator"].strip("'"), fault["ctx"]["tag"]
        allowed = fault["ctx"]["expected_tags"].replace("'", "")
        return f"no {key} is called '{tag}'{nearest(tag, allowed.split(', '))}; known: {allowed}"
    return fault["msg"].removeprefix("Value error, ")


def check_table(entry: str, table: str, tables: list[str], setting: str) -> None:
    """Refuse an entry about a table that the study does not make.

    Raises:
        ReferenceDataError: there is no such table.
    """
    if table not in tables:
        raise ReferenceDataError(
            f"The {entry} is about the table {table}{nearest(table, tables)}; tables are "
            f"{', '.join(tables)}: mend the file that {setting} names."
        )
