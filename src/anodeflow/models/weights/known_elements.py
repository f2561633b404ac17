"""The elements that a file of weights is for, read as data: no code that the file holds runs.

torch saves a zip archive of one pickle, which names classes and tensors, and of the numbers of each
tensor. Here a stand-in takes the place of every class that the pickle names, so nothing is imported
and nothing is called, and torch is not needed.
"""

import pickle
import pkgutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anodeflow.elements import SYMBOLS
from anodeflow.families import FAMILIES


class StandIn:
    """Stands for an object of any class: keeps what it was made of, its items and its state."""

    def __init__(self, *arguments: Any, **_: Any):
        """Take any arguments."""
        self.arguments, self.items = arguments, dict[Any, Any]()
        self.state: Any = None

    def __call__(self, *arguments: Any, **_: Any) -> "StandIn":
        """Stand for what a function returns as well."""
        return StandIn(*arguments)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep an item of a mapping."""
        self.items[key] = value

    def __getitem__(self, key: Any) -> Any:
        """Return an item of a mapping."""
        return self.items[key]

    def __setstate__(self, state: Any) -> None:
        """Keep the state."""
        self.state = state

    def extend(self, items: Any) -> None:
        """Take the items of a list or a set, which nothing here needs."""

    append = add = extend


class _AsData(pickle.Unpickler):
    """Reads a pickle in which every class and function is a stand-in."""

    def find_class(self, module: str, name: str) -> type[StandIn]:
        return StandIn

    def persistent_load(self, pid: Any) -> Any:
        return pid


class Checkpoint:
    """What a file of weights holds, as data.

    Raises whatever a file of another form makes it raise.
    """

    def __init__(self, path: Path):
        """Read the names and shapes of a file."""
        self._path = path
        with zipfile.ZipFile(path) as archive:
            (pickled,) = [n for n in archive.namelist() if n.endswith("/data.pkl")]
            with archive.open(pickled) as file:
                self.content: Any = _AsData(file).load()
        self._folder = pickled.removesuffix("data.pkl")

    def shape(self, tensor: StandIn) -> tuple[int, ...]:
        """Return the shape of a tensor."""
        found: tuple[int, ...] = tensor.arguments[2]
        return found

    def integers(self, tensor: StandIn) -> tuple[int, ...]:
        """Return the numbers of a tensor (N,) of 64-bit integers."""
        (_, _, key, _, stored), offset, (count,), *_ = tensor.arguments
        with zipfile.ZipFile(self._path) as archive:
            numbers = struct.unpack(f"<{stored}q", archive.read(f"{self._folder}data/{key}"))
        return numbers[offset : offset + count]


def of_mace(file: Checkpoint) -> tuple[int, ...]:
    """Return the atomic numbers of a MACE model: a buffer of the module."""
    return file.integers(file.content.state["_buffers"]["atomic_numbers"])


def of_chgnet(file: Checkpoint) -> tuple[int, ...]:
    """Return the atomic numbers of a CHGNet: one row of its embedding each, from hydrogen on."""
    rows, _ = file.shape(file.content["model"]["state_dict"]["atom_embedding.embedding.weight"])
    return tuple(range(1, rows + 1))


def of_sevennet(file: Checkpoint) -> tuple[int, ...]:
    """Return the atomic numbers of a SevenNet: its map of types."""
    return tuple(file.content["config"]["_type_map"])


def known_elements(path: Path, family: str) -> list[str] | None:
    """Return the symbols of the elements that a file of weights is for, by atomic number.

    Args:
        path: the file.
        family: a name of `families.FAMILIES`.

    Returns:
        None where the family, or this file, does not tell.
    """
    tells = FAMILIES[family].elements
    if tells is None:
        return None
    read: Callable[[Checkpoint], tuple[int, ...]] = pkgutil.resolve_name(tells)
    symbols = dict(enumerate(SYMBOLS, start=1))
    try:
        return [symbols[number] for number in sorted(read(Checkpoint(path)))]
    except Exception:  # a file of another form, or damaged, fails in its own way
        return None
