"""Every name that ARCHITECTURE.md gives in backticks is the name of something."""

import pkgutil
import re
from pathlib import Path

import pytest
import yaml
from graph import COMMANDS, ROOMS

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
