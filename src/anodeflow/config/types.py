"""What the configuration's sections share: their base, and kinds of values."""

import ast
import inspect
import itertools
import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
)


class Section(BaseModel):
    """A part of the configuration: unknown keys are refused, values are fixed once read."""

    # Schemas are built once, for Config: built for each section they cost every dry run 0.1 s, and
    # pydantic's own look for descriptions (`use_attribute_docstrings`) another 0.15 s.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def descriptions(cls) -> dict[str, str]:
        """Return the text that stands below each key that has one, those of bases included."""
        found: dict[str, str] = {}
        for section in reversed(cls.__mro__):
            if issubclass(section, Section):
                found |= _texts_below(section)
        return found

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the JSON schema with the descriptions."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema)["properties"]
        for key, text in cls.descriptions().items():
            properties[key]["description"] = text
        return schema


def _texts_below(section: type) -> dict[str, str]:
    """Return the strings below a class's annotated names; none of a class that no file holds."""
    module = inspect.getmodule(section)
    tree = ast.parse(inspect.getsource(module)) if module else ast.Module([], [])
    classes = (node for node in tree.body if isinstance(node, ast.ClassDef))
    body = next((node.body for node in classes if node.name == section.__name__), [])
    return {
        key.target.id: inspect.cleandoc(text.value.value)
        for key, text in itertools.pairwise(body)
        if isinstance(key, ast.AnnAssign)
        and isinstance(key.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _exponent(value: object) -> object:
    """Read `1e-4`, which YAML takes for a string, as the number it is."""
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+", value):
        return float(value)
    return value


Number = Annotated[float, BeforeValidator(_exponent), Field(strict=True, allow_inf_nan=False)]

Positive = Annotated[Number, Field(gt=0)]

NonNegative = Annotated[Number, Field(ge=0)]

Count = Annotated[int, Field(strict=True, ge=1)]

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]

Element = Annotated[str, Field(pattern=r"^[A-Z][a-z]?$")]

Whole = Annotated[int, Field(strict=True)]

_TwoCounts = Annotated[list[Count], Field(min_length=2, max_length=2)]

_TwoWholes = Annotated[list[Whole], Field(min_length=2, max_length=2)]

_Matrix = Annotated[list[_TwoWholes], Field(min_length=2, max_length=2)]


def _require_supercell(value: object) -> object:
    """Return [n, m] or a matrix [[a, b], [c, d]] of a right-handed cell, refuse all else."""
    match value:
        case [int(n), int(m)] if n >= 1 and m >= 1 and bool not in (type(n), type(m)):
            return value
        case [[int(a), int(b)], [int(c), int(d)]] if a * d - b * c >= 1:
            return value
    raise ValueError(
        f"{value!r} is no supercell: give [n, m], whole numbers from 1 up, or the cell vectors "
        "[[a, b], [c, d]] in those of the unit cell, whole numbers with a d - b c above 0"
    )


Size = Annotated[_TwoCounts | _Matrix, BeforeValidator(_require_supercell)]

Triple = Annotated[list[Count], Field(min_length=3, max_length=3)]

Pair = Annotated[list[Number], Field(min_length=2, max_length=2)]

Names = Annotated[list[Name], Field(min_length=1)]


def word_or_count(word: str, *, least: int) -> BeforeValidator:
    """Return the check of a value that is this word or a whole number of at least `least`."""

    def check(value: object) -> object:
        if value == word or (type(value) is int and value >= least):
            return value
        raise ValueError(f"{value!r} is neither '{word}' nor a whole number from {least} up")

    return BeforeValidator(check)


def require_ascending(pair: list[float]) -> list[float]:
    """Return a pair (any unit) whose first number is below its second, refuse another."""
    if pair[0] >= pair[1]:
        raise ValueError(f"its first number {pair[0]:g} is not below its second {pair[1]:g}")
    return pair


Range = Annotated[Pair, AfterValidator(require_ascending)]


def require_alike(repeats: list[int]) -> list[int]:
    """Return three numbers along a, b, c that keep a hexagonal layer's symmetry, refuse others."""
    along_a, along_b, along_c = repeats
    if along_a != along_b:
        raise ValueError(
            f"{along_a} along a and {along_b} along b break the symmetry of a hexagonal layer: "
            f"give [{max(repeats[:2])}, {max(repeats[:2])}, 1]"
        )
    if along_c != 1:
        raise ValueError(
            f"{along_c} along c repeat the vacuum of a layer: give [{along_a}, {along_b}, 1]"
        )
    return repeats


InPlane = Annotated[Triple, AfterValidator(require_alike)]


def require_multiple(name: str, value_fs: float, unit: str, unit_fs: float) -> int:
    """Return how many times a time holds another, at least once; refuse what is no whole number."""
    ratio = value_fs / unit_fs
    if round(ratio) < 1 or abs(ratio - round(ratio)) > 1e-6:
        raise ValueError(f"{name} is {value_fs:g} fs, no whole multiple of {unit} {unit_fs:g} fs")
    return round(ratio)
