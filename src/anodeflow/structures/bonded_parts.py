"""Which atoms hang together by bonds, and whether what hangs together is a layer."""

import numpy as np
from ase import Atoms
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from anodeflow.errors import StructureError
from anodeflow.structures.bonds import find_bonds


def bonded_parts(atoms: Atoms) -> np.ndarray:
    """Number the groups of bonded atoms, periodic images included, 0 first; (N,)."""
    i, j = find_bonds("ij", atoms)
    graph = coo_matrix((np.ones(len(i)), (i, j)), shape=(len(atoms),) * 2)
    found: np.ndarray = connected_components(graph, directed=False)[1]
    return found


def spreads(part: Atoms) -> bool:
    """Say whether bonded atoms stay one part when the cell is repeated in the plane."""
    four = part.copy()
    four.set_constraint()  # not all can be repeated
    return not bonded_parts(four.repeat((2, 2, 1))).any()


def name_atoms(atoms: Atoms) -> np.ndarray:
    """Name every atom for sentences, by its index from 0 and its element; (N,)."""
    return np.array([f"atom {index} ({symbol})" for index, symbol in enumerate(atoms.symbols)])


NARROWEST_VACUUM = 6.0
"""ASSUME: layers with ions between them are nearer (Å) than this, images across vacuum farther."""


def widest_slab(z: np.ndarray, period: float) -> float:
    """Return the height (Å) of the widest slab without any of the heights z (N,), periodic."""
    folded = np.sort(z % period)
    return float(np.diff(folded, append=folded[0] + period).max())


def refuse_other_than_layers(atoms: Atoms, names: np.ndarray) -> None:
    """Raise StructureError unless every bonded part spreads in the plane, and in it only.

    A part spreads along a vector if it stays one when the cell is repeated along it; one that does
    so along z, too, is a bulk crystal, and several parts without vacuum are one.

    Args:
        atoms: one or several layers, z along the third vector.
        names: of the atoms (N,), for the sentence.
    """
    labels = bonded_parts(atoms)
    for part in range(labels.max() + 1):
        chosen = np.flatnonzero(labels == part)
        found, first = atoms[chosen], names[chosen[0]]
        found.set_constraint()  # not all can be repeated
        if not spreads(found):
            raise StructureError(
                f"{first} is bonded to no layer but belongs to {found.get_chemical_formula()}, "
                "which does not spread over the plane: take it out, or, if it is an ion, name it "
                "as one (--ion of an import; the workflow puts ions into layers from files itself)."
            )
        if atoms.pbc[2] and not bonded_parts(found.repeat((1, 1, 2))).max():
            raise StructureError(
                f"{found.get_chemical_formula()} is bonded to its own image along z, so it is a "
                "bulk crystal and no layer: give one layer with vacuum above it."
            )
    if labels.max() > 0 and atoms.pbc[2]:
        widest = widest_slab(atoms.positions[:, 2], float(atoms.cell.array[2, 2]))
        if widest < NARROWEST_VACUUM:
            raise StructureError(
                f"{atoms.get_chemical_formula()} holds {labels.max() + 1} layers without vacuum "
                f"(the widest gap is {widest:.1f} Å, at least {NARROWEST_VACUUM:g} Å are needed): "
                "give one layer, cut out of the crystal."
            )
