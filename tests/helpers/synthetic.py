"""Trajectories that no dynamics made."""

import numpy as np
from ase import Atoms

from anodeflow.stages.dynamics.trajectory import Trajectory


def synthetic_run(atoms: Atoms, ion_times_ps: np.ndarray, /, **fields) -> Trajectory:
    """Return a stable run of constant observables, but for the fields that are given."""
    frames = len(ion_times_ps)
    constant = {
        "symbols": atoms.get_chemical_symbols(),
        "tags": atoms.get_tags(),
        "cell": atoms.cell.array,
        "times_ps": ion_times_ps[:1],
        "positions": atoms.positions[None],
        "ion_times_ps": ion_times_ps,
        "spacing": np.full(frames, 4.0),
        "temperature": np.full(frames, 300.0),
        "potential_energy": np.zeros(frames),
        "kinetic_energy": np.zeros(frames),
        "conserved_energy": np.zeros(frames),
        "initial": atoms,
        "stable": True,
        "reason": "",
        "unstable_after_ps": None,
        "production_start_ps": 0.0,
        "settings": {},
        "model": "none",
    }
    return Trajectory(**constant | fields)
