"""The three-body term of D3 against its closed form, and what it makes of adhesion."""

import numpy as np
import pytest
from ase import Atoms, units
from dftd3.interface import DispersionModel, RationalDampingParam

from anodeflow.stages.adhesion.three_body import three_body_adhesion
from anodeflow.structures import roles

CELL = (6.0, 6.0, 60.0)  # Å: so far apart that the atoms of one stack alone make triples


def atoms(symbols, heights, tags):
    positions = [(0.0, 0.0, height) for height in heights]
    return Atoms(symbols, positions, tags=tags, cell=CELL, pbc=[False, False, False])


def test_three_atoms_have_the_energy_of_axilrod_teller_and_muto():
    heights = [0.0, 5.0, 10.0]  # Å: far enough that the damping is one, near enough to be seen
    line = atoms("Ar3", heights, [roles.UPPER_TERMINATION, roles.SHEET, roles.SHEET])
    layers = {"bottom": line[:1], "top": line[1:]}
    found = -three_body_adhesion(line, layers, functional="pbe") * 0.36  # nm² of the cell
    c6 = _c6()
    r = np.array([5.0, 5.0, 10.0]) / units.Bohr
    angles = np.array([-1.0, 1.0, 1.0])  # cosines of a line
    c9 = -(c6**1.5)  # and three times cos cos cos plus one is -2 on a line
    expected = -c9 * (3 * angles.prod() + 1) / r.prod() ** 3 * units.Hartree
    assert found == pytest.approx(expected, rel=0.02)


def _c6() -> float:
    """C6 of two argon atoms (Hartree Bohr⁶), from the energy of a pair far apart."""
    distance = 40.0
    pair = DispersionModel(np.array([18, 18]), np.array([[0.0, 0, 0], [0, 0, distance]]))
    pair.set_realspace_cutoff(60.0, 0.0, 40.0)
    damping = RationalDampingParam(s6=1.0, s8=0.0, a1=0.0, a2=0.0, s9=0.0)
    return -pair.get_dispersion(damping, grad=False)["energy"] * distance**6


def test_a_model_without_dispersion_has_no_three_body_term():
    line = atoms("Ar2", [0.0, 4.0], [roles.UPPER_TERMINATION, roles.SHEET])
    assert three_body_adhesion(line, {}, functional=None) is None
