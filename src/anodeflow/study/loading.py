"""The configuration as Snakemake hands it over, checked."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from anodeflow.config.sentences import sentences
from anodeflow.errors import ConfigError
from anodeflow.study.checks import check_files, check_names, check_pythons
from anodeflow.study.config import Config


def load_config(raw: dict[str, Any], *, root: Path = Path()) -> Config:
    """Validate a configuration read from YAML.

    Raises ConfigError with one sentence a fault: where, what was given, what is allowed.
    """
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError("\n".join(sentences(error, Config))) from None
    check_names(config)
    check_files(config, root)
    check_pythons(config, root)
    return config
