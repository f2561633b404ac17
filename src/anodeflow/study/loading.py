"""The configuration as Snakemake hands it over, or as commands read it, checked."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from anodeflow.config.sentences import sentences
from anodeflow.config.yaml_files import check_duplicate_keys
from anodeflow.errors import ConfigError
from anodeflow.files.shipped import locate
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


def read_config(overlay: Path | None) -> Config:
    """Read the study that config/config.yaml describes, with an overlay as snakemake lays it.

    Args:
        overlay: what `--configfile` is given; None for none.

    Raises:
        ConfigError: a file cannot be read, a key stands twice, or the configuration is not valid.
    """
    from snakemake.utils import update_config  # type: ignore[import-untyped]

    raw: dict[str, Any] = {}
    for path in (Path(locate("config/config.yaml")), *([overlay] if overlay else [])):
        try:
            check_duplicate_keys([path])
            read = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigError(_unreadable(path, " ".join(str(error).split()))) from error
        if not isinstance(read, dict):
            raise ConfigError(_unreadable(path, "it holds no keys"))
        update_config(raw, read)
    return load_config(raw)


def _unreadable(path: Path, why: str) -> str:
    return (
        f"{path} cannot be read as a configuration ({why}): name a YAML file of the form of "
        "config/config.yaml, with any of its keys."
    )
