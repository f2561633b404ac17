"""YAML files of a user: no key stands twice, and entries are as they are declared."""

from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from anodeflow.errors import ConfigError, ReferenceDataError, nearest

Entry = TypeVar("Entry", bound=BaseModel)


class _UniqueKeys(yaml.CSafeLoader):  # libyaml's, which takes a tenth of the time
    """A loader that keeps nothing but notices a key given twice."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen and key.value != "<<":
            mark = key.start_mark
            raise ConfigError(
                f"config: the name '{key.value}' stands twice in one section of {mark.name}, "
                f"line {mark.line + 1}: rename or remove one."
            )
        seen.add(key.value)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def check_duplicate_keys(paths: Iterable[str | Path]) -> None:
    """Refuse a YAML file in which a key stands twice, of which a plain loader keeps the last."""
    for path in paths:
        with open(path, encoding="utf-8") as stream:
            yaml.load(stream, Loader=_UniqueKeys)


def read_declared(path: Path, kind: type[Entry], what: str) -> dict[str, Entry]:
    """Read the entries of a file by name.

    Args:
        path: a YAML file.
        kind: what an entry is.
        what: what the entries are called, and the shipped file whose comments say how they look.

    Raises:
        ReferenceDataError: the file is no YAML, a name stands twice, or an entry is not as its
            comments say.
    """
    try:
        check_duplicate_keys([path])
        raw = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        entries: TypeAdapter[dict[str, Entry]] = TypeAdapter(
            dict[str, kind]  # type: ignore[valid-type]  # known when it runs
        )
        return entries.validate_python(raw)
    except ConfigError as error:
        raise ReferenceDataError(str(error).removeprefix("config: ")) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        told = " ".join(str(error).split())
        raise ReferenceDataError(f"{path} cannot be read as {what} ({told}): correct it.") from None
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        raise ReferenceDataError(
            f"{path}: {where}: {_told(fault)}: correct it, as the comments in "
            f"resources/reference/{what}.yaml say."
        ) from None


def _told(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "union_tag_invalid":
        key, tag = fault["ctx"]["discriminator"].strip("'"), fault["ctx"]["tag"]
        allowed = fault["ctx"]["expected_tags"].replace("'", "")
        return f"no {key} is called '{tag}'{nearest(tag, allowed.split(', '))}; known: {allowed}"
    found: str = fault["msg"].removeprefix("Value error, ")
    return found
