"""Layers read from a user's file."""

from pathlib import Path
from typing import Any

import ase.io
import numpy as np
from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.files.shipped import locate
from anodeflow.structures import roles
from anodeflow.structures.builders.cells import assemble_layer
from anodeflow.structures.builders.checks import refuse_unknown_elements
from anodeflow.structures.geometry import heights
from anodeflow.structures.role_guessing import guess_layer_tags


def build_from_file(settings: dict[str, Any], cell_height: float) -> Atoms:
    """Build the unit cell of a layer that a file holds; cell_height in Å.

    Raises:
        StructureError: the file is not there, cannot be read, or holds no such layer.
    """
    path = Path(locate(settings["path"]))
    try:
        found = ase.io.read(path)
        assert isinstance(found, Atoms)  # one frame, as no index asks for several
    except FileNotFoundError as error:
        raise StructureError(
            f"the layer file {path} does not exist: check `path` in the config."
        ) from error
    except Exception as error:  # every ASE reader fails in its own way
        raise StructureError(
            f"the layer file {path} cannot be read ({' '.join(str(error).split())}): "
            "give a file in a format that ASE reads, such as extxyz or CIF."
        ) from error
    cell = _file_cell(found, path)
    fractions = np.linalg.solve(cell.T, found.positions.T).T
    # Some programs call a slab open along z and fold it into the cell all the same.
    found.pbc = True
    z = heights(found)
    tags = _tags(found, settings["role"], path)
    lattice = float(np.linalg.norm(cell[0]))
    symbols = found.get_chemical_symbols()
    refuse_unknown_elements(symbols)
    return assemble_layer(symbols, fractions[:, :2] % 1.0, z, tags, lattice, cell_height)


def _tags(found: Atoms, role: str, path: Path) -> list[int]:
    """Return the tags (N,) of a layer from a file, its own or guessed."""
    allowed, needed = {
        "bottom": (roles.BOTTOM_TAGS, (roles.LOWER_TERMINATION, roles.UPPER_TERMINATION)),
        "top": (roles.TOP_TAGS, (roles.SHEET,)),
    }[role]
    tags: np.ndarray = found.get_tags()
    if not tags.any():
        try:
            return list(map(int, guess_layer_tags(found, role)))
        except StructureError as error:
            raise StructureError(f"{path}: {error}") from error
    if not (set(tags) <= set(allowed) and set(needed) <= set(tags)):
        raise StructureError(
            f"{path} has the tags {sorted(set(tags.tolist()))}, but a {role} layer has tags of "
            f"{list(allowed)} and needs {list(needed)}: correct or remove the tags."
        )
    return list(map(int, tags))


def _file_cell(found: Atoms, path: Path) -> np.ndarray:
    """Return the cell (3, 3) of a file as a 120° one; refuse what is no hexagonal layer."""
    cell: np.ndarray = found.cell.array.copy()
    a, b, c, alpha, beta, gamma = found.cell.cellpar()
    hexagonal = abs(a - b) < 1e-3 * max(a, b, 1e-3) and min(abs(gamma - 120), abs(gamma - 60)) < 0.1
    upright = abs(alpha - 90) < 0.1 and abs(beta - 90) < 0.1 and np.hypot(*cell[2, :2]) < 1e-3 * c
    if not (hexagonal and upright and cell[2, 2] > 0 and found.cell.handedness == 1):
        raise StructureError(
            f"the cell of {path} has a = {a:.3f}, b = {b:.3f} Å and angles {alpha:.1f}, "
            f"{beta:.1f}, {gamma:.1f}°, where a = b, angles 90, 90, 120 (or 60)° and the third "
            "vector along z are needed: give a hexagonal unit cell with z out of the plane."
        )
    if abs(gamma - 60) < 0.1:
        cell[1] -= cell[0]
    return cell
