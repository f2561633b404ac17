"""Names in backticks are names of something, and ARCHITECTURE.md names every module."""

import pkgutil
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from graph import COMMANDS, ROOMS

OF_A_STAGE = ("settings", "results", "columns", "stage", "figure", "force_calls", "__init__")
"""Modules whose name says what they hold."""

PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md")

OF_THE_PROJECT = r"(src|workflow|tests|benchmarks|docs|config|profiles|envs|resources)/"
MADE = r"resources/weights/|benchmarks/results/"
"""Files that are made, and that a fresh checkout lacks."""

OF_THE_WORKFLOW = ("src", "workflow", "Snakefile", "config/config.yaml")


def named(text: str) -> list[str]:
    """Return what a page gives in backticks, blocks apart."""
    text = re.sub(r"^ *(```+).*?^ *\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    return list(dict.fromkeys(re.findall(r"`([^`]+)`", text)))


def words(root: Path) -> set[str]:
    """Return every identifier and key of the library, the workflow and the configuration."""
    found = set()
    for name in OF_THE_WORKFLOW:
        path = root / name
        for file in [path] if path.is_file() else path.rglob("*"):
            if file.suffix in (".py", ".smk", ".yaml", ""):
                found |= set(re.findall(r"\w+", file.read_text())) if file.is_file() else set()
    return found


def is_path(root: Path, name: str) -> bool:
    """Tell whether a name is that of a file or folder, braces standing for any name."""
    pattern = re.sub(r"\{\w+\}", "*", name).rstrip("/")
    folders = (root, root / "src/anodeflow", *(root / "src/anodeflow/stages").iterdir())
    return any(next(folder.glob(pattern), None) for folder in folders if folder.is_dir())


def is_setting(root: Path, name: str) -> bool:
    """Tell whether a dotted name is a key of the configuration."""
    value = yaml.safe_load((root / "config/config.yaml").read_text())
    for key in name.split("."):
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True


def is_object(name: str) -> bool:
    """Tell whether a dotted name is a module of the library or something in one."""
    try:
        pkgutil.resolve_name(f"anodeflow.{name}")
    except (ImportError, AttributeError):
        return False
    return True


def exists(root: Path, name: str, known: set[str]) -> bool:
    """Tell whether there is what a page names."""
    if name.startswith("{output}"):
        return True
    if "/" in name or Path(name).suffix in (".py", ".md", ".yaml", ".smk"):
        return is_path(root, name)
    if re.fullmatch(r"\w+(\.\w+)+", name):
        return is_setting(root, name) or is_object(name)
    return not re.fullmatch(r"\w+", name) or name in known


def files_named(text: str) -> list[str]:
    """Return the files of the project that a page names, new ones of the recipes apart.

    These are modules, and what lies in a folder of the project, alone or in a command.
    """
    text = re.sub(r"^ *New file `.*`:$", "", text, flags=re.MULTILINE)
    said = [word for name in named(text) for word in name.split()]
    ours = [x for x in said if x.endswith((".py", ".smk")) or re.match(OF_THE_PROJECT, x)]
    return [re.sub(r"\bNAME\b", "{name}", x) for x in ours if not re.match(MADE, x)]


def unnamed(root: Path, text: str) -> list[str]:
    """Return the modules of the library that a map does not name, as paths.

    Known without it are those of every stage, figures beside them, the loaders of `families.py`,
    and what lies in the folder of a stage that the map does not speak of at all.
    """
    package = root / "src/anodeflow"
    names = [re.sub(r"\{\w+\}", "*", name) for name in named(text)]
    loaders = (package / "families.py").read_text()
    found = []
    for path in sorted(package.rglob("*.py")):
        file = str(path.relative_to(package))
        module = file.removesuffix(".py").replace("/", ".")
        new_stage = file.startswith("stages/") and f"stages/{path.parent.name}/" not in text
        known = path.stem in OF_A_STAGE or path.stem.endswith(("_figure", "_figures")) or new_stage
        if not (
            known
            or f'"anodeflow.{module}:' in loaders
            or any(fnmatch(file, name) or f"{name}.".startswith(f"{module}.") for name in names)
        ):
            found.append(file)
    return found


def test_every_name_in_backticks_is_that_of_something(root):
    found, known = named((root / "ARCHITECTURE.md").read_text()), words(root)
    assert len(found) > 100
    assert [name for name in found if not exists(root, name, known)] == []


@pytest.mark.parametrize(
    "name",
    [
        "study/plans.py",
        "study.plan.Plan.walks",
        "dynamics.temperature",
        "run_dynamicss",
        "x/{a}.py",
    ],
)
def test_a_name_of_nothing_is_found(root, name):
    assert not exists(root, name, words(root))


def test_every_file_that_a_page_names_in_backticks_is_there(root):
    pages = [path for pattern in PAGES for path in sorted(root.glob(pattern))]
    found = [(page.name, name) for page in pages for name in files_named(page.read_text())]
    assert len(found) > 50
    assert [(page, name) for page, name in found if not is_path(root, name)] == []


def test_a_file_that_is_not_there_is_found_also_in_a_command_and_those_of_users_are_not(root):
    text = "`anodeflow/d3.py` `python benchmarks/none.py 1` `results/{model}/x.json` `mine.yaml`\n"
    recipe = "   New file `src/anodeflow/stages/capacity/curve.py`:\n"
    found = files_named(text + recipe)
    assert found == ["anodeflow/d3.py", "benchmarks/none.py"]
    assert not any(is_path(root, name) for name in found)


def test_the_map_names_every_module(root):
    assert unnamed(root, (root / "ARCHITECTURE.md").read_text()) == []


def test_a_module_that_the_map_does_not_name_is_found(root):
    text = (root / "ARCHITECTURE.md").read_text().replace("motion/msd.py", "motion/hops.py")
    assert unnamed(root, text) == ["stages/motion/msd.py"]


def test_the_rooms_are_named_in_the_order_that_imports_are_held_to(root):
    text = " ".join((root / "ARCHITECTURE.md").read_text().split())
    (order,) = re.findall(r"From the bottom: ([\w, ]+)\.", text)
    assert tuple(order.split(", ")) == ROOMS[: -len(COMMANDS)]


def test_the_drawing_names_every_room(root):
    (drawing,) = re.findall(
        r"^```\n(.*?)^```$", (root / "ARCHITECTURE.md").read_text(), re.DOTALL | re.MULTILINE
    )
    rooms = [path.stem for path in (root / "src/anodeflow").iterdir() if path.is_dir()]
    rooms = [name for name in rooms if not name.startswith("__")]
    assert [name for name in rooms if not re.search(rf"\b{name}\b", drawing)] == []
