"""Functions and modules are short: 40 lines and 400 at most."""

import ast
from pathlib import Path

import pytest

FUNCTION, MODULE = 40, 400


def long_functions(path: Path) -> list[str]:
    """Return the functions of a file that have more than 40 lines, their docstrings apart."""
    walked = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    functions = [x for x in walked if isinstance(x, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [f"{path}: {x.name}" for x in functions if length(x) > FUNCTION]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function from its def on, its docstring apart."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    text = function.body[0]
    return lines - (text.end_lineno - text.lineno + 1)


@pytest.mark.parametrize("folder", ["src", "workflow/scripts"])
def test_no_function_has_more_than_40_lines(root, folder):
    files = list((root / folder).rglob("*.py"))
    assert files
    assert [name for path in files for name in long_functions(path)] == []


@pytest.mark.parametrize("folder", ["src", "workflow", "tests", "benchmarks"])
def test_no_module_has_more_than_400_lines(root, folder):
    files = [path for kind in ("*.py", "*.smk") for path in (root / folder).rglob(kind)]
    assert files
    assert [path for path in files if len(path.read_text().splitlines()) > MODULE] == []


@pytest.mark.parametrize(("lines", "found"), [(38, 0), (39, 1)])
def test_a_long_function_is_found_and_its_docstring_is_not_counted(tmp_path, lines, found):
    text = 'class A:\n    def f(self):\n        """One.\n\n        Two.\n        """\n'
    path = tmp_path / "module.py"
    path.write_text(text + "        f()\n" * (lines + 1))
    assert len(long_functions(path)) == found
