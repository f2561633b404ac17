"""Whether two layers fit into a cell, by the configuration alone: their strain, and the vacuum."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from anodeflow.errors import StructureError
from anodeflow.structures.stiffness import BY_STIFFNESS, stiffnesses
from anodeflow.structures.supercells import supercell_matrix

UNSCALED = "top-unscaled"
"""Value of `strained`: the top layer is put into the bottom's cell with its coordinates kept."""

LARGEST_ANGLE_MISMATCH = 0.5
"""Cells whose angles differ by more (degrees) are not strained copies of one lattice."""

SMALLEST_VACUUM = 20.0
"""Empty height (Å) that keeps the periodic images of a stack apart."""

Cell = tuple[float, float, float]
"""A lateral cell with its first vector along x: a_x, b_x, b_y, Å."""


def require_vacuum(what: str, *, height: float, extent: float) -> None:
    """Raise StructureError unless 20 Å of a cell's height are empty.

    Args:
        what: the stack or layer, for the sentence.
        height: of the cell, Å.
        extent: from the lowest nucleus to the highest, Å.
    """
    if height - extent < SMALLEST_VACUUM:
        raise StructureError(
            f"{what} leaves {height - extent:.1f} Å of vacuum in a cell {height:.1f} Å high, at "
            f"least {SMALLEST_VACUUM:.0f} Å is needed: raise cell_height, or give thinner layers."
        )


def require_angles(bottom: float, top: float) -> None:
    """Raise StructureError where the angles of two cells differ by more than 0.5°.

    Args:
        bottom: between the lateral vectors of the lower one, in units of 1°.
        top: of the upper one, likewise.
    """
    if abs(bottom - top) > LARGEST_ANGLE_MISMATCH:
        raise StructureError(
            f"the cells of the two layers have angles of {bottom:.2f} and {top:.2f}°, at "
            f"most {LARGEST_ANGLE_MISMATCH}° apart is allowed: use layers with the same lattice."
        )


def require_strain(
    strains: Mapping[str, float], limit: float, names: Sequence[str], lengths: Sequence[float]
) -> None:
    """Raise StructureError where a layer of a stack is strained beyond the limit.

    Args:
        strains: of the layers at bottom and top.
        limit: largest allowed absolute value of strain.
        names: of both.
        lengths: of the first vectors of both cells, Å.
    """
    for (place, strain), name in zip(strains.items(), names, strict=True):
        if abs(strain) > limit:
            raise StructureError(
                f"the {place} layer {name!r} would be strained by {100 * strain:.2f} %, the limit "
                f"is {100 * limit:.2f} %: choose supercell sizes that fit (now {lengths[0]:.3f} Å "
                f"below, {lengths[1]:.3f} Å above) or raise strain_limit."
            )


def check_planned_layer(layer: Mapping[str, Any], *, cell_height: float) -> None:
    """Raise StructureError for a layer without vacuum; of a file nothing is known.

    Args:
        layer: its entry of the configuration.
        cell_height: Å.
    """
    if layer["builder"] in ("mxene", "honeycomb"):
        require_vacuum("the layer", height=cell_height, extent=_thickness(layer))


def check_planned_stack(structures: Mapping[str, Any], name: str) -> None:
    """Raise StructureError for a stack that the builder would refuse, as far as it is known.

    That is what `builders.stacks.stack_layers` says of angles, strains and vacuum; of layers from
    files nothing is known. Atoms of a group do not count, which hang below their sheet.

    Args:
        structures: the configuration's section `structures`.
        name: of the stack.
    """
    layers, stack = structures["layers"], structures["stacks"][name]
    ends = [layers[stack[end]] for end in ("bottom", "top")]
    bottom, top = (layers.get(end.get("base"), end) for end in ends)
    if not {bottom["builder"], top["builder"]} <= {"mxene", "honeycomb"}:
        return
    cells = _cell(bottom), _cell(top)
    require_angles(*(math.degrees(math.atan2(cell[2], cell[1])) for cell in cells))
    common = _common(*cells, stack["strained"], stiffnesses(structures, name))
    require_strain(
        {"bottom": _strain(cells[0], common), "top": _strain(cells[1], common)},
        structures["strain_limit"],
        [stack["bottom"], stack["top"]],
        [cells[0][0], cells[1][0]],
    )
    extent = _thickness(bottom) + stack["spacing"] + _thickness(top) / 2
    require_vacuum("the stack", height=structures["cell_height"], extent=extent)


def _thickness(layer: Mapping[str, Any]) -> float:
    """Return the height from the lowest nucleus of a built layer to the highest, Å."""
    if layer["builder"] == "honeycomb":
        return abs(float(layer["buckling"]))
    inner = 2 * layer["n"] * layer["metal_x_height"]
    return float(2 * layer["metal_termination_height"] + inner)


def _cell(layer: Mapping[str, Any]) -> Cell:
    """Return the lateral cell of a hexagonal layer's supercell."""
    (a, b), (c, d) = supercell_matrix(layer["size"])
    lattice, metric = float(layer["lattice"]), ((a, b), (c, d))
    # Lengths and product in a lattice with a·a = b·b = 1, a·b = -1/2.
    first, second = (math.sqrt(n * n - n * m + m * m) for n, m in metric)
    product = a * c + b * d - (a * d + b * c) / 2
    along = product / first
    return first * lattice, along * lattice, math.sqrt(second**2 - along**2) * lattice


def _common(bottom: Cell, top: Cell, strained: str, weights: Sequence[float] | None) -> Cell:
    if strained in ("top", UNSCALED):
        return bottom
    if strained == "bottom":
        return top
    below, above = weights if strained == BY_STIFFNESS and weights else (1.0, 1.0)
    mean = [(below * x + above * y) / (below + above) for x, y in zip(bottom, top, strict=True)]
    return mean[0], mean[1], mean[2]


def _strain(layer: Cell, common: Cell) -> float:
    """Return the singular value of F = C_layer⁻¹ C_common that is farthest from 1, minus 1.

    Of a triangular F they are those with the sum of squares T and the product D of its own.
    """
    (ax, bx, by), (cx, dx, dy) = layer, common
    f11, f21, f22 = cx / ax, (dx - bx * cx / ax) / by, dy / by
    total, product = f11**2 + f21**2 + f22**2, f11 * f22
    root = math.sqrt(max(total**2 - 4 * product**2, 0.0))
    values = [math.sqrt((total + sign * root) / 2) - 1 for sign in (1, -1)]
    return max(values, key=abs)
