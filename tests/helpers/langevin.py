"""Ions that diffuse over a periodic potential of known barrier, and their D by another route."""

import numpy as np
from ase import Atoms
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import spsolve
from walkers import STEP_PS, starts

from anodeflow.structures import roles
from anodeflow.structures.sites import hollow_kinds, hollow_sites

KT = 0.02585
"""eV, at 300 K."""

SUBSTEPS = 32
"""Steps of integration between frames."""


class Potential:
    """V = ± A Σ_k cos G_k·(r − r0), the barrier between neighbouring minima being `barrier` eV.

    With + and r0 a facing atom both kinds of hollows are minima, −3A/2, and saddles lie at −A: a
    honeycomb. With − and r0 a hollow those of its kind are, −3A, and saddles lie at A: a triangular
    lattice.
    """

    def __init__(self, atoms: Atoms, lattice: str, barrier: float):
        cell = atoms.cell.array[:2, :2] / 4
        first, second = 2 * np.pi * np.linalg.inv(cell).T
        # Of vectors 120° apart the sum, of those 60° apart the difference is as long.
        third = min((first + second, first - second), key=np.linalg.norm)
        self.waves = np.array([first, second, third])
        honeycomb = lattice == "honeycomb"
        sites = hollow_sites(atoms)
        self.height = 2 * barrier if honeycomb else -barrier / 4
        facing = atoms.positions[roles.facing(atoms), :2]
        self.origin = facing[0] if honeycomb else sites[0]
        self.minima = sites if honeycomb else sites[hollow_kinds(atoms) == 0]

    def __call__(self, places: np.ndarray) -> np.ndarray:
        """Return V (eV) at places (…, 2)."""
        return self.height * np.cos((places - self.origin) @ self.waves.T).sum(axis=-1)

    def force(self, places: np.ndarray) -> np.ndarray:
        """Return −∇V (eV/Å) at places (…, 2)."""
        return self.height * np.sin((places - self.origin) @ self.waves.T) @ self.waves


def brownian_paths(
    rng: np.random.Generator,
    atoms: Atoms,
    potential: Potential,
    *,
    free_D: float,
    length_ps: float,
    runs: int,
    kT: float | np.ndarray = KT,
) -> np.ndarray:
    """Integrate dr = D₀ F/kT dt + √(2 D₀ dt) ξ from minima; positions (runs, F, I, 2), Å.

    kT (eV) is one, or one for each run.
    """
    frames, step = round(length_ps / STEP_PS), STEP_PS / SUBSTEPS
    begin = potential.minima[starts(atoms, potential.minima)]
    now = np.broadcast_to(begin, (runs, *begin.shape)).copy()
    paths = np.empty((frames, *now.shape))
    drift, spread = free_D * step / np.reshape(kT, (-1, 1, 1)), np.sqrt(2 * free_D * step)
    for frame in range(frames):
        paths[frame] = now
        for _ in range(SUBSTEPS):
            now += drift * potential.force(now) + spread * rng.standard_normal(now.shape)
    return np.swapaxes(paths, 0, 1)


def exact_D(
    atoms: Atoms, potential: Potential, *, free_D: float, kT: float = KT, points: int = 32
) -> float:
    """Return D (Å²/ps) by the Smoluchowski equation on a grid, a walk with detailed balance.

    D_xx = ½ Σ π_i Σ_j Γ_ij (x_ij + χ_j − χ_i)², χ solving Σ_j Γ_ij (x_ij + χ_j − χ_i) = 0, on the
    rectangle of a and √3 a; the lattice has D_xx = D_yy.
    """
    a = float(np.linalg.norm(atoms.cell.array[0, :2])) / 4
    shape = (points, round(points * np.sqrt(3)))
    spacing = np.array([a, a * np.sqrt(3)]) / shape
    along = atoms.cell.array[0, :2] / (4 * a)
    axes = np.array([along, [-along[1], along[0]]])
    index = np.arange(np.prod(shape)).reshape(shape)
    grid = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    energy = potential(grid * spacing @ axes).ravel()
    rows, columns, rates, moved = [], [], [], []
    for axis, sign in ((0, 1), (0, -1), (1, 1), (1, -1)):
        there = np.roll(index, -sign, axis=axis).ravel()
        rows.append(index.ravel())
        columns.append(there)
        rise = energy[there] - energy
        rates.append(free_D / spacing[axis] ** 2 * np.exp(-rise / (2 * kT)))
        moved.append(np.full(index.size, sign * spacing[0] if axis == 0 else 0.0))
    row, column, rate, x = map(np.concatenate, (rows, columns, rates, moved))
    matrix = coo_matrix((rate, (row, column))).tocsr()
    matrix -= diags(np.asarray(matrix.sum(axis=1)).ravel())
    drift = np.bincount(row, weights=rate * x)
    chi = np.append(spsolve(matrix[:-1, :-1].tocsc(), -drift[:-1]), 0.0)
    weight = np.exp(-energy / kT)
    weight /= weight.sum()
    return float((weight[row] * rate * (x + chi[column] - chi[row]) ** 2).sum() / 2)
