"""Ions in the gap of a stack, the hollows they sit in, and the metal they come from."""

from typing import Any

import ase.build
import numpy as np
from ase import Atoms

from anodeflow.config.allowed_values import require_allowed
from anodeflow.elements import IDEAL_C_OVER_A
from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.builders.cells import SEED
from anodeflow.structures.builders.checks import (
    refuse_close_atoms,
    refuse_thin_vacuum,
    refuse_unknown_elements,
)
from anodeflow.structures.files import TERMS
from anodeflow.structures.geometry import lateral_distances
from anodeflow.structures.settings import BulkIon
from anodeflow.structures.sites import triangles
from anodeflow.structures.spacing import move_top, spacing_of

CLEARANCE = 1.8
"""A hollow in which the ion would be nearer (Å) than this to any atom is left empty."""


def fill_ions(stack: Atoms, *, element: str, count: int, spacing: float) -> Atoms:
    """Put `count` ions into hollows of the facing lattice, mid-gap, and set the spacing.

    The top layer moves rigidly to `spacing` (Å, mean z(tag 10) − mean z(tag 3)); the bottom layer
    stays where it is. What the stack without ions was relaxed to, its energies above all, is not
    kept. Ions stand at z = mean z(tag 3) + spacing / 2. The first takes the hollow
    farthest from the groups of the top layer (the middle of the cell if there are none), each
    further one the hollow farthest from all groups and ions so far, laterally and periodically. Of
    equally far ones the least crowded is taken, by Σ 1/d² over groups and ions, then the first in
    the order of `hollow_sites`.

    ASSUME: ions sit in the hollows that are not above the outermost metal, over X on an
    fcc-terminated MXene, which keeps like charges apart; one kind only, so at most one ion for each
    facing atom.

    Raises StructureError if the element is unknown, the stack holds ions already or is not a stack,
    or more ions are asked than there are hollows with 1.8 Å to every atom.
    """
    refuse_unknown_elements([element])
    roles.require_empty_stack(stack, "filling in ions")
    filled: Atoms = stack.copy()
    for of_empty_stack in TERMS | {"fmax", "steps"}:
        filled.info.pop(of_empty_stack, None)
    move_top(filled, spacing, measured=spacing_of(filled, convention="sheet"))
    filled.info["spacing_built"] = float(spacing)
    height = filled.positions[roles.facing(filled), 2].mean() + spacing / 2
    hollows = _open_hollows(filled)
    sites = np.column_stack([hollows, np.full(len(hollows), height)])
    free = [site for site in sites if _nearest_distance(filled, site) >= CLEARANCE]
    if count > len(free):
        raise StructureError(
            f"{count} {element} were asked for, but at a spacing of {spacing:.2f} Å only "
            f"{len(free)} of the {len(hollows)} hollows above the facing atoms have "
            f"{CLEARANCE} Å to every atom: ask for at most {len(free)}, or use a larger supercell "
            "or spacing."
        )
    chosen = _farthest_points(filled, np.array(free).reshape(-1, 3), count)
    if count:
        filled.extend(Atoms([element] * count, positions=chosen, tags=[roles.ION] * count))
    filled.info.update({"builder": "ions", "seed": SEED, "ion": element, "ion_count": count})
    refuse_thin_vacuum(filled, "the stack with ions")
    refuse_close_atoms(filled)
    return filled


def build_bulk(
    element: str, *, structure: str, lattice: float, c_over_a: float | None = None
) -> Atoms:
    """Build the primitive cell of the metal that ions come from; `lattice` is the constant a in Å.

    c_over_a: of hcp, None for the ideal √(8/3).

    Raises StructureError for an unknown element, a structure that `BulkIon` does not list, or a
    lattice constant that puts atoms on each other.
    """
    refuse_unknown_elements([element])
    require_allowed(
        BulkIon, "structure", structure, name="the bulk structure", error=StructureError
    )
    axial: dict[str, Any] = {"covera": c_over_a or IDEAL_C_OVER_A} if structure == "hcp" else {}
    metal = ase.build.bulk(element, structure, a=lattice, **axial)
    metal.set_tags(roles.ION)
    metal.info = {"builder": "bulk", "seed": SEED}
    refuse_close_atoms(metal)
    return metal


def _open_hollows(stack: Atoms) -> np.ndarray:
    """Return the hollows (H, 2) that are not above an atom of the plane beneath the facing one."""
    hollows, radius = triangles(stack)
    beneath = roles.beneath_facing(stack)
    heights = stack.positions[:, 2]
    # ASSUME: atoms within 0.6 Å of the highest one are one plane, however rippled.
    plane = beneath & (heights > heights[beneath].max() - 0.6)
    lateral = stack.cell.array[:2, :2]
    distances = lateral_distances(hollows, stack.positions[plane, :2], lateral)
    found: np.ndarray = hollows[distances.min(axis=1) > radius / 2]
    return found


def _nearest_distance(atoms: Atoms, site: np.ndarray) -> float:
    cell = atoms.cell.array[:2, :2]
    lateral = lateral_distances(site[None, :2], atoms.positions[:, :2], cell)[0]
    return float(np.hypot(lateral, atoms.positions[:, 2] - site[2]).min())


def _farthest_points(stack: Atoms, free: np.ndarray, count: int) -> np.ndarray:
    """Return `count` of the free sites (F, 3), each in turn farthest from groups and ions (Å)."""
    groups = roles.top(stack) & ~roles.sheet(stack)
    taken, cell = stack.positions[groups, :2], stack.cell.array[:2, :2]
    chosen: list[int] = []
    for _ in range(count):
        if len(taken):
            distances = lateral_distances(free[:, :2], taken, cell)
            # An ion's own site counts as taken at a distance that cannot win, not at 1/0.
            crowding = (1 / np.maximum(distances, 1e-3) ** 2).sum(axis=1)
            farness = distances.min(axis=1)
        else:
            middle = cell.sum(axis=0) / 2
            farness = -lateral_distances(free[:, :2], middle[None, :], cell)[:, 0]
            crowding = np.zeros(len(free))
        # Rounding makes ties the same on every machine; lexsort is stable.
        pick = int(np.lexsort((crowding.round(4), -farness.round(4)))[0])
        chosen.append(pick)
        taken = np.vstack([taken, free[pick, :2]])
    return free[chosen]
