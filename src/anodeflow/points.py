"""Finished points of a series of relaxations, kept so that a restarted job does not repeat them."""

from collections.abc import Callable
from pathlib import Path

from ase import Atoms

from anodeflow.structure_io import read_structure, write_structure


class FinishedPoints:
    """The points of one series in a folder, a file and the relaxation's last checkpoint each.

    `series` is the fingerprint of what all points depend on. It stands in the file names, so
    points of other settings are never taken for these.
    """

    def __init__(self, folder: Path, series: str):
        self.folder = Path(folder)
        self.series = series

    def path(self, label: str) -> Path:
        """Name the file of one point."""
        return self.folder / f"{label}-{self.series[:16]}.extxyz"

    def checkpoint(self, label: str) -> Path:
        """Name the checkpoint of one point's relaxation."""
        return self.path(label).with_suffix(".npz")

    def get_or_compute(self, label: str, compute: Callable[[Path], Atoms]) -> Atoms:
        """Return the point of this label from its file, after computing it if there is none.

        `compute` is given the path of the point's checkpoint. A fresh point is read back from its
        file as well, so a restarted series ends with the same numbers as one that ran through.
        """
        path = self.path(label)
        if not path.exists():
            write_structure(path, compute(self.checkpoint(label)))
        return read_structure(path)
