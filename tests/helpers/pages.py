"""The examples in README.md and docs: blocks of code, and commands in backticks."""

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from places import ROOT

COMMANDS = ("snakemake", "make", "python")
"""What blocks of shell start; in their place stands what writes down how it was called."""

STUB = """\
#!/bin/sh
printf '%s\\037' "$PWD" "${0##*/}" "$@" >> "$CALLS"
echo >> "$CALLS"
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, `""` where it names none, and its text."""

    page: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text.split(chr(10))[0]}"


@dataclass(frozen=True)
class Call:
    """A command as it was started: the folder, its name and its arguments."""

    folder: Path
    name: str
    arguments: tuple[str, ...]


def pages() -> dict[str, str]:
    """Return the text of README.md, CONTRIBUTING.md up to its recipes, and all of docs."""
    paths = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in paths}
    texts["CONTRIBUTING.md"], _, recipes = texts["CONTRIBUTING.md"].partition("\n# Recipes\n")
    assert recipes  # which tests/architecture/test_recipes.py follows
    return texts


def blocks() -> list[Block]:
    """Return all fenced blocks of all pages."""
    fenced = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
    return [
        Block(page, language, re.sub(f"^{indent}", "", text, flags=re.MULTILINE))
        for page, whole in pages().items()
        for indent, language, text in fenced.findall(whole)
    ]


def commands_in_backticks() -> list[Block]:
    """Return each command that a sentence of a page gives with arguments, as a block."""
    found = []
    for page, text in pages().items():
        sentences = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
        for given in re.findall(r"`([^`]+)`", sentences):
            words = given.split()
            if words[0] in COMMANDS and re.search(r"\w", " ".join(words[1:]).removeprefix("-m")):
                found.append(Block(page, "sh", " ".join(words)))
    return found


def calls(block: Block, folder: Path, known: dict[str, str]) -> list[Call]:
    """Run a block by bash in a folder, without what it starts, and return what that would be.

    known: what stands for the names and places of a reader.
    """
    text = block.text
    for name, place in known.items():
        text = text.replace(name, place)
    stubs, record = folder / "stubs", folder / "calls"
    stubs.mkdir(exist_ok=True)
    record.write_text("")
    for name in COMMANDS:
        (stubs / name).write_text(STUB)
        (stubs / name).chmod(0o755)
    surroundings = {"PATH": f"{stubs}:{os.environ['PATH']}", "CALLS": str(record)}
    command = ["bash", "-euc", text]
    run = subprocess.run(
        command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"{block}: {run.stderr}"
    started = [line.split("\037")[:-1] for line in record.read_text().splitlines()]
    return [Call(Path(where), name, tuple(words)) for where, name, *words in started]


def shown(call: Call) -> str:
    """Return a command as one would type it."""
    return shlex.join([call.name, *call.arguments])
