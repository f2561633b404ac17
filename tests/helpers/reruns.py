"""The pages docs/reruns.md and docs/reruns/*.md: each setting, an edit of it, and who reads it."""

import re
import typing
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from places import ROOT
from pydantic import BaseModel

DOCS = ROOT / "docs"


@dataclass(frozen=True)
class Row:
    """A row of the table: a setting, an edit of it (None where there is none), who reads it."""

    setting: str
    path: tuple[str, ...] | None
    value: object
    readers: tuple[str, ...]


def read_table() -> list[Row]:
    """Return the rows of all pages; rows of one setting become one, with the readers of all."""
    found: dict[str, Row] = {}
    for page in _pages():
        rows = list(_rows(page.read_text()))
        assert len({row.setting for row in rows}) == len(rows), f"{page} has a row twice"
        for row in rows:
            before = found.get(row.setting, replace(row, readers=()))
            assert (before.path, before.value) == (row.path, row.value), f"{page}: {row.setting}"
            found[row.setting] = replace(row, readers=before.readers + row.readers)
    return list(found.values())


def read_additions() -> list[dict]:
    """Return what the pages add, in blocks of YAML, to the study that the examples start from."""
    fenced = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return [
        yaml.safe_load(block) for page in _pages() for block in fenced.findall(page.read_text())
    ]


def _pages() -> list[Path]:
    return [DOCS / "reruns.md", *sorted((DOCS / "reruns").glob("*.md"))]


def _rows(text: str) -> typing.Iterator[Row]:
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 3 or not cells[0].startswith("`"):
            continue
        path, value = None, None
        if cells[1].startswith("`"):
            key, _, edit = cells[1].strip("`").partition(": ")
            path, value = tuple(key.split(".")), yaml.safe_load(edit)
        readers = () if cells[2] == "–" else tuple(cells[2].split("; "))
        yield Row(cells[0].strip("`"), path, value, readers)


def leaves(kind: object, path: str) -> list[str]:
    """Return the path of every setting below a type of the schema, `*` for any name or number."""
    if typing.get_origin(kind) is typing.Annotated:
        return leaves(typing.get_args(kind)[0], path)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        dot = f"{path}." if path else ""
        fields = kind.model_fields.items()
        return [leaf for name, field in fields for leaf in leaves(field.annotation, dot + name)]
    inner = typing.get_args(kind)
    sections = [k for k in inner if isinstance(k, type) and issubclass(k, BaseModel)]
    if typing.get_origin(kind) in (dict, list):
        below = leaves(inner[-1], f"{path}.*")
        return [path] if below == [f"{path}.*"] else below
    if sections:
        return [
            leaf
            for section in sections
            for (builder,) in [typing.get_args(section.model_fields["builder"].annotation)]
            for leaf in leaves(section, f"{path}[{builder}]")
        ]
    return [path]
