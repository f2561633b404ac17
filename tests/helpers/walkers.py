"""Ions that hop over the hollows of the study's own stack with a known rate and D."""

import numpy as np
import yaml
from ase import Atoms
from figures import ROOT, study_stack
from scipy.signal import lfilter
from synthetic import synthetic_run

from anodeflow.structures import roles
from anodeflow.structures.geometry import lateral_distances
from anodeflow.structures.sites import hollow_sites

STEP_PS = 0.05
VIBRATION, VIBRATION_PS = 0.2, 0.3
SETTINGS = yaml.safe_load((ROOT / "config/config.yaml").read_text())["diffusion"]
"""The study's own settings of the analysis."""


def neighbours(
    atoms: Atoms, lattice: str = "honeycomb"
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray], float]:
    """Return the hollows (M, 2), the vectors between them (M, M, 2), neighbours, and distance.

    Hollows of both kinds make a honeycomb, those of one kind a triangular lattice.
    """
    cell, sites = atoms.cell.array[:2, :2], hollow_sites(atoms)
    separation = (sites[None] - sites[:, None]) @ np.linalg.inv(cell)
    vectors = (separation - np.round(separation)) @ cell
    lengths = np.linalg.norm(vectors, axis=-1)
    nearest = lengths[lengths > 1e-6].min() * (np.sqrt(3) if lattice == "triangular" else 1)
    return sites, vectors, [np.flatnonzero(np.abs(row - nearest) < 0.1) for row in lengths], nearest


def starts(atoms: Atoms, sites: np.ndarray) -> np.ndarray:
    """Return the hollow that each ion starts from."""
    ions = atoms.positions[roles.ions(atoms), :2]
    return lateral_distances(ions, sites, atoms.cell.array[:2, :2]).argmin(axis=1)


def hopper(
    rng: np.random.Generator,
    atoms: Atoms,
    *,
    length_ps: float,
    rate: float,
    backward: float = 1 / 3,
    pair_only: bool = False,
    lattice: str = "honeycomb",
) -> tuple[np.ndarray, float]:
    """Return the in-plane positions (F, I, 2) of hopping, vibrating ions, and their D (Å²/ps).

    Hops come at random times, `rate` per ps and ion, and go back with probability p = `backward`;
    1/z is a hopper without memory on a lattice of z neighbours. The vectors to these add up to
    zero, so that the cosine between hops is c = −p + (1 − p)/(z − 1) on average and
    D = rate l²/4 (1 + c)/(1 − c). With `pair_only` an ion knows two sites.
    """
    sites, vectors, near, nearest = neighbours(atoms, lattice)
    frames = round(length_ps / STEP_PS)
    grid = np.arange(frames) * STEP_PS
    paths = []
    for site in starts(atoms, sites):
        times = np.cumsum(rng.exponential(1 / rate, rng.poisson(rate * length_ps) * 2 + 50))
        times = times[times < length_ps]
        place, before, places = sites[site].copy(), None, [sites[site].copy()]
        for _ in times:
            onward = [s for s in near[site] if s != before]
            back = before is not None and (pair_only or rng.random() < backward)
            target = before if back else rng.choice(onward)
            place, before, site = place + vectors[site, target], site, target
            places.append(place.copy())
        paths.append(np.array(places)[np.searchsorted(times, grid, side="right")])
    others = len(near[0]) - 1
    cosine = -1.0 if pair_only else -backward + (1 - backward) / others
    D = rate * nearest**2 / 4 * (1 + cosine) / (1 - cosine)
    return vibrating(rng, np.stack(paths, axis=1)), D


def vibrating(rng: np.random.Generator, paths: np.ndarray) -> np.ndarray:
    """Add a vibration of VIBRATION Å that forgets itself in VIBRATION_PS."""
    memory = np.exp(-STEP_PS / VIBRATION_PS)
    noise = rng.normal(0, VIBRATION * np.sqrt(1 - memory**2), paths.shape)
    return paths + lfilter([1], [1, -memory], noise, axis=0)


def run_of(atoms: Atoms, paths: np.ndarray, *, drift: np.ndarray | None = None, **changes):
    """Return a trajectory with these ions; a host that drifts takes them along."""
    frames, ions, _ = paths.shape
    drift = np.zeros((frames, 3)) if drift is None else drift
    z = np.broadcast_to(atoms.positions[roles.ions(atoms), 2][:, None], (frames, ions, 1))
    centre = atoms.positions[roles.bottom(atoms)].mean(axis=0) + drift
    fields = {
        "ion_positions": np.concatenate([paths, z], axis=-1) + drift[:, None],
        "bottom_centre": centre,
        "top_centre": centre,
    }
    return synthetic_run(atoms, np.arange(frames) * STEP_PS, **fields | changes)


__all__ = ["SETTINGS", "STEP_PS", "hopper", "neighbours", "run_of", "study_stack", "vibrating"]
