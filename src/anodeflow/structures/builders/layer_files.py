"""Layers read from a user's file."""

from pathlib import Path
from typing import Any

import ase.io
import numpy as np
from ase import Atoms
from ase.io.formats import filetype

from anodeflow.errors import StructureError
from anodeflow.files.shipped import locate
from anodeflow.structures.builders.cells import assemble_layer
from anodeflow.structures.builders.checks import refuse_close_atoms, refuse_unknown_elements
from anodeflow.structures.builders.cif_files import read_cif
from anodeflow.structures.builders.file_contents import refuse_unread_sites, refuse_unused_content
from anodeflow.structures.files import unreadable
from anodeflow.structures.orientation import find_axes
from anodeflow.structures.role_checks import check_layer_tags
from anodeflow.structures.role_guessing import guess_layer_tags

SAME_LENGTH = 1e-3
"""Lengths of a and b may differ by this fraction of them."""

SAME_ANGLE = 0.1
"""The angle between a and b may differ from 120 or 60° by this, °."""


def build_from_file(settings: dict[str, Any], cell_height: float) -> Atoms:
    """Build the unit cell of a layer that a file holds; cell_height in Å.

    Its cell and orientation are those of `structures.orientation`, its roles those of
    `structures.role_guessing`, also where the file has tags; what else it holds is that of
    `file_contents`.

    Raises:
        StructureError: the file is not there, cannot be read, or holds no such layer.
    """
    path = Path(locate(settings["path"]))
    found = read_one(path)
    try:
        return _layer_of(found, settings["role"], cell_height)
    except StructureError as error:
        raise StructureError(f"{path}: {error}") from error


def read_one(path: Path) -> Atoms:
    """Read the one structure of a file of the user.

    Raises:
        StructureError: the file is not there, cannot be read, or holds several structures.
    """
    try:
        kind = filetype(str(path))
        if kind == "res":
            refuse_unread_sites(path.read_text(encoding="utf-8"))
        frames: Any = read_cif(path) if kind == "cif" else ase.io.read(path, index=":")
    except StructureError as error:
        raise StructureError(f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise StructureError(
            f"the layer file {path} does not exist: check `path` in the config."
        ) from error
    except Exception as error:  # every ASE reader fails in its own way
        raise StructureError(
            f"the layer file {path} "
            + unreadable(error, "give a file in a format that ASE reads, such as extxyz or CIF")
        ) from error
    if not frames:
        raise StructureError(
            f"the layer file {path} holds no structure that can be read: give elements and "
            "positions of atoms, in a format that ASE reads."
        )
    if len(frames) != 1:
        raise StructureError(
            f"the layer file {path} holds {len(frames)} structures where one is expected: keep "
            "the one that is meant in a file of its own."
        )
    frame: Atoms = frames[0]
    return frame


def _layer_of(found: Atoms, role: str, cell_height: float) -> Atoms:
    symbols = found.get_chemical_symbols()
    refuse_unknown_elements(symbols)
    refuse_unused_content(found)
    layer = find_axes(found).apply(found)
    cell = _hexagonal_cell(layer)
    refuse_close_atoms(layer)
    if layer.get_tags().any():
        check_layer_tags(layer, role)
        tags = layer.get_tags()
    else:
        tags = guess_layer_tags(layer, role)
    fractions = np.linalg.solve(cell.T, layer.positions[:, :2].T).T
    lattice, z = float(np.linalg.norm(cell[0])), layer.positions[:, 2]
    return assemble_layer(symbols, fractions % 1.0, z, tags.tolist(), lattice, cell_height)


def _hexagonal_cell(layer: Atoms) -> np.ndarray:
    """Return the cell in the plane (2, 2) as a 120° one; refuse what is not hexagonal."""
    cell: np.ndarray = layer.cell.array[:2, :2].copy()
    a, b = np.linalg.norm(cell, axis=1)
    if abs(a - b) > SAME_LENGTH * max(a, b):
        raise StructureError(
            f"the cell vectors in the plane are {a:.3f} and {b:.3f} Å long, where a = b is needed: "
            "give a hexagonal unit cell."
        )
    gamma = float(np.degrees(np.arccos(cell[0] @ cell[1] / (a * b))))
    if min(abs(gamma - 120), abs(gamma - 60)) > SAME_ANGLE:
        raise StructureError(
            f"the cell vectors in the plane are {gamma:.1f}° apart, where 120 or 60° are needed: "
            "give a hexagonal unit cell."
        )
    if gamma < 90:
        cell[1] -= cell[0]
    return cell
