"""YAML files in which no key stands twice."""

from collections.abc import Iterable
from pathlib import Path

import yaml

from anodeflow.errors import ConfigError


class _UniqueKeys(yaml.SafeLoader):
    """A loader that keeps nothing but notices a key given twice."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict:
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
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def check_duplicate_keys(paths: Iterable[str | Path]) -> None:
    """Refuse a YAML file in which a key stands twice, of which a plain loader keeps the last."""
    for path in paths:
        with open(path, encoding="utf-8") as stream:
            yaml.load(stream, Loader=_UniqueKeys)
