"""What the map of an ion's energy says of its motion: the lowest ways over it round the cell."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from anodeflow.stages.barriers.energy_map import energies_of, forces_of, is_none, jumps_of
from anodeflow.stages.barriers.map_grid import Grid
from anodeflow.stages.barriers.network import Hop, Network
from anodeflow.stages.barriers.percolation import percolation
from anodeflow.stages.barriers.results import EnergyMap, NetworkResult
from anodeflow.structures import roles
from anodeflow.structures.files import stored_energy

LOWER = 0.01
"""What lies lower by this (eV) is more than forces left over and the cubics between points make."""


def read_map(
    host: Atoms,
    points: Sequence[Atoms],
    sites: Sequence[Atoms],
    network: NetworkResult,
    *,
    step: float,
) -> EnergyMap:
    """Find the lowest ways over a map, along the lines of its grid, and hold them to the network.

    These lines are some ways of many, so the top of the lowest is an upper bound of the saddle, as
    long as all steps lead along one surface. Those are left out of which that is not seen: where
    energies and the work of the force differ (`Grid.excess`) or cannot be compared, beside points
    that are left out, and where an atom of the host moves farther than the ion. What is between two
    hosts is not known.

    Args:
        host: relaxed stack without ions.
        points: of `map_energy`.
        sites: of the network; the lowest has the energy 0.
        network: of the same stack and model.
        step: that was asked for, Å.
    """
    grid = Grid.of(host.cell.array[:2, :2], step)
    lowest = min(stored_energy(site, "total") for site in sites)
    energies = energies_of(points) - lowest
    positions = np.array([point.positions[~roles.ions(point)] for point in points])
    steps, left_out = _steps(grid, energies, forces_of(points), positions)
    one, both = _tops(grid, energies, steps)
    return EnergyMap(
        ion=network.ion,
        shape=grid.shape,
        energies_eV=[None if np.isnan(energy) else energy for energy in energies.tolist()],
        one_direction_eV=one,
        both_directions_eV=both,
        steps_left_out=left_out,
        left_out=[
            f"point {point.info['point']}: {point.info['left_out']}"
            for point in points
            if is_none(point)
        ],
        note=_note(energies, one, network),
    )


def _steps(
    grid: Grid, energies: np.ndarray, forces: np.ndarray, positions: np.ndarray
) -> tuple[list[Hop], int]:
    """Return the steps along one surface, and how many others there are between two energies.

    positions: of the host's atoms at each point (P, N, 3), Å.
    """
    hops, left_out = [], 0
    for step in grid.steps:
        excess, correction = grid.excess(energies, forces, step)
        moved = np.linalg.norm(grid.next_of(positions, step) - positions, axis=2).max(axis=1)
        same = ~jumps_of(excess, correction) & np.isfinite(excess)
        same &= moved <= np.linalg.norm(grid.vector(step))
        tops = grid.tops(energies, forces, step)
        left_out += int((np.isfinite(tops) & ~same).sum())
        for point in np.flatnonzero(same).tolist():
            end, shift = grid.reach(point, step)
            hops.append(Hop(point, end, shift, float(tops[point])))
    return hops, left_out


def _tops(
    grid: Grid, energies: np.ndarray, steps: Sequence[Hop]
) -> tuple[float | None, float | None]:
    """Return the tops, eV, of the lowest ways round the cell in one direction and in both."""
    # No step leads to a point without energy, so what stands there does not matter.
    network = Network(grid.cell, grid.places, np.nan_to_num(energies), tuple(steps))
    found = percolation(network)
    one, both = (None if way is None else steps[way.hop].saddle for way in (found.one, found.both))
    return one, both


def _note(energies: np.ndarray, one: float | None, network: NetworkResult) -> str:
    """Say where the map knows of something lower than the network does."""
    notes = []
    deepest = np.nanmin(energies, initial=0.0)
    if deepest < -LOWER:
        notes.append(f"a point lies {-deepest:.3f} eV below the lowest site")
    saddle = max((network.hops[step.hop].saddle_eV for step in network.walk), default=None)
    if one is not None and (saddle is None or one < saddle - LOWER):
        top = "none" if saddle is None else f"one over {saddle:.3f} eV"
        notes.append(f"a way over the map is lower than the network's, which has {top}")
    return "; ".join(notes)
