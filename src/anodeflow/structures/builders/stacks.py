"""Two layers in one cell, one above the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms

from anodeflow.config.allowed_values import require_allowed
from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.bonds import find_bonds
from anodeflow.structures.builders.cells import SEED
from anodeflow.structures.builders.checks import refuse_close_atoms, refuse_thin_vacuum
from anodeflow.structures.planned_stacks import UNSCALED, require_angles, require_strain
from anodeflow.structures.settings import Stack
from anodeflow.structures.spacing import move_top, spacing_in
from anodeflow.structures.stiffness import BY_STIFFNESS

LARGEST_BOND_CHANGE = 0.03
"""A bond over the boundary changed by more than this fraction is worth a warning."""


def stack_layers(
    bottom: Atoms,
    top: Atoms,
    *,
    strained: str,
    spacing: float,
    registry: tuple[float, float],
    strain_limit: float,
    cell_height: float,
    stiffnesses: Sequence[float] | None = None,
) -> Atoms:
    """Put `top` above `bottom` in a common cell, both strained to it.

    F = C_layer⁻¹ C_common, strain = the singular value of F farthest from 1, minus 1; C are the
    in-plane cells (2, 2), rows a and b. Lateral fractions are kept, heights are not scaled.
    spacing = mean z(tag 10) − mean z(tag 3).

    `strained` names the layer that takes the other's cell, top or bottom; at share both take the
    mean, at stiffness the mean with weights K = C11 + C12 (`stiffnesses` of bottom and top, N/m).
    A layer of lattice constant a_i that is strained alike in all directions to a costs
    K (a/a_i − 1)² per area, and both together, A_i ∝ a_i², least at a = Σ K_i a_i / Σ K_i. At
    top-unscaled the top layer takes the bottom's cell and keeps its coordinates: no bond
    changes but those across the boundary of the cell, which take the whole mismatch. Of these
    info["boundary_bonds"] is the number, info["boundary_bond_lengths"] the shortest and the longest
    (Å), info["boundary_bond_change"] the largest relative change.
    `spacing` and `cell_height` are in Å, `registry` shifts the top layer along a and b in fractions
    of the common cell, `strain_limit` is a fraction. The info of the stack names both layers, by
    their own info["name"] or formula.

    Raises StructureError if the layers lack their tags, `strained` is none of these, cell angles
    differ, a strain is above the limit, two atoms are closer than 0.6 Å, or the vacuum is thinner
    than 20 Å.
    """
    refuse_wrong_places(bottom, top)
    common = _common_cell(bottom.cell.array[:2, :2], top.cell.array[:2, :2], strained, stiffnesses)
    strains = {"bottom": _strain(bottom, common), "top": _strain(top, common)}
    lengths = [float(np.linalg.norm(layer.cell.array[0])) for layer in (bottom, top)]
    require_strain(strains, strain_limit, [_name(bottom), _name(top)], lengths)
    fitted = _fit(top, common, registry, scaled=strained != UNSCALED)
    stack: Atoms = _fit(bottom, common, (0.0, 0.0), scaled=True) + fitted
    stack.cell[2] = [0, 0, cell_height]
    stack.info = {"builder": "stack", "seed": SEED, "bottom": _name(bottom), "top": _name(top)}
    stack.info |= {f"strain_{place}": strain for place, strain in strains.items()}
    stack.info |= {"strained": strained, "registry": [float(shift) for shift in registry]}
    if strained == UNSCALED:
        stack.info |= _boundary_bonds(top, common)
    # As they lie: layers that may still overlap have no gap at which to unfold the cell.
    move_top(stack, spacing, measured=float(spacing_in(stack.positions, stack.get_tags())))
    # Not `spacing`: this one goes stale when the structure is relaxed.
    stack.info["spacing_built"] = float(spacing)
    heights = stack.positions[:, 2]
    stack.positions[:, 2] += cell_height / 2 - (heights.max() + heights.min()) / 2
    refuse_thin_vacuum(stack, "the stack")
    refuse_close_atoms(stack)
    return stack


def boundary_warning(stack: Atoms) -> str:
    """Say in one sentence which bonds of an unscaled layer the boundary changed; empty if none.

    A change of less than 3 % is not worth one.
    """
    info = stack.info
    if info["strained"] != UNSCALED or info["boundary_bond_change"] <= LARGEST_BOND_CHANGE:
        return ""
    shortest, longest = info["boundary_bond_lengths"]
    return (
        f"{info['boundary_bonds']} bonds of the top layer cross the boundary of the cell and are "
        f"{shortest:.2f} to {longest:.2f} Å long, changed by up to "
        f"{100 * info['boundary_bond_change']:.0f} %, because its coordinates were not scaled "
        f"(strained: {UNSCALED})."
    )


def refuse_wrong_places(bottom: Atoms, top: Atoms) -> None:
    """Raise StructureError unless one layer, by its tags, can lie below and the other on top."""
    places = (
        (bottom, "lie below", "a bottom layer", roles.FACES, roles.BOTTOM_TAGS),
        (top, "lie on top", "a partner sheet", (roles.SHEET,), roles.TOP_TAGS),
    )
    for layer, place, kind, needed, allowed in places:
        tags = set(layer.get_tags().tolist())
        if foreign := sorted(tags - set(allowed)):
            named = ", ".join(f"{tag} ({roles.NAMES.get(tag, 'unknown')})" for tag in foreign)
            raise StructureError(
                f"the layer {_name(layer)!r} cannot {place}: it has atoms with tag {named}, which "
                f"{kind} has none of; name another layer there."
            )
        if missing := sorted(set(needed) - tags):
            named = ", ".join(f"{tag} ({roles.NAMES[tag]})" for tag in missing)
            raise StructureError(
                f"the layer {_name(layer)!r} cannot {place}: it has no atom with tag {named}, "
                f"which {kind} needs; name another layer there."
            )


def _common_cell(
    bottom: np.ndarray, top: np.ndarray, strained: str, stiffnesses: Sequence[float] | None
) -> np.ndarray:
    """Return the common in-plane cell (2, 2) in Å, refusing cells of different angles."""
    require_allowed(Stack, "strained", strained, name="strained", error=StructureError)
    require_angles(_angle(bottom), _angle(top))
    cells = {"top": bottom, UNSCALED: bottom, "bottom": top, "share": (bottom + top) / 2}
    if strained == BY_STIFFNESS:
        if stiffnesses is None:
            raise StructureError(
                f"strained: {BY_STIFFNESS} needs the stiffness of both layers (C11 + C12, N/m)."
            )
        cells[BY_STIFFNESS] = np.average([bottom, top], axis=0, weights=stiffnesses)
    found: np.ndarray = cells[strained]
    return found


def _angle(cell: np.ndarray) -> float:
    cosine = cell[0] @ cell[1] / np.prod(np.linalg.norm(cell, axis=1))
    return float(np.degrees(np.arccos(cosine)))


def _strain(layer: Atoms, common: np.ndarray) -> float:
    deformation = np.linalg.solve(layer.cell.array[:2, :2], common)
    strains = np.linalg.svd(deformation, compute_uv=False) - 1
    # Rounding keeps an unstrained layer at 0.0 in the metadata, not at -1e-16.
    return round(float(strains[np.argmax(np.abs(strains))]), 12) + 0.0


def _boundary_bonds(layer: Atoms, common: np.ndarray) -> dict[str, Any]:
    """Measure the bonds of a layer that cross its boundary, in the common cell (2, 2), unscaled."""
    offsets, vectors = find_bonds("SD", layer)
    crossing = offsets[:, :2].any(axis=1)
    before = np.linalg.norm(vectors[crossing], axis=1)
    moved = vectors[crossing]
    moved[:, :2] += offsets[crossing, :2] @ (common - layer.cell.array[:2, :2])
    after = np.linalg.norm(moved, axis=1)
    change = float(np.abs(after / before - 1).max(initial=0))
    found: dict[str, Any] = {"boundary_bonds": len(after) // 2, "boundary_bond_change": change}
    if len(after):
        found["boundary_bond_lengths"] = [float(after.min()), float(after.max())]
    return found


def _fit(layer: Atoms, common: np.ndarray, shift: tuple[float, float], *, scaled: bool) -> Atoms:
    """Return a copy in the common cell: lateral fractions, or coordinates, kept and shifted."""
    fitted = Atoms(layer.symbols, positions=layer.positions, tags=layer.get_tags(), pbc=True)
    kept = common if scaled else layer.cell.array[:2, :2]
    fractions = np.linalg.solve(layer.cell.array[:2, :2].T, layer.positions[:, :2].T).T
    fitted.positions[:, :2] = fractions @ kept + np.asarray(shift) @ common
    cell = np.zeros((3, 3))
    cell[:2, :2] = common
    cell[2] = layer.cell.array[2]
    fitted.cell = cell
    return fitted


def _name(layer: Atoms) -> str:
    return str(layer.info.get("name", layer.get_chemical_formula()))
