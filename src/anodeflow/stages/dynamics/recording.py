"""What a run writes down between two checkpoints."""

from typing import Any

import numpy as np
from ase import Atoms, units

from anodeflow.stages.dynamics.trajectory import A_PER_PS
from anodeflow.structures import roles
from anodeflow.structures.spacing import spacing_in


class Record:
    """The series recorded since the last checkpoint."""

    def __init__(self, atoms: Atoms, degrees_of_freedom: int):
        self.atoms = atoms
        self.degrees_of_freedom = degrees_of_freedom
        masks = {"bottom_centre": roles.bottom(atoms), "top_centre": roles.top(atoms)}
        masses = atoms.get_masses()
        self.weights = {name: masses * mask / masses[mask].sum() for name, mask in masks.items()}
        self.tags = atoms.get_tags()
        self.ions = np.flatnonzero(roles.ions(atoms))
        self._empty()

    def _empty(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.samples: list[dict[str, Any]] = []

    def frame(self, step: int) -> None:
        """Record all atoms."""
        self.frames.append(
            {
                "frame_step": step,
                "position": self.atoms.get_positions(),
                "velocity": self.atoms.get_velocities() * A_PER_PS,
            }
        )

    def sample(self, step: int, heat: float) -> tuple[float, float]:
        """Record ions and observables; return the temperature (K) and the potential energy.

        The conserved energy is E_pot + E_kin − heat, heat (eV) being all that the thermostat gave.
        Source: G. Bussi, D. Donadio, M. Parrinello, J. Chem. Phys. 126, 014101 (2007), where it is
        called the effective energy.
        """
        positions = self.atoms.positions
        kinetic = float(self.atoms.get_kinetic_energy())
        potential = float(self.atoms.get_potential_energy())
        sample = {
            "sample_step": step,
            "ion_position": positions[self.ions],
            "ion_velocity": self.atoms.get_velocities()[self.ions] * A_PER_PS,
            "potential_energy": potential,
            "kinetic_energy": kinetic,
            "conserved_energy": potential + kinetic - heat,
            "temperature": 2 * kinetic / (self.degrees_of_freedom * units.kB),
            "spacing": spacing_in(positions, self.tags),
        }
        sample |= {name: weights @ positions for name, weights in self.weights.items()}
        self.samples.append(sample)
        return sample["temperature"], sample["potential_energy"]

    def take(self) -> dict[str, np.ndarray]:
        """Return what was recorded, series of F times each, and forget it.

        Shapes (F, ...), units as in `trajectory`.
        """
        series = {
            name: np.array([entry[name] for entry in entries])
            for entries in (self.frames, self.samples)
            for name in (entries[0] if entries else ())
        }
        self._empty()
        return series
