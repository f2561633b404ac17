"""Turn pydantic's findings into sentences a user can act on."""

import typing
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from anodeflow.errors import nearest

SHOWN = 5


def _inner(annotation: object) -> list[object]:
    """Return the annotation, or the members of a union, without Annotated and None."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _inner(typing.get_args(annotation)[0])
    if isinstance(annotation, type) or typing.get_origin(annotation) in (dict, list):
        return [annotation]
    return [kind for member in typing.get_args(annotation) for kind in _inner(member)]


def _is_section(kind: object) -> "typing.TypeGuard[type[BaseModel]]":
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _below(kind: object, part: object) -> list[object]:
    """Return what may stand below a key of a section, a mapping or a list."""
    if typing.get_origin(kind) in (dict, list):
        return _inner(typing.get_args(kind)[-1])
    if _is_section(kind) and part in kind.model_fields:
        return _inner(kind.model_fields[part].annotation)
    return []


def _builder(section: type[BaseModel]) -> tuple[Any, ...]:
    """Return the value of `builder` that chooses this section among several, if it has one."""
    field = section.model_fields.get("builder")
    return typing.get_args(field.annotation) if field else ()


def _walk(root: type[BaseModel], loc: tuple[Any, ...]) -> tuple[list[str], type[BaseModel] | None]:
    """Follow a pydantic location; return the keys a user sees and the section they end in."""
    kinds: list[object] = [root]
    keys: list[str] = []
    for part in loc:
        chosen: list[object] = [
            k for k in kinds if len(kinds) > 1 and _is_section(k) and part in _builder(k)
        ]
        if chosen:  # the discriminator's value, which is no key of the file
            kinds = chosen
            continue
        keys.append(str(part))
        kinds = [below for kind in kinds for below in _below(kind, part)]
    sections = [kind for kind in kinds if _is_section(kind)]
    return keys, sections[0] if len(sections) == 1 else None


def _sentence(item: Mapping[str, Any], root: type[BaseModel]) -> str:
    loc, kind, given = item["loc"], item["type"], item.get("input")
    keys, _ = _walk(root, tuple(part for part in loc if part != "[key]"))
    where = ".".join(keys) or "the configuration"
    context = item.get("ctx", {})
    if kind == "extra_forbidden":
        _, section = _walk(root, loc[:-1])
        allowed = list(section.model_fields) if section else []
        parent = ".".join(keys[:-1]) or "the top level"
        return (
            f"config: unknown key '{keys[-1]}' in {parent}{nearest(keys[-1], allowed)}; "
            f"allowed: {', '.join(allowed)}."
        )
    if kind == "missing":
        return f"config: {where} is missing: add it (config/config.yaml shows every key)."
    if kind == "value_error":
        return f"config: {where}: {context['error']}."
    if kind == "literal_error":
        return f"config: {where} is {given!r}; allowed: {context['expected']}."
    if kind == "union_tag_invalid":
        tag, tags = context["tag"], context["expected_tags"].replace("'", "")
        meant = nearest(tag, tags.split(", "))
        return f"config: {where}.builder is '{tag}'{meant}; allowed: {tags}."
    if kind == "union_tag_not_found":
        return f"config: {where}.builder is missing: add it (config/config.yaml shows every key)."
    return f"config: {where} is {given!r}: {_rule(item)}."


def _rule(item: Mapping[str, Any]) -> str:
    """Return what a value must be, from the words of pydantic."""
    context = item.get("ctx", {})
    if item["type"] in ("model_type", "model_attributes_type", "dict_type"):
        return "it must hold keys (config/config.yaml shows which)"
    if item["type"] == "too_short":
        return f"it must be a list of at least {context['min_length']}"
    if item["type"] == "too_long":
        return f"it must be a list of at most {context['max_length']}"
    message: str = item["msg"]
    return message.replace("Input should", "it must").replace("String should", "it must")


def sentences(error: ValidationError, root: type[BaseModel]) -> list[str]:
    """Return one sentence for each fault, at most five and a count of the rest."""
    found = [_sentence(item, root) for item in error.errors(include_url=False)]
    more = [f"config: and {len(found) - SHOWN} more."] if len(found) > SHOWN else []
    return found[:SHOWN] + more
