"""How a structure of another program is brought into the form that this project measures.

The stacking axis is z and the third cell vector, the MXene lies below, atoms are in one piece.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixScaled

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.bonded_parts import (
    NARROWEST_VACUUM,
    bonded_parts,
    name_atoms,
    spreads,
    widest_slab,
)
from anodeflow.structures.elements import ALKALIS, ION_ELEMENTS, layer_metallic, metallic
from anodeflow.structures.geometry import heights, turns
from anodeflow.structures.role_checks import check_tagged_layers

FLAT = 1e-3
"""A cell vector that leaves the plane by less than this fraction of its length lies in it."""

CLEARLY_WIDER = 1.5
"""The vacuum is as many times wider than the gap at least, where no tags tell them apart."""

NEW_VACUUM = 20.0
"""Å above a structure whose cell has no height of its own."""

UPSIDE_DOWN = np.array([1.0, -1.0, -1.0])
"""A rotation by 180° about x, which keeps every axis where it is."""


@dataclass(frozen=True)
class Orientation:
    """What is done to every frame of one run, or to one structure, alike.

    order, signs: the cell vectors that become a, b and c, and their signs; height: of the cell
    along z, Å, where it has none of its own, None where it has; turned: by 180° about x.
    """

    order: tuple[int, int, int]
    signs: tuple[int, int, int]
    height: float | None = None
    turned: bool = False

    def apply(self, frame: Atoms) -> Atoms:
        """Return a copy with c upwards, periodic, in one piece, and the MXene below.

        Momenta, and stored forces (eV/Å), are turned with the atoms; a stored energy (eV) is kept.
        """
        brought: Atoms = frame.copy()
        cell = frame.cell.array[list(self.order)] * np.array(self.signs)[:, None]
        if self.height is not None:
            cell[2] = [0.0, 0.0, self.height]
        brought.set_cell(cell)
        brought.pbc = True
        mirrored = brought.positions - turns(brought)[:, None] * cell[2]
        brought.positions = self._turn(mirrored)
        if self.turned:
            brought.positions += [0.0, 0.0, cell[2, 2]]
            brought.set_cell((self._turn(cell) * [[1], [1], [-1]])[[1, 0, 2]])
        if "momenta" in brought.arrays:
            brought.arrays["momenta"] = self._turn(brought.arrays["momenta"])
        order = np.array(self.order)[[1, 0, 2] if self.turned else [0, 1, 2]]
        for constraint in brought.constraints:
            if isinstance(constraint, FixScaled):
                constraint.mask = constraint.mask[order]
        results = {} if frame.calc is None else frame.calc.results
        kept = {name: results[name] for name in ("energy", "forces") if name in results}
        if "forces" in kept:
            kept["forces"] = self._turn(np.asarray(kept["forces"]))
        brought.calc = SinglePointCalculator(brought, **kept) if kept else None
        return brought

    def _turn(self, vectors: np.ndarray) -> np.ndarray:
        """Turn vectors (M, 3) over if the structure is."""
        return vectors * UPSIDE_DOWN if self.turned else vectors


def find_orientation(atoms: Atoms, *, ions: Sequence[str] = ()) -> Orientation:
    """Find how to bring a layer or a stack; all frames of a run take that of the first.

    The third vector is the one beside two in the plane of x and y; c is made to point up and the
    set right-handed, atoms stay where they are. The layer with a metal is brought below, by the
    narrower of the two gaps between it and the rest: there is the partner, the other is vacuum.

    Args:
        atoms: as read, with or without tags.
        ions: elements that are ions where there are no tags, beside the alkalis.

    Raises:
        StructureError: no cell in the plane, the stacking axis is not z, no vacuum, atoms
            outside a stack's layers, layers without metal on both sides, or tags that part it
            otherwise.
    """
    found = find_axes(atoms)
    brought = found.apply(atoms)
    if brought.get_tags().any():
        check_tagged_layers(brought)  # before they tell the layers apart
    return replace(found, turned=_sheet_below(brought, ions, folded=found.height is None))


def find_axes(atoms: Atoms) -> Orientation:
    """Find which cell vectors become a, b and c; as `find_orientation`, but never turned over."""
    if not len(atoms):
        raise StructureError("there are no atoms: give a structure that holds some.")
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        raise StructureError("a position or a cell vector is not a number: correct the file.")
    cell = atoms.cell.array
    third = _stacking_vector(atoms, np.linalg.norm(cell, axis=1))
    first, second = (other for other in (0, 1, 2) if other != third)
    order = (first, second, third)
    if np.linalg.det(cell[[first, second], :2]) < 0:
        order = (second, first, third)
    found = Orientation(order, (1, 1, -1 if cell[third, 2] < 0 else 1))
    if abs(cell[third, 2]) <= FLAT or (not atoms.pbc[third] and not _folded(atoms, third)):
        return replace(found, height=float(np.ptp(atoms.positions[:, 2])) + NEW_VACUUM)
    _refuse_other_stacking(atoms, third)
    return found


def _stacking_vector(atoms: Atoms, lengths: np.ndarray) -> int:
    """Return which of the cell vectors is out of the plane of x and y that the others span."""
    cell, formula = atoms.cell.array, atoms.get_chemical_formula()
    if (lengths > 0).sum() < 2:
        raise StructureError(
            f"{formula} has no cell in the plane ({(lengths > 0).sum()} of its cell vectors are "
            "not zero, two are needed): give a file with a lattice."
        )
    lies = (lengths > 0) & (np.abs(cell[:, 2]) <= FLAT * lengths)
    if lies.sum() < 2 and not lengths.all():
        raise StructureError(
            f"the cell vector {int(lengths.argmin()) + 1} of {formula} has no length and the plane "
            f"of x and y holds {lies.sum()} of the others, where two are needed: correct the "
            "lattice."
        )
    if lies.sum() < 2:
        raise StructureError(_leaning(cell, lengths))
    if lies.all():
        raise StructureError(
            f"all three cell vectors of {formula} lie in the plane of x and y: correct the "
            "lattice, or set the third to zero."
        )
    first, second = np.flatnonzero(lies)
    area = abs(float(np.linalg.det(cell[lies, :2])))
    if area < 1e-6 * lengths[first] * lengths[second]:
        raise StructureError(
            f"the cell vectors {first + 1} and {second + 1} lie on one line, where two that "
            "span the plane are needed: correct the lattice."
        )
    return int(np.flatnonzero(~lies)[0])


def _leaning(cell: np.ndarray, lengths: np.ndarray) -> str:
    """Say which vector leaves the plane, of the pair that leaves it least."""
    lean = np.degrees(np.arcsin(np.clip(np.abs(cell[:, 2]) / lengths, 0, 1)))
    second = int(np.argsort(lean)[1])
    return (
        f"the cell vector {second + 1} leaves the plane of x and y by {lean[second]:.1f}°, where "
        "two of the three have to lie in it (stacking axis along z): turn the structure so "
        "that the layer's normal is z."
    )


def _empty_slab(atoms: Atoms, vector: int) -> float:
    """Return the height (Å) of the widest slab without atoms along the normal of two vectors."""
    cell = atoms.cell.array
    normal = np.cross(*np.delete(cell, vector, axis=0))
    normal /= np.linalg.norm(normal)
    period = abs(float(cell[vector] @ normal))
    return widest_slab(atoms.positions @ normal, period)


def _folded(atoms: Atoms, third: int) -> bool:
    """Say whether an open cell may have been folded along z: it holds the atoms, with vacuum."""
    inside = np.ptp(atoms.positions[:, 2]) <= abs(atoms.cell.array[third, 2])
    return bool(inside and _empty_slab(atoms, third) >= NARROWEST_VACUUM)


def _refuse_other_stacking(atoms: Atoms, third: int) -> None:
    along_z = _empty_slab(atoms, third)
    for vector in {0, 1, 2} - {third}:
        other = _empty_slab(atoms, vector)
        if other > max(along_z, NARROWEST_VACUUM):
            normal = np.cross(*np.delete(atoms.cell.array, vector, axis=0))
            axis = "xyz"[int(np.argmax(np.abs(normal)))]
            raise StructureError(
                f"the widest gap ({other:.1f} Å) is along {axis}, with {along_z:.1f} Å along z, "
                "and the stacking axis has to be z: turn the structure."
            )


def _sheet_below(atoms: Atoms, ions: Sequence[str], *, folded: bool) -> bool:
    """Say whether a stack lies upside down; False for a single layer.

    folded: whether the cell's height is a period, or atoms are taken as they lie.
    """
    below, above = _layers(atoms, ions)
    if not (below.any() and above.any()):
        return False
    _refuse_others(atoms, ions, below, above)
    mxene = heights(atoms[below])
    if not folded:
        return bool(atoms.positions[above, 2].mean() < mxene.mean())
    period = float(atoms.cell.array[2, 2])
    free = period - float(np.ptp(mxene))
    rise = (atoms.positions[above, 2] - mxene.max()) % period
    sheet = np.sort(rise)
    gap, other = sheet[0], free - sheet[-1]
    steps = np.diff(sheet, append=sheet[-1])
    if steps.max() > max(gap, other) and steps.max() >= NARROWEST_VACUUM:
        upper = rise <= sheet[steps.argmax()]
        sides = [atoms[above][side].get_chemical_formula() for side in (upper, ~upper)]
        raise StructureError(
            f"layers without metal lie on both sides of {atoms[below].get_chemical_formula()}, "
            f"{sides[0]} {gap:.2f} Å above it and {sides[1]} {other:.2f} Å below, where a stack is "
            "two layers: leave one out."
        )
    if max(gap, other) < NARROWEST_VACUUM:
        raise StructureError(
            f"there is no vacuum in which the period along z can be cut: the layers are "
            f"{gap:.2f} and {other:.2f} Å apart, and the wider has to be {NARROWEST_VACUUM:g} Å "
            "at least: give a stack with vacuum above it."
        )
    if max(gap, other) >= CLEARLY_WIDER * min(gap, other):
        return bool(other < gap)
    if np.isin(roles.FACES, atoms.get_tags()).all():
        faces = [mxene[atoms.get_tags()[below] == face].mean() for face in roles.FACES]
        return bool(faces[1] < faces[0])
    raise StructureError(
        f"gap and vacuum cannot be told apart: the layers are {gap:.2f} and {other:.2f} Å apart "
        "above and below the one with metal: give a stack with more vacuum, or with tags."
    )


def _layers(atoms: Atoms, ions: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Select the layer with a metal, and the layers without; masks (N,) of bool.

    Without tags, what does not spread over the plane is no layer, nor is a plane of ions alone.
    """
    if atoms.get_tags().any():
        return roles.bottom(atoms), roles.top(atoms)
    symbols = np.array(atoms.get_chemical_symbols())
    host = np.flatnonzero(~np.isin(symbols, (*ions, *ALKALIS)))
    metal, other = np.zeros((2, len(atoms)), dtype=bool)
    parts = bonded_parts(atoms[host])
    for part in range(parts.max(initial=-1) + 1):
        chosen = host[parts == part]
        if not np.isin(symbols[chosen], ION_ELEMENTS).all() and spreads(atoms[chosen]):
            (metal if layer_metallic(symbols[chosen]).any() else other)[chosen] = True
    return metal, other


def _refuse_others(atoms: Atoms, ions: Sequence[str], below: np.ndarray, above: np.ndarray) -> None:
    """Raise StructureError for an atom of a stack without tags outside its layers, with its place.

    below, above (N,): the layer with metal, those without.
    """
    host = np.flatnonzero(~np.isin(atoms.symbols, (*ions, *ALKALIS)))
    others = np.flatnonzero(~(below | above)[host])
    if atoms.get_tags().any() or not len(others):
        return
    parts = bonded_parts(atoms[host])
    own = atoms[host[parts == parts[others[0]]]].get_chemical_formula()
    atom, period, places = host[others[0]], float(atoms.cell.array[2, 2]), []
    for layer in (below, above):
        rise = (atoms.positions[atom, 2] - atoms.positions[layer, 2]) % period
        name = atoms[layer].get_chemical_formula()
        places += [(rise.min(), f"above {name}"), (period - rise.max(), f"below {name}")]
    distance, place = min(places)
    symbol = atoms.symbols[atom]
    is_one = metallic([symbol]).all() and not np.isin(ions, atoms.symbols).any()
    raise StructureError(
        f"{name_atoms(atoms)[atom]}{f' of {own}' if own != symbol else ''} lies {distance:.2f} Å "
        f"{place} and belongs to no layer, where a stack is two layers and ions of one kind: take "
        f"it out{f', or name it if it is an ion (--ion {symbol})' if is_one else ''}."
    )
