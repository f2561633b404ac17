"""Recipes of CONTRIBUTING.md, followed to the letter in a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

PARTS = (
    *("src", "workflow", "config", "resources", "docs", "profiles", "tests", "Snakefile"),
    *("pyproject.toml", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "README.md", "envs"),
)
FENCED = r"(.*?)^( *)(?P<fence>```+)\w+$\n(.*?)^ *(?P=fence)$"
NEW, EDIT, RUN = "New file ", "In ", "Run:"


@dataclass(frozen=True)
class Step:
    """A block of a recipe: what is done (NEW, EDIT or RUN), to which file, with which text."""

    kind: str
    file: str
    text: str


@dataclass
class Checkout:
    """A copy of the checkout, and which of its files a recipe made, edited and generated."""

    folder: Path
    made: set[str] = field(default_factory=set)
    edited: set[str] = field(default_factory=set)
    generated: set[str] = field(default_factory=set)

    @property
    def variables(self) -> dict[str, str]:
        """Return what makes Python find the copy's library."""
        return {"PYTHONPATH": str(self.folder / "src")}

    def run(self, *command: str) -> subprocess.CompletedProcess:
        """Run a command in the copy, with its library and this Python's commands."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | {"PATH": path} | self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def copy_checkout(root: Path, folder: Path) -> Checkout:
    """Copy what a checkout holds, without results, weights and environments."""
    unneeded = shutil.ignore_patterns("weights.lock.json", "*.egg-info", "*.png")
    folder.mkdir()
    for name in PARTS:
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=unneeded)
        else:
            shutil.copy(root / name, folder / name)
    (folder / "slurm").symlink_to("profiles/slurm")
    return Checkout(folder)


def read_recipe(page: str, title: str) -> list[Step]:
    """Return the steps of a recipe.

    Args:
        page: text of CONTRIBUTING.md.
        title: heading of the recipe.
    """
    (section,) = re.findall(rf"^#+ {title}$(.*?)(?=^#|\Z)", page, re.DOTALL | re.MULTILINE)
    steps, said = [], ("", "")
    for before, indent, _, block in re.findall(FENCED, section, re.DOTALL | re.MULTILINE):
        said = _announced(before) or said
        lines = [line.removeprefix(indent) for line in block.splitlines()]
        steps.append(Step(*said, "".join(f"{line}\n" for line in lines)))
    return steps


def _announced(text: str) -> tuple[str, str] | None:
    """Return what the last line before a block says of it, nothing if only another block."""
    lines = text.strip().splitlines()
    if not lines:
        return None
    if lines[-1].strip() == RUN:
        return RUN, ""
    (match,) = re.findall(rf"^({NEW}|{EDIT})`([^`]+)`:$", lines[-1].strip())
    return match


def follow(steps: list[Step], checkout: Checkout) -> None:
    """Do what a recipe says, and note which files it touches."""
    for step in steps:
        path = checkout.folder / step.file
        if step.kind == NEW:
            assert not path.exists(), f"{step.file} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text)
            checkout.made.add(step.file)
        elif step.kind == EDIT:
            path.write_text(patched(path.read_text(), step.text))
            checkout.edited |= {step.file} - checkout.made
        else:
            _run(step.text, checkout)


def patched(text: str, diff: str) -> str:
    """Apply a block of diff; what it holds of the text must stand there exactly once."""
    lines = [line or " " for line in diff.splitlines()]
    before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
    assert text.count(before) == 1, f"found {text.count(before)} times:\n{before}"
    return text.replace(before, after)


def _run(commands: str, checkout: Checkout) -> None:
    for command in commands.splitlines():
        result = checkout.run("sh", "-c", command)
        assert result.returncode == 0, result.stdout
        _, arrow, target = command.partition(" > ")
        assert arrow, "a recipe's command writes one generated file"
        checkout.generated.add(target)
