"""Trajectories of ions that hop, rattle or drift above a rigid host."""

import numpy as np
from ase import Atoms
from synthetic import synthetic_run

from anodeflow.structures import roles
from anodeflow.structures.sites import hollow_sites

STEP_PS = 0.05

LATERAL = 12.12 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])


NEIGHBOUR = 3.03 / np.sqrt(3)


SETTINGS = {
    "residence_ps": 0.1,
    "slope_window": [0.8, 1.2],
    "fit_from_fraction": 0.02,
    "fit_to_fraction": 0.2,
    "confined_msd": 2.0,
    "minimum_hops": 10,
    "origins": "all",
    "moved_only": None,
    "dimensions": 2,
}


def host(ions):
    """A plane of facing O on a 4×4 grid, with ions above its first hollows."""
    grid = np.array([(i / 4, j / 4) for i in range(4) for j in range(4)]) @ LATERAL
    cell = np.zeros((3, 3))
    cell[:2, :2], cell[2, 2] = LATERAL, 40.0
    plane = np.column_stack([grid, np.full(16, 20.0)])
    atoms = Atoms("O16", plane, tags=[roles.UPPER_TERMINATION] * 16, cell=cell, pbc=True)
    hollows = hollow_sites(atoms)[:ions]
    above = np.column_stack([hollows, np.full(ions, 22.0)])
    atoms.extend(Atoms(f"Na{ions}", above, tags=[roles.ION] * ions))
    return atoms


def trajectory(atoms, in_plane, *, drift=None, **changes):
    """A run whose ions have the lateral positions in_plane (F, I, 2)."""
    frames, ions, _ = in_plane.shape
    rng = np.random.default_rng(99)
    z = 22.0 + 0.1 * rng.normal(size=(frames, ions, 1))
    drift = np.zeros((frames, 3)) if drift is None else drift
    centre = np.broadcast_to(np.array([0.0, 0.0, 20.0]), (frames, 3)) + drift
    fields = {
        "ion_positions": np.concatenate([in_plane, z], axis=-1) + drift[:, None],
        "bottom_centre": centre,
        "top_centre": centre,
    }
    return synthetic_run(atoms, np.arange(frames) * STEP_PS, **fields | changes)


def start_of(atoms):
    """Return the lateral positions (I, 2) of the ions, Å."""
    return atoms.positions[roles.ions(atoms), :2]


def rattling(rng, atoms, *, frames):
    return start_of(atoms) + 0.25 * rng.normal(size=(frames, len(start_of(atoms)), 2))


def hopping(rng, atoms, *, frames, rate):
    """Poisson hops between nearest hollows, with a vibration of 0.15 Å around them."""
    sites, path = hollow_sites(atoms), np.empty((frames, len(start_of(atoms)), 2))
    separation = (sites[None] - sites[:, None]) @ np.linalg.inv(LATERAL)
    vectors = (separation - np.round(separation)) @ LATERAL
    near = np.abs(np.linalg.norm(vectors, axis=-1) - NEIGHBOUR) < 0.1
    assert (near.sum(axis=1) == 3).all()
    for ion in range(path.shape[1]):
        site, place = ion, sites[ion].copy()
        for frame in range(frames):
            if rng.random() < rate * STEP_PS:
                target = rng.choice(np.flatnonzero(near[site]))
                place, site = place + vectors[site, target], target
            path[frame, ion] = place
    return path + 0.15 * rng.normal(size=path.shape)
