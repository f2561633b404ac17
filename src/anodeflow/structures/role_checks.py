"""Tags that a file brings, held against elements, bonds and planes."""

import numpy as np
from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.bonded_parts import bonded_parts, name_atoms
from anodeflow.structures.elements import ALKALIS, layer_metallic
from anodeflow.structures.role_guessing import guess_layer_tags


def check_layer_tags(layer: Atoms, role: str) -> None:
    """Raise StructureError unless a layer's tags are those of `guess_layer_tags`; it names an atom.

    Args:
        layer: atoms of one layer with tags, z along the third vector.
        role: "bottom" or "top".
    """
    _refuse_other_tags(layer, np.arange(len(layer)), role, name_atoms(layer))


def check_stack_tags(atoms: Atoms) -> None:
    """Raise StructureError unless the tags of a stack are those of its layers; it names an atom.

    Beside what `check_tagged_layers` asks, roles inside each layer are those of `guess_layer_tags`.

    Args:
        atoms: a stack with tags, as `orientation.find_orientation` brings it, MXene below.
    """
    check_tagged_layers(atoms)
    for role, chosen in (("bottom", roles.bottom(atoms)), ("top", roles.top(atoms))):
        _refuse_other_tags(atoms, np.flatnonzero(chosen), role, name_atoms(atoms))


def check_tagged_layers(atoms: Atoms) -> None:
    """Raise StructureError unless tags part a stack into layers and ions; it names an atom.

    Layers are what the tags say, ions those with tag 20, and no bond may join two of them. All this
    does not ask which layer lies below.

    Args:
        atoms: a stack with tags, z along the third vector.
    """
    names, tags = name_atoms(atoms), atoms.get_tags()
    known = roles.ions(atoms) | roles.bottom(atoms) | roles.top(atoms)
    for atom in np.flatnonzero(~known):
        raise StructureError(f"{names[atom]} has the tag {tags[atom]}: tags are {roles.TAGS}.")
    _refuse_mistaken_ions(atoms, names)
    roles.require_stack(atoms, "what has two layers")
    metals = layer_metallic(atoms.symbols)
    if metals[roles.top(atoms)].any() and not metals[roles.bottom(atoms)].any():
        first = int(roles.bottom(atoms).argmax())
        raise StructureError(
            f"{names[first]} has the tag {tags[first]}, of the bottom layer, in which there is no "
            "metal, while there is in the top one: correct or remove the tags."
        )
    host = np.flatnonzero(~roles.ions(atoms))
    parts, below = bonded_parts(atoms[host]), roles.bottom(atoms)[host]
    for part in range(parts.max() + 1):
        bonded = parts == part
        if (odd := _minority(bonded, below)) is not None:
            layer = "bottom" if below[odd] else "top"
            raise StructureError(
                f"{names[host[odd]]} has the tag {tags[host[odd]]}, of the {layer} layer, but is "
                "bonded to the other one: correct or remove the tags."
            )


def _refuse_mistaken_ions(atoms: Atoms, names: np.ndarray) -> None:
    """Raise StructureError for an ion of an element of the layers, and an alkali that is no ion."""
    ions, symbols = roles.ions(atoms), np.array(atoms.get_chemical_symbols())
    for atom in np.flatnonzero(ions & np.isin(symbols, symbols[~ions])):
        raise StructureError(
            f"{names[atom]} has the tag {roles.ION} (ion), while other {symbols[atom]} are of a "
            "layer: correct or remove the tags."
        )
    for atom in np.flatnonzero(~ions & np.isin(symbols, ALKALIS)):
        raise StructureError(
            f"{names[atom]} has the tag {atoms.get_tags()[atom]}, while an alkali is an ion (tag "
            f"{roles.ION}): correct or remove the tags."
        )


def _minority(bonded: np.ndarray, below: np.ndarray) -> int | None:
    """Return the first of the bonded atoms that are of the rarer layer; None if all are of one."""
    count = int((bonded & below).sum())
    if count in (0, int(bonded.sum())):
        return None
    rarer = below if 2 * count <= bonded.sum() else ~below
    return int(np.flatnonzero(bonded & rarer)[0])


def _refuse_other_tags(atoms: Atoms, chosen: np.ndarray, role: str, names: np.ndarray) -> None:
    tags = atoms.get_tags()[chosen]
    right = guess_layer_tags(atoms[chosen], role, names=names[chosen])
    for atom, tag, found in zip(chosen, tags, right, strict=True):
        if tag != found:
            raise StructureError(
                f"{names[atom]} has the tag {tag} ({roles.NAMES.get(tag, 'unknown')}), but by its "
                f"bonds and height it is {found} ({roles.NAMES[int(found)]}): correct or remove "
                "the tags."
            )
