"""Finished points of a series of relaxations, kept so that a restarted job does not repeat them."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from ase import Atoms

from anodeflow.structure_io import read_structure, write_structure


def fingerprint(atoms: Atoms, settings: dict) -> str:
    """Hash what a point depends on: the start (exact positions, cell, elements, tags) and settings.

    Args:
        settings: plain values, JSON-able.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for array in (atoms.positions, atoms.cell.array, atoms.numbers, atoms.get_tags(), atoms.pbc):
        digest.update(array.tobytes())
    return digest.hexdigest()


class FinishedPoints:
    """The points of one series in a folder, one file each.

    The hash stands in the file name, so points of other settings are never taken for these.
    """

    def __init__(self, folder: Path, series: str):
        self.folder = Path(folder)
        self.series = series

    def path(self, label: str) -> Path:
        """Name the file of one point."""
        return self.folder / f"{label}-{self.series[:16]}.extxyz"

    def get_or_compute(self, label: str, compute: Callable[[], Atoms]) -> Atoms:
        """Return the point of this label from its file, after computing it if there is none.

        A fresh point is read back from its file as well, so a restarted series ends with the same
        numbers as one that ran through.
        """
        path = self.path(label)
        if not path.exists():
            write_structure(path, compute())
        return read_structure(path)
