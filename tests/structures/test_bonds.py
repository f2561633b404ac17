"""The one rule for bonds, and that all who speak of bonds follow it."""

import numpy as np
import pytest
from ase import Atoms
from ase.data import covalent_radii

from anodeflow.stages.dynamics.stability import start_bonds
from anodeflow.structures import bonds, roles
from anodeflow.structures.bonds import BOND_SCALE, find_bonds
from anodeflow.structures.inspection import bond_changes, check_structure


def pair(distance):
    """Two sheet atoms at a distance (Å) in a wide cell."""
    positions = [(10, 10, 10), (10 + distance, 10, 10)]
    return Atoms("C2", positions, cell=(20, 20, 20), pbc=True, tags=[roles.SHEET] * 2)


def counts(atoms):
    """Count the bonds by the search, by the watch over a run, and by the check of a structure."""
    checked = check_structure(atoms, atoms).bonds
    counted = checked["sheet"].count if checked else 0
    return len(find_bonds("i", atoms)) // 2, len(start_bonds(atoms)[0]), counted


@pytest.mark.parametrize(("scale", "bonded"), [(0.99, 1), (1.01, 0)])
def test_the_search_the_watch_and_the_check_agree_on_what_is_bonded(scale, bonded):
    limit = 2 * covalent_radii[6] * BOND_SCALE
    assert counts(pair(scale * limit)) == (bonded,) * 3


def test_one_constant_moves_all_of_them(monkeypatch):
    stretched = pair(2 * covalent_radii[6] * 1.3)
    assert counts(stretched) == (0, 0, 0)
    monkeypatch.setattr(bonds, "BOND_SCALE", 1.4)
    assert counts(stretched) == (1, 1, 1)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (1.12, 1.28, []),  # stretched across the limit of bonds, as the C–O of a group near an ion
        (1.12, 1.32, ["1 bond broke inside the top layer, among them C0–C1."]),
        (1.17, 1.10, []),
        (1.32, 1.10, ["1 bond formed inside the top layer, among them C0–C1."]),
        (1.32, 1.17, []),
    ],
)
def test_a_bond_breaks_and_forms_beyond_any_contact(before, now, told):
    limit = 2 * covalent_radii[6]
    assert bond_changes(pair(now * limit), pair(before * limit)) == told


def test_a_bond_across_the_boundary_has_its_vector_and_offset():
    atoms = pair(1.4)
    atoms.positions[:, 0] += 9.0
    atoms.wrap()
    first, second, vectors, offset = find_bonds("ijDS", atoms)
    ends = atoms.positions[second] + offset @ atoms.cell.array
    np.testing.assert_allclose(ends - atoms.positions[first], vectors)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.4)
