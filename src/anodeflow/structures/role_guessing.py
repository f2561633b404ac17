"""The role of every atom from elements, bonds and planes: one rule for files and imports."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.bonded_parts import bonded_parts, name_atoms, refuse_other_than_layers
from anodeflow.structures.bottom_roles import bottom_tags
from anodeflow.structures.elements import ALKALIS, ION_ELEMENTS, layer_metallic
from anodeflow.structures.top_roles import top_tags

RULES = {"bottom": bottom_tags, "top": top_tags}


def guess_layer_tags(layer: Atoms, role: str, *, names: np.ndarray | None = None) -> np.ndarray:
    """Give every atom of one layer its role; tags (N,).

    Args:
        layer: atoms of one layer, z along the third vector.
        role: "bottom" or "top", for the rules of `bottom_roles.bottom_tags` and
            `top_roles.top_tags`.
        names: of the atoms (N,), for sentences; None: by their index.

    Raises:
        StructureError: as these two do.
    """
    free = layer.copy()
    free.set_constraint()  # not all can be repeated
    return RULES[role](free, name_atoms(layer) if names is None else names)


def guess_stack_tags(atoms: Atoms, *, ions: Sequence[str]) -> np.ndarray:
    """Give every atom of a stack its role; tags (N,).

    All atoms of the elements `ions` are ions. Layers are groups of bonded atoms; the one with a
    metal (that is none of ions, `elements.ION_ELEMENTS`) is the bottom layer, what is left the top
    one. Inside each, roles are those of `guess_layer_tags`.

    Args:
        atoms: the stack as `orientation.find_orientation` brings it, MXene below.
        ions: elements of the ions.

    Raises:
        StructureError: an alkali that is not named, not one layer with a metal and another without,
            or as `guess_layer_tags`.
    """
    below, above = split_stack(atoms, ions=ions)
    tags, names = np.full(len(atoms), roles.ION), name_atoms(atoms)
    for role, layer in (("bottom", below), ("top", above)):
        tags[layer] = guess_layer_tags(atoms[layer], role, names=names[layer])
    return tags


def split_stack(atoms: Atoms, *, ions: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices (B,) of the bottom and (T,) of the top layer of a stack without tags.

    Args and errors: as `guess_stack_tags`.
    """
    symbols, names = np.array(atoms.get_chemical_symbols()), name_atoms(atoms)
    host = np.flatnonzero(~np.isin(symbols, ions))
    stack = atoms[host]
    parts = bonded_parts(stack)
    with_others = np.isin(parts, parts[~np.isin(stack.symbols, ION_ELEMENTS)])
    for atom in host[np.isin(stack.symbols, ALKALIS) | ~with_others]:
        raise StructureError(
            f"{names[atom]} is no atom of a layer and was not named as an ion: name it"
            f"{_told(*ions, symbols[atom])}."
        )
    with_metal = np.unique(parts[layer_metallic(stack.symbols)])
    below = np.isin(parts, with_metal)
    unnamed = sorted(set(ION_ELEMENTS) & set(stack.symbols))
    if len(with_metal) != 1 or below.all():
        count = parts.max(initial=-1) + 1
        raise StructureError(
            f"{atoms.get_chemical_formula()} without its ions ({', '.join(ions) or 'none'}) has "
            f"{count} bonded part{'' if count == 1 else 's'}, {len(with_metal)} with a metal, "
            "where one layer with a metal and one without are needed: "
            f"name the ions{_told(*unnamed)}, or give frames with tags ({roles.TAGS})."
        )
    refuse_other_than_layers(stack, names[host])
    return host[below], host[~below]


def _told(*elements: str) -> str:
    """Say how these ions are named on the command line of an import; empty without any."""
    return f" ({' '.join(f'--ion {element}' for element in elements)})" if elements else ""
