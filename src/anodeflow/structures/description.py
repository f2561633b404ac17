"""What the workflow makes of a structure with roles, in lines for who gives one."""

from collections.abc import Iterator

import numpy as np
import spglib
import spglib.error
from ase import Atoms

from anodeflow.structures import roles
from anodeflow.structures.bonds import find_bonds
from anodeflow.structures.geometry import heights
from anodeflow.structures.inspection import check_structure
from anodeflow.structures.orientation import Orientation

spglib.error.OLD_ERROR_HANDLING = False  # it raises, as it will

SYMMETRY_TOLERANCE = 0.01
"""Å, within which atoms are alike for spglib."""

ONE_PLANE = 0.4
"""Atoms of one element and role whose heights differ by less (Å) stand in one line."""


def describe(atoms: Atoms) -> list[str]:
    """Say what a structure is: cell, symmetry, sizes, sites, planes with their roles, and bonds.

    Args:
        atoms: with tags, upright, MXene below; lengths in Å.
    """
    a, b, _, _, _, gamma = atoms.cell.cellpar()
    found, z = check_structure(atoms, atoms), heights(atoms)
    lines = [
        f"cell         a = {a:.3f}, b = {b:.3f} Å, {gamma:.1f}° between them",
        f"symmetry     {_layer_group(atoms)}",
        f"thickness    {np.ptp(z):.3f} Å from the lowest to the highest nucleus",
    ]
    if found.thickness is not None:
        lines.append(f"faces        {found.thickness:.3f} Å apart (mean heights)")
    if found.spacing is not None:
        lines.append(f"spacing      {found.spacing:.3f} Å from the facing plane to the sheet")
    if found.termination_site is not None:
        lines.append(f"site         of the terminations: {found.termination_site}")
    return [*lines, *_planes(atoms, z - z.min()), *_bonds(atoms)]


def describe_orientation(done: Orientation) -> str:
    """Say what was done to the cell of a file."""
    steps = []
    if done.order != (0, 1, 2):
        vectors = ", ".join(str(vector + 1) for vector in done.order)
        steps.append(f"vectors {vectors} of the file are a, b, c")
    if done.signs[2] < 0:
        steps.append("c was made to point up")
    if done.height is not None:
        steps.append(f"the cell was given a height of {done.height:.1f} Å")
    if done.turned:
        steps.append("turned over, by 180° about x")
    return f"orientation  {'; '.join(steps) or 'as in the file'}"


def _layer_group(atoms: Atoms) -> str:
    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    try:
        found = spglib.get_layergroup(cell, aperiodic_dir=2, symprec=SYMMETRY_TOLERANCE)
    except spglib.error.SpglibError:
        found = None
    if found is None:
        return f"none was found within {SYMMETRY_TOLERANCE} Å"
    return f"layer group {found.international} ({found.number}) within {SYMMETRY_TOLERANCE} Å"


def _planes(atoms: Atoms, z: np.ndarray) -> Iterator[str]:
    """Yield a line for the atoms of each element and role at one height, the highest first."""
    yield "planes       height (Å)  atoms  element  role"
    tags, planes = atoms.get_tags(), []
    for tag, number in {*zip(tags.tolist(), atoms.numbers.tolist(), strict=True)}:
        alike = np.sort(z[(tags == tag) & (atoms.numbers == number)])
        for plane in np.split(alike, np.flatnonzero(np.diff(alike) >= ONE_PLANE) + 1):
            planes.append((plane.mean(), np.ptp(plane), len(plane), tag, number))
    for height, spread, count, tag, number in sorted(planes, reverse=True):
        symbol = Atoms([number]).get_chemical_formula()
        width = f", over {spread:.2f} Å" if spread > 0.01 else ""
        yield f"             {height:10.3f}  {count:5d}  {symbol:7s}  {roles.NAMES[tag]}{width}"


def _bonds(atoms: Atoms) -> Iterator[str]:
    """Yield a line for each pair of elements that are bonded."""
    yield "bonds        length (Å)      number  elements"
    first, second, vectors = find_bonds("ijD", atoms)
    lengths, symbols = np.linalg.norm(vectors, axis=1), atoms.symbols
    pairs = ["–".join(sorted((symbols[i], symbols[j]))) for i, j in zip(first, second, strict=True)]
    for pair in sorted(set(pairs)):
        alike = lengths[np.array(pairs) == pair]  # each bond in both directions
        low, high = alike.min(), alike.max()
        told = f"{low:.3f} to {high:.3f}" if high - low > 5e-4 else f"{low:.3f}"
        yield f"             {told:14s}  {len(alike) // 2:6d}  {pair}"
