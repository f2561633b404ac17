"""Frames of a run of another program, read with ASE: every atom is of an element."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ase.io
from ase import Atoms
from ase.io.formats import open_with_compression

from anodeflow.elements import SYMBOLS
from anodeflow.errors import TrajectoryError, nearest
from anodeflow.structures.files import unreadable

LAMMPS = "lammps-dump-text"

UNNAMED = ["X"] * 1000
"""What atom types beyond the named ones become: atoms of no element."""


def read_frames(path: Path, elements: Sequence[str] = ()) -> list[Atoms]:
    """Read all frames of a file.

    LAMMPS says atom types where others say elements, and no energy, for which ASE puts a zero that
    is taken out again.

    Args:
        path: in any format that ASE reads.
        elements: of the atom types of a LAMMPS dump without elements, in the order of types.

    Raises:
        TrajectoryError: the file cannot be read, or an atom has no element.
    """
    try:
        columns = _dump_columns(path)
        types = bool(columns) and not {"element", "mass"} & set(columns)
        options: dict[str, Any] = {"specorder": [*elements, *UNNAMED]} if types and elements else {}
        read = ase.io.read(path, index=":", format=LAMMPS if columns else None, **options)
    except Exception as error:  # every ASE reader fails in its own way
        raise TrajectoryError(
            f"{path} "
            + unreadable(
                error,
                "give frames in a format that ASE reads, such as .traj or extxyz",
                isotopes="write H, with its mass in a column masses where there are momenta",
            )
        ) from error
    frames = read if isinstance(read, list) else [read]
    _require_elements(path, frames, elements, types)
    if columns:
        for frame in frames:
            frame.calc = None
    return frames


def read_elements(text: str) -> list[str]:
    """Read `Ti,C,O`, or nothing, as elements; raises TrajectoryError where one is none."""
    found = [name.strip() for name in text.split(",")] if text else []
    for name in found:
        if name not in SYMBOLS:
            raise TrajectoryError(
                f"--elements names '{name}', which is no element"
                f"{nearest(name.capitalize(), SYMBOLS)}: give the element of each atom type in "
                "their order, as Ti,C,O,C,Na."
            )
    return found


DUMP_BEGINS = tuple(b"ITEM: " + item for item in (b"TIMESTEP", b"UNITS", b"TIME"))
"""Lines with which a LAMMPS dump may begin (`dump_modify units yes time yes`)."""


def _dump_columns(path: Path) -> list[str]:
    """Return the columns of a LAMMPS dump, whatever ends its lines; none of any other file."""
    with open_with_compression(str(path), "rb") as lines:
        if not next(iter(lines), b"").startswith(DUMP_BEGINS):
            return []
        header = next((line for line in lines if line.startswith(b"ITEM: ATOMS")), b"")
    return header.decode().split()


def _require_elements(
    path: Path, frames: Sequence[Atoms], elements: Sequence[str], types: bool
) -> None:
    if elements and not types:
        raise TrajectoryError(
            f"{path} says itself which elements its atoms are: leave --elements out, which is for "
            "LAMMPS dumps with atom types alone."
        )
    if types:
        last = max(int(frame.arrays["type"].max()) for frame in frames)
        if len(elements) < last:
            named = f"{len(elements)} elements" if elements else "no element"
            raise TrajectoryError(
                f"{path} holds atom types up to {last} and {named} for them: give the element of "
                "each type in their order, as --elements Ti,C,O,C,Na."
            )
    for number, frame in enumerate(frames):
        if (frame.numbers == 0).any():
            atom = int((frame.numbers == 0).argmax())
            raise TrajectoryError(
                f"{path}: atom {atom} of frame {number} is of no element: write the frames with "
                "the elements of all atoms."
            )
