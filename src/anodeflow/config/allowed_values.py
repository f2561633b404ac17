"""Values that a key of the configuration may have, for those who call the library without one."""

import typing

from anodeflow.config.types import Section
from anodeflow.errors import AnodeflowError, ConfigError


def require_allowed(
    section: type[Section],
    key: str,
    value: object,
    *,
    name: str,
    error: type[AnodeflowError] = ConfigError,
) -> None:
    """Refuse a value that the schema does not list for a key of a section, null among them.

    Args:
        section: the section of the configuration.
        key: a key of it whose values are listed.
        value: what is given.
        name: what the value is, in the sentence.
        error: what is raised.

    Raises:
        AnodeflowError: of the kind `error`.
    """
    members = typing.get_args(section.model_fields[key].annotation)
    listed = [value for member in members for value in typing.get_args(member) or (member,)]
    allowed = [value for value in listed if value is not type(None)]
    if value not in allowed:
        raise error(f"{name} is {value!r}; allowed are {', '.join(map(_written, allowed))}.")


def _written(value: object) -> str:
    """Return a value as YAML has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
