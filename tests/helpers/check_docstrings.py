"""Ask every public function for the shapes of its arrays and the units of its numbers.

`python tests/helpers/check_docstrings.py src` names those that say neither; ruff checks the
sections. A shape is (N, 3), (...), or the word; a unit is a word of UNITS in the docstring, or
stands at the end of a name.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SIZE = r"(?:\d* ?[A-Z]\w*|\d+|\.\.\.)(?: [+·-] \w+)*"
SHAPE = re.compile(rf"\((?:{SIZE},[^)]*|\.\.\.)\)|\bshapes?\b")
UNITS = re.compile(
    r"Å|eV|\bK\b|\bps\b|\bfs\b|THz|\bV\b|\be\b|amu|cm²|nm²|Bohr|J/m²|N/m|mAh|"
    r"\b(units?|fractions?|fractional|shares?|parts?|ratios?|times|per cent|seconds|mm|bytes)\b|"
    r"\b(number of|pt)\b"
)
NAMES_WITH_UNIT = re.compile(
    r"_(ps|fs|THz|eV|K|angstrom|seconds|V|bohr|mm|pt|share|ratio|fraction)$", re.I
)
ARRAYS = re.compile(r"\b(ndarray|Tensor)\b")
NUMBERS = re.compile(r"\bfloat\b")


def missing(path: Path) -> Iterator[str]:
    """Yield a line for each public function of a file whose docstring lacks a shape or a unit."""
    for function in _public(ast.parse(path.read_text()).body):
        words = ast.get_docstring(function) or ""
        arguments = [a for a in [*function.args.args, *function.args.kwonlyargs] if a.annotation]
        types = {a.arg: ast.unparse(a.annotation) for a in arguments}
        types[function.name] = ast.unparse(function.returns) if function.returns else ""
        arrays = [name for name, kind in types.items() if ARRAYS.search(kind)]
        numbers = [
            name
            for name, kind in types.items()
            if NUMBERS.search(kind) and not NAMES_WITH_UNIT.search(name)
        ]
        for names, pattern, what in ((arrays, SHAPE, "shape"), (numbers, UNITS, "unit")):
            if names and not pattern.search(words):
                yield f"{path}:{function.lineno}: {function.name}: no {what} of {', '.join(names)}"


def _public(body: list[ast.stmt]) -> Iterator[ast.FunctionDef]:
    """Yield the public functions of a module and of its public classes."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _public(node.body)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


if __name__ == "__main__":
    found = [line for path in sorted(Path(sys.argv[1]).rglob("*.py")) for line in missing(path)]
    sys.exit("\n".join(found) or None)
