"""Centres of mass of the layers held while they move, and momenta that obey it."""

from typing import Any

import numpy as np
from ase import Atoms, units
from ase.constraints import FixSubsetCom

from anodeflow.config.allowed_values import require_allowed
from anodeflow.stages.dynamics.settings import Dynamics
from anodeflow.structures import roles


class FixLayerInPlane(FixSubsetCom):
    """Hold the centre of mass of a layer in x and y, and leave it free in z.

    sum_i m_i (x_i, y_i) is constant: a uniform shift of the layer, as RATTLE prescribes. ASE's
    FixSubsetCom shifts all atoms to correct one layer, which moves the other layer and the ions.
    """

    def __init__(self, indices: np.ndarray):
        """Hold the atoms of these indices."""
        FixSubsetCom.__init__(self, indices)

    def get_removed_dof(self, atoms: Atoms) -> int:
        """Return how many degrees of freedom are held."""
        return 2

    def _mean(self, atoms: Atoms, vectors: np.ndarray) -> np.ndarray:
        masses = atoms.get_masses()[self.index]
        found: np.ndarray = masses @ vectors / masses.sum()
        return found

    def adjust_positions(self, atoms: Atoms, new: np.ndarray) -> None:
        """Shift the layer back at new positions (N, 3), Å."""
        shift = new[self.index, :2] - atoms.positions[self.index, :2]
        new[self.index, :2] -= self._mean(atoms, shift)

    def adjust_momenta(self, atoms: Atoms, momenta: np.ndarray) -> None:
        """Take the layer's own velocity off momenta (N, 3), in ASE's units."""
        masses = atoms.get_masses()[self.index, None]
        momenta[self.index, :2] -= masses * self._mean(atoms, momenta[self.index, :2] / masses)

    def adjust_forces(self, atoms: Atoms, forces: np.ndarray) -> None:
        """Take the force on the whole layer off forces (N, 3), eV/Å."""
        self.adjust_momenta(atoms, forces)


def hold_centres(atoms: Atoms, mode: bool | str) -> tuple[list[Any], list[int]]:
    """Return the constraints that hold the two layers, and the axes whose total momentum stays.

    False: none. True: both centres of mass in x and y; z stays free, because the spacing is a
    result. "published": ASE's FixSubsetCom on the bottom, then on the top, as the study had it.
    Raises ConfigError for any other mode.
    """
    name = "dynamics.hold_centres_of_mass"
    require_allowed(Dynamics, "hold_centres_of_mass", mode, name=name)
    layers = [np.flatnonzero(mask) for mask in (roles.bottom(atoms), roles.top(atoms))]
    if mode == "published":
        return [FixSubsetCom(layer) for layer in layers], []
    return ([FixLayerInPlane(layer) for layer in layers], [2]) if mode else ([], [0, 1, 2])


def draw_momenta(
    atoms: Atoms, rng: np.random.Generator, *, temperature: float, conserved: list[int]
) -> None:
    """Give the atoms Maxwell-Boltzmann momenta that obey their constraints, at rest as a whole.

    p_i ~ N(0, m_i k T) per component, then projected on the constraints, then without the total
    momentum along the `conserved` axes. `temperature` in K.
    """
    masses = atoms.get_masses()[:, None]
    spread = np.sqrt(masses * units.kB * temperature)
    atoms.set_momenta(spread * rng.standard_normal((len(atoms), 3)))
    momenta = atoms.get_momenta()
    momenta[:, conserved] -= masses * momenta[:, conserved].sum(axis=0) / masses.sum()
    atoms.set_momenta(momenta)
