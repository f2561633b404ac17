"""The house is built from the bottom up: imports, what parsing loads, what a script reaches."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from graph import ROOMS, circles, folders, imports, room, sources, upward

HEAVY = ("torch", "ase", "phonopy", "matplotlib", "numpy", "pandas", "scipy", "h5py")
REACH = {"compute_voltage": 12, "plot_voltage": 14, "score_models": 13}


@pytest.fixture(scope="module")
def package(root) -> Path:
    return root / "src/anodeflow"


def run_python(root: Path, program: str) -> list[str]:
    """Run a program on the checkout's library and return the names that it prints as JSON."""
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def import_statements(path: Path) -> str:
    """Return every import of a file, those inside its functions included, in their order."""
    text = path.read_text()
    kinds = ast.Import | ast.ImportFrom
    return "\n".join(ast.unparse(n) for n in ast.walk(ast.parse(text)) if isinstance(n, kinds))


@pytest.fixture
def copied(package, tmp_path) -> Path:
    """Return a copy of the library that a test may spoil."""
    return Path(shutil.copytree(package, tmp_path / "anodeflow"))


def plant(file: Path, text: str) -> None:
    """Add some lines to a file."""
    file.write_text(f"{file.read_text()}\n{text}\n")


def test_every_folder_and_file_of_the_library_is_a_room_of_the_drawing(package):
    assert {room(module) for module in sources(package)} - {""} == set(ROOMS)


def test_imports_go_downwards_only(package):
    assert upward(imports(package)) == []


def test_no_files_and_no_folders_import_each_other_in_a_circle(package):
    assert circles(imports(package)) == []
    assert circles(folders(package)) == []


@pytest.mark.parametrize(
    "planted",
    ["from anodeflow.study.plan import Plan", "def late():\n    import anodeflow.study.plan"],
    ids=["on top", "inside a function"],
)
def test_an_import_that_goes_up_is_found(copied, planted):
    plant(copied / "structures/roles.py", planted)
    (found,) = upward(imports(copied))
    assert found == "anodeflow.structures.roles imports anodeflow.study.plan"
    (circle,) = circles(folders(copied))
    assert {"structures", "study"} <= set(circle)


def test_a_circle_of_two_files_is_found(copied):
    plant(copied / "files/atomic.py", "from anodeflow.files import locks")
    plant(copied / "files/locks.py", "from anodeflow.files import atomic")
    (circle,) = circles(imports(copied))
    assert {"anodeflow.files.atomic", "anodeflow.files.locks"} <= set(circle)


def test_what_only_a_type_checker_imports_counts_for_nothing(copied):
    line = "    from anodeflow.study.plan import Plan"
    plant(copied / "structures/roles.py", f"if TYPE_CHECKING:\n{line}")
    assert upward(imports(copied)) == []


def test_every_package_file_is_a_docstring(package):
    own = package / "__init__.py"  # holds the version beside
    for path in package.rglob("__init__.py"):
        body = ast.parse(path.read_text()).body
        assert ast.get_docstring(ast.Module(body, [])), path
        names = [ast.unparse(node.targets[0]) for node in body[1:] if isinstance(node, ast.Assign)]
        assert len(body) == 1 + len(names), path
        assert names == (["__version__"] if path == own else []), path


def test_what_the_snakefile_imports_loads_nothing_heavy(root):
    text = (root / "workflow/rules/common.smk").read_text()
    lines = [line for line in text.splitlines() if line.startswith(("from anodeflow", "import "))]
    assert len(lines) > 5
    program = f"import json, sys\n{chr(10).join(lines)}\n"
    loaded = run_python(root, program + "print(json.dumps(sorted(sys.modules)))")
    assert "anodeflow.study.gathered" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_no_other_rule_file_imports_anything(root):
    for path in (root / "workflow/rules").glob("*.smk"):
        lines = [x for x in path.read_text().splitlines() if x.startswith(("from ", "import "))]
        assert path.name == "common.smk" or lines == [], path


def reached(root: Path, script: str) -> list[str]:
    """Return the library's modules that are loaded once a script and its `main` have imported.

    The script's own import statements, wherever they stand, are run in a fresh Python; what counts
    is then found in `sys.modules`: files below src/anodeflow, folders (their docstrings) apart.
    """
    program = import_statements(root / f"workflow/scripts/{script}.py") + (
        "\nimport json, sys\n"
        "own = {n: m for n, m in sys.modules.items() if n.startswith('anodeflow.')}\n"
        "print(json.dumps([n for n, m in own.items() if not hasattr(m, '__path__')]))"
    )
    return run_python(root, program)


@pytest.mark.parametrize("script", REACH)
def test_a_script_loads_what_it_needs_of_the_library_and_little_more(root, script):
    loaded = reached(root, script)
    assert "anodeflow.process.job" in loaded
    assert len(loaded) <= REACH[script], loaded


def test_no_test_imports_another_one_and_all_helpers_are_in_one_place(root):
    tests = {path.stem for path in (root / "tests").rglob("test_*.py")}
    importing = {
        f"{path.name} imports {name}"
        for path in (root / "tests").rglob("*.py")
        for name in imported_names(path)
        if name in tests
    }
    assert not importing
    others = {
        path.name
        for path in (root / "tests").rglob("*.py")
        if "helpers" not in path.parts and not path.name.startswith("test_")
    }
    assert others == {"conftest.py"}


def imported_names(path: Path) -> set[str]:
    """Return the first words of all that a file imports."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    given = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in plain | given}


def test_tests_stand_in_the_folders_of_what_they_test(root, package):
    beside = {"architecture", "workflow", "browser", "slurm", "install", "helpers", "benchmarks"}
    folders = {path.parent.relative_to(root / "tests") for path in root.glob("tests/**/test_*.py")}
    mirrored = {folder for folder in folders if folder.parts[0] not in beside}
    assert len(mirrored) > 10
    assert [folder for folder in mirrored if not (package / folder / "__init__.py").exists()] == []
