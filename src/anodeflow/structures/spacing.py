"""The spacing of a stack: mean height of the partner layer above the facing termination."""

import numpy as np
from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.geometry import heights
from anodeflow.structures.spacing_conventions import SpacingConvention

CONVENTIONS: dict[SpacingConvention, tuple[int, ...]] = {
    "sheet": (roles.SHEET,),
    "all": roles.TOP_TAGS,
}
"""Tags of the partner layer that are averaged."""


def spacing_of(atoms: Atoms, *, convention: SpacingConvention) -> float:
    """Measure the spacing of one stack.

    d = ⟨z⟩(partner layer) − ⟨z⟩(tag 3), in Å, with the stack in one piece: a structure whose atoms
    were wrapped into the cell has the spacing of the one that was not.

    Args:
        atoms: stack with tags.
        convention: "sheet" averages the sheet (tag 10); "all" averages every atom of the partner
            layer (tags 10 to 12), as the published adhesion scans did.

    Raises:
        StructureError: unknown convention, no stack, or a spacing that is not positive.
    """
    if convention not in CONVENTIONS:
        raise StructureError(
            f"The spacing convention {convention!r} is unknown: give one of "
            f"{', '.join(CONVENTIONS)}."
        )
    roles.require_stack(atoms, "a spacing")
    floor, ceiling = gap_edges(heights(atoms), atoms.get_tags(), averaged=CONVENTIONS[convention])
    if not ceiling > floor:
        raise StructureError(
            f"the partner layer of {atoms.get_chemical_formula()} lies {floor - ceiling:.2f} Å "
            "below the facing plane, where a spacing is positive: the layers have gone through one "
            "another, or the stack is upside down; correct its positions or tags."
        )
    return float(ceiling - floor)


def move_top(stack: Atoms, spacing: float, *, measured: float) -> None:
    """Move the top layer of a stack rigidly along z, in place, to a spacing.

    Args:
        stack: stack with tags.
        spacing: where to, Å.
        measured: the spacing as it is, Å: of `spacing_of`, or of `spacing_in` where the layers
            overlap.
    """
    stack.positions[roles.top(stack), 2] += spacing - measured


def spacing_in(positions: np.ndarray, tags: np.ndarray) -> np.ndarray:
    """Measure the spacings (...), Å, of a stack at unwrapped positions (..., N, 3), taken as given.

    They are those of the sheet: ⟨z⟩(tag 10) − ⟨z⟩(tag 3), tags (N,).
    """
    floor, ceiling = gap_edges(positions[..., 2], tags)
    found: np.ndarray = ceiling - floor
    return found


def gap_edges(
    z: np.ndarray, tags: np.ndarray, *, averaged: tuple[int, ...] = CONVENTIONS["sheet"]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean heights ⟨z⟩(tag 3) and ⟨z⟩(tags `averaged`) of z, in its unit.

    z (..., N), tags (N,); returns two arrays (...).
    """
    facing, layer = tags == roles.UPPER_TERMINATION, np.isin(tags, averaged)
    return z[..., facing].mean(axis=-1), z[..., layer].mean(axis=-1)
