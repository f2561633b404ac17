"""The roles of the atoms of a bottom layer, from elements, bonds and planes."""

import numpy as np
from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.bonded_parts import bonded_parts, refuse_other_than_layers
from anodeflow.structures.bonds import find_bonds
from anodeflow.structures.elements import (
    ION_ELEMENTS,
    X_ELEMENTS,
    layer_metallic,
)
from anodeflow.structures.geometry import heights

ABOVE = 0.3
"""An atom is above another that is lower by more than this (Å)."""

PLANES_APART = 0.6
"""Å between the heights of neighbouring planes at least, and within one at most."""

FACE_SPREAD = 1.0
"""ASSUME: the atoms of a face lie within this height (Å). By covalent radii O and Br in hollows of
a Ti lattice of 3.03 Å differ by 0.76 Å; ripples come on top."""

FACE_FILLING = 0.75
"""ASSUME: a face with fewer atoms than this share of those of a metal plane is no plane."""

FACE_NAMES = {roles.LOWER_TERMINATION: "lower", roles.UPPER_TERMINATION: "upper"}


def bottom_tags(layer: Atoms, names: np.ndarray) -> np.ndarray:
    """Give every atom of a bottom layer its role; tags (N,).

    A nonmetal with a bonded metal above and another below is X; one with metals on one side only
    is a termination, at the face away from them; H bonded to a termination is its hydrogen. The
    face of a side without terminations is its outermost plane of metal, where that lies on B, C or
    N. A face is one plane: within 1 Å, nothing but its hydrogen outside it, and with at least
    three quarters as many atoms as the fullest plane of metal.

    Args:
        layer: its atoms, z along the third vector.
        names: of the atoms (N,), for sentences.

    Raises:
        StructureError: several layers, an element of ions, no metal or nothing else, one flat
            plane, an atom that is none of these, or a face that is no plane.
    """
    _refuse_other_layers(layer, names)
    metal, z = layer_metallic(layer.symbols), heights(layer)
    _refuse_without_faces(layer, metal, planes=int(_planes(z).max()) + 1)
    hydrogen = _attached_hydrogen(layer)
    below, above = _sides_with_metal(layer, metal)
    outer = ~metal & ~hydrogen
    for atom in np.flatnonzero(outer & ~below & ~above):
        raise StructureError(
            f"{names[atom]} of the bottom layer has no bonded metal above or below it, so it is "
            "neither X nor a termination: take it out, or give the layer as a top layer."
        )
    tags = np.where(metal, roles.METAL, roles.X)
    tags[hydrogen] = roles.TERMINATION_HYDROGEN
    tags[outer & below & ~above] = roles.UPPER_TERMINATION
    tags[outer & above & ~below] = roles.LOWER_TERMINATION
    bare = [face for face in roles.FACES if face not in tags]
    planes = _planes(z[metal])
    for face in bare:
        outermost = 0 if face == roles.LOWER_TERMINATION else planes.max()
        tags[np.flatnonzero(metal)[planes == outermost]] = face
    for face in roles.FACES:
        _refuse_uneven_face(layer, z, tags, face, fullest=int(np.bincount(planes).max()))
        if face in bare:
            _refuse_metal_outside(layer, tags, names, face)
    _refuse_stray_hydrogen(layer, tags, names)
    return tags


def _refuse_other_layers(layer: Atoms, names: np.ndarray) -> None:
    refuse_other_than_layers(layer, names)
    for atom in np.flatnonzero(np.isin(layer.symbols, ION_ELEMENTS)):
        raise StructureError(
            f"{names[atom]} is an ion and no metal of a bottom layer: name it as an ion (--ion of "
            "an import), or take it out of a layer file, since the workflow puts ions in itself."
        )
    count = int(bonded_parts(layer).max()) + 1
    if count > 1:
        raise StructureError(
            f"{layer.get_chemical_formula()} holds {count} layers (groups of bonded atoms) where "
            "one is needed: give one layer with vacuum above it."
        )


def _refuse_without_faces(layer: Atoms, metal: np.ndarray, *, planes: int) -> None:
    formula = layer.get_chemical_formula()
    if planes == 1:
        raise StructureError(
            f"{formula} is one flat plane of atoms and cannot be a bottom "
            "layer, which has two faces: use it as a top layer (role top)."
        )
    if metal.all() or not metal.any():
        raise StructureError(
            f"{formula} holds {'nothing but' if metal.all() else 'no'} metal and cannot be a "
            "bottom layer, such as an MXene or a dichalcogenide: use it as a top layer (role top)."
        )


def _attached_hydrogen(layer: Atoms) -> np.ndarray:
    """Select the H that is bonded to another nonmetal; mask (N,) of bool."""
    first, second = find_bonds("ij", layer)
    hydrogen = layer.symbols == "H"
    other = ~hydrogen & ~layer_metallic(layer.symbols)
    found: np.ndarray = hydrogen & np.isin(np.arange(len(layer)), first[other[second]])
    return found


def _sides_with_metal(layer: Atoms, metal: np.ndarray) -> list[np.ndarray]:
    """Select the atoms with a bonded metal below, and those with one above; masks (N,) of bool."""
    first, second, vectors = find_bonds("ijD", layer)
    return [
        np.isin(np.arange(len(layer)), first[metal[second] & (side * vectors[:, 2] > ABOVE)])
        for side in (-1, 1)
    ]


def _planes(z: np.ndarray) -> np.ndarray:
    """Number the planes of heights (N,) from below, 0 first; (N,)."""
    order = np.argsort(z)
    planes = np.empty(len(z), dtype=int)
    planes[order] = np.cumsum(np.diff(z[order], prepend=z.min()) >= PLANES_APART)
    return planes


def _refuse_uneven_face(
    layer: Atoms, z: np.ndarray, tags: np.ndarray, face: int, *, fullest: int
) -> None:
    side = 1 if face == roles.UPPER_TERMINATION else -1
    members = tags == face
    outside = ~members & (tags != roles.TERMINATION_HYDROGEN) & (side * (z - z[members].mean()) > 0)
    if (
        not outside.any()
        and np.ptp(z[members]) <= FACE_SPREAD
        and members.sum() >= FACE_FILLING * fullest
    ):
        return
    heavy = tags != roles.TERMINATION_HYDROGEN
    planes = _planes(z[heavy])
    numbers = sorted(set(planes.tolist()), reverse=side > 0)[:2]
    told = [
        f"{(planes == n).sum()} of {'/'.join(sorted(set(layer.symbols[heavy][planes == n])))} at "
        f"{z[heavy][planes == n].mean():.2f} Å"
        for n in numbers
    ]
    raise StructureError(
        f"the {FACE_NAMES[face]} face of {layer.get_chemical_formula()} is no plane (from outside: "
        f"{', '.join(told)}; a plane of metal has {fullest}): give a layer whose face is a plane "
        f"within {FACE_SPREAD:g} Å, {100 * FACE_FILLING:.0f} % full or more, without adsorbates."
    )


def _refuse_metal_outside(layer: Atoms, tags: np.ndarray, names: np.ndarray, face: int) -> None:
    """Raise StructureError unless every metal of a bare face lies on B, C or N, or bears the other.

    The other face is that of a layer with one plane of metal, such as MoS2 without one of its S.
    """
    first, second = find_bonds("ij", layer)
    inside = np.isin(layer.symbols, X_ELEMENTS) & (tags == roles.X)
    inside |= np.isin(tags, roles.FACES) & ~layer_metallic(layer.symbols)
    for atom in np.flatnonzero(tags == face):
        bonded = second[(first == atom) & ~layer_metallic(layer.symbols)[second]]
        if not (len(bonded) and inside[bonded].all()):
            raise StructureError(
                f"{names[atom]} is the outermost metal of the {FACE_NAMES[face]} face, and does "
                "not lie on B, C or N as that of a bare MXene: take it out if it is adsorbed; name "
                "it if it is an ion."
            )


def _refuse_stray_hydrogen(layer: Atoms, tags: np.ndarray, names: np.ndarray) -> None:
    first, second = find_bonds("ij", layer)
    for atom in np.flatnonzero(tags == roles.TERMINATION_HYDROGEN):
        if not np.isin(tags[second[first == atom]], roles.FACES).any():
            raise StructureError(
                f"{names[atom]} is bonded to no termination but inside the layer: take it out."
            )
