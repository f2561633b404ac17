"""A honeycomb of springs, whose phonons are known."""

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.neighborlist import neighbor_list

from anodeflow.stages.phonons.force_constants import (
    compute_force_constants,
)

BOND = 1.45
"""Length of a bond, Å."""

SPRING = 30.0
"""Its stiffness, eV/Å²."""


def honeycomb(symbols: str = "BN") -> Atoms:
    """Return the unit cell of a flat sheet."""
    a = BOND * np.sqrt(3)
    return Atoms(
        symbols,
        scaled_positions=[(0, 0, 0.5), (1 / 3, 2 / 3, 0.5)],
        cell=[[a, 0, 0], [-a / 2, a * np.sqrt(3) / 2, 0], [0, 0, 20]],
        pbc=True,
    )


class Springs(Calculator):
    """E = (k/2) Σ |r_j − r_i − δ|² over the bonds of a honeycomb, δ the ideal bond vector.

    `offset` adds one force to every atom of each kind, as on a cell that is not fully relaxed.
    """

    implemented_properties = ("energy", "forces")

    def __init__(self, offset: float = 0.0):
        """Take the force (eV/Å), of opposite sign for the two kinds."""
        super().__init__()
        self.offset = offset
        angles = np.radians([30, 90, 150, 210, 270, 330])
        self.bonds = BOND * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        """Compute energy (eV) and forces (eV/Å)."""
        super().calculate(atoms, properties, system_changes)
        i, bond = neighbor_list("iD", atoms, 1.2 * BOND)
        nearest = np.linalg.norm(bond[:, None] - self.bonds, axis=2).argmin(axis=1)
        stretch = bond - self.bonds[nearest]
        forces = np.zeros((len(atoms), 3))
        np.add.at(forces, i, SPRING * stretch)
        sign = np.where(atoms.numbers == atoms.numbers[0], 1.0, -1.0)
        self.results = {
            "energy": SPRING / 4 * np.sum(stretch**2),
            "forces": forces + self.offset * sign[:, None],
        }


def run_springs(unit: Atoms, calc: Calculator):
    """Return the phonopy object of a 3×3 supercell."""
    return compute_force_constants(
        unit, calc, supercell=(3, 3, 1), displacement=0.01, on_step=lambda done, total: None
    )
