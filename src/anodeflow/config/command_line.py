"""Values of the configuration that were given on the command line, by `--config`."""

from collections.abc import Mapping
from typing import Any

import yaml


def read_texts(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration in which texts from the command line mean what they do in a file.

    Snakemake reads `--config 'dynamics={seed: 7}'` as YAML in which every value is a text.

    Args:
        config: the whole configuration.
        given: what the command line gave of it.
    """
    read = dict(config)
    for key, value in given.items():
        own = read.get(key)
        if isinstance(value, Mapping) and isinstance(own, Mapping):
            read[key] = read_texts(own, value)
        elif own == value:
            read[key] = _read(value)
    return read


def _read(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _read(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_read(inner) for inner in value]
    return _scalar(value) if isinstance(value, str) else value


def _scalar(text: str) -> object:
    loader: Any = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, text, (True, False))
    return loader.construct_object(yaml.ScalarNode(tag, text))
