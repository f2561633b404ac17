"""The spacing of a stack: mean height of the partner layer above the facing termination."""

from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.geometry import heights


def spacing_of(atoms: Atoms, *, convention: str) -> float:
    """Measure the spacing of one stack.

    d = ⟨z⟩(partner layer) − ⟨z⟩(tag 3), in Å, with the stack in one piece: a structure whose atoms
    were wrapped into the cell has the spacing of the one that was not.

    Args:
        atoms: stack with tags.
        convention: "sheet" averages the sheet (tag 10); "all" averages every atom of the partner
            layer (tags 10 to 12), as the published adhesion scans did.

    Raises:
        StructureError: unknown convention, or a structure without one of the two layers.
    """
    selections = {"sheet": roles.sheet, "all": roles.top}
    if convention not in selections:
        raise StructureError(
            f"The spacing convention {convention!r} is unknown: give one of "
            f"{', '.join(selections)}."
        )
    layer, facing = selections[convention](atoms), roles.facing(atoms)
    if not layer.any() or not facing.any():
        raise StructureError(
            f"{atoms.get_chemical_formula()} has {layer.sum()} atoms tagged as partner layer and "
            f"{facing.sum()} tagged as facing termination, and a spacing needs both: give a stack "
            "with tags."
        )
    z = heights(atoms)
    return float(z[layer].mean() - z[facing].mean())
