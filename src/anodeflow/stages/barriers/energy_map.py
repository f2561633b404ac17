"""The energy of one ion held at each place of a grid in the plane, the host and its height free."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.geometry import find_mic

from anodeflow.errors import NotConvergedError
from anodeflow.evaluation.lockstep import raise_first, run_in_lockstep
from anodeflow.stages.barriers.held_centres import centre_directions
from anodeflow.stages.barriers.map_grid import Grid
from anodeflow.stages.barriers.sites import change_of_host, ion_positions
from anodeflow.stages.relaxation.held_directions import HeldDirections
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.structures import roles
from anodeflow.structures.files import stored_energy
from anodeflow.structures.geometry import lateral_distances

JUMP = 0.01
"""Energies of two points on one surface differ by the work of the force to within this (eV), for
forces that are left on them (0.02 eV/Å by default, over half an Å)."""

LATER_TERMS = 2.0
"""How large what the work lacks (later terms, forces that are left) may be, in its correction: the
medians of both are alike (m-goh at 0.6 Å, m-go at 0.4 Å)."""

LOWER_BY = 5e-3
"""A geometry counts as another, lower minimum from this difference in energy on (eV)."""


def map_energy(
    host: Atoms,
    sites: Sequence[Atoms],
    calc: Calculator,
    *,
    step: float,
    kept: KeptMinima,
    on_point: Callable[[], None],
) -> list[Atoms]:
    """Relax a stack with its ion held at (x, y) of each point of a grid.

    The map grows from all sites at once: the point nearest to each starts from there (of several
    sites from the lowest), the others from the lowest of their neighbours that are done, with its
    Hessian. The ion moves along z and the host at will, but for the centres of both layers, which
    are held where the host has them.
    Then a point that lies higher than the force on the way from a neighbour says (`Grid.excess`),
    or is left out, is relaxed again from that neighbour, until none of them is lowered.

    Args:
        host: relaxed stack without ions (N atoms).
        sites: relaxed stacks with the ion.
        calc: the model.
        step: largest distance between neighbouring points along a cell vector, Å.
        kept: how points are relaxed, and where they are kept.
        on_point: called when a point is first done.

    Returns:
        the stacks, in the order of points (`Grid`); info holds `point`, and of those that are none
        of the map, as their host reacted or they found no rest, `left_out`, the reason.
    """
    grid = Grid.of(host.cell.array[:2, :2], step)
    grown = _Map(host, sites, grid, kept)
    grown.grow(calc, on_point)
    grown.lower(calc)
    return [grown.done[point] for point in range(len(grid.places))]


def energies_of(points: Sequence[Atoms]) -> np.ndarray:
    """Return the energies (P,), eV, NaN of points that are left out."""
    return np.array([np.nan if is_none(one) else _energy_of(one) for one in points])


def forces_of(points: Sequence[Atoms]) -> np.ndarray:
    """Return the forces (P, 2) on the held ion in the plane, eV/Å, likewise: −∂E/∂(x, y)."""
    nowhere = np.full((1, 3), np.nan)
    found = [nowhere if is_none(one) else one.get_forces()[roles.ions(one)] for one in points]
    return np.array(found)[:, 0, :2]


def jumps_of(excess: np.ndarray, correction: np.ndarray) -> np.ndarray:
    """Return which steps (P,) lead to another surface, of both values of `Grid.excess`."""
    found: np.ndarray = np.abs(excess) > JUMP + LATER_TERMS * np.abs(correction)
    return found


def is_none(stack: Atoms) -> bool:
    """Return whether a point is left out of the map."""
    return "left_out" in stack.info


def at_place(stack: Atoms, place: np.ndarray, host: Atoms) -> Atoms:
    """Return a copy whose ion is moved to the nearest image of a place (2,), Å, and held there.

    Its layers are moved to where the host's centres are, from which sites that symmetry made
    are off by as much as its tolerance.
    """
    moved: Atoms = stack.copy()
    moved.info = {}
    ion = int(np.flatnonzero(roles.ions(stack))[0])
    away = np.zeros((1, 3))
    away[0, :2] = place - stack.positions[ion, :2]
    moved.positions[ion] += find_mic(away, stack.cell, pbc=(True, True, False))[0][0]
    masses = stack.get_masses()
    shift = stack.positions[: len(host)] - host.positions
    for layer in (roles.bottom(stack), roles.top(stack)):
        off = np.average(shift[layer[: len(host)], :2], axis=0, weights=masses[layer])
        moved.positions[layer, :2] -= off
    held = np.zeros((2, len(stack), 3))
    held[[0, 1], ion, [0, 1]] = 1.0
    moved.set_constraint(HeldDirections(np.vstack([centre_directions(stack, masses), held])))
    return moved


class _Map:
    """The points of a map as they are found; a start None is the nearest site."""

    def __init__(self, host: Atoms, sites: Sequence[Atoms], grid: Grid, kept: KeptMinima):
        self.host, self.sites, self.grid, self.kept = host, sites, grid, kept
        starts = [site.positions.tolist() for site in sites]
        self.series = kept.series(host, {"grid": grid.shape, "sites": starts})
        cell = host.cell.array[:2, :2]
        self.distances = lateral_distances(grid.places, ion_positions(sites), cell)
        self.done: dict[int, Atoms] = {}
        self.tried: set[tuple[int, int, float]] = set()

    def grow(self, calc: Calculator, on_point: Callable[[], None]) -> None:
        """Relax all points, those whose neighbours are done at once."""
        front: dict[int, int | None] = dict.fromkeys(self.distances.argmin(axis=0).tolist())
        with_hessian: list[int] = []
        while front:
            self.done |= self._relax_all(front, "", calc, on_point)
            with_hessian += front
            for point in list(with_hessian):
                if self.done.keys() >= set(self.grid.neighbours(point)):
                    self.kept.drop_hessian(_label(point), self.series)
                    with_hessian.remove(point)
            edge = {near for point in self.done for near in self.grid.neighbours(point)}
            front = {point: self._lowest(point) for point in sorted(edge - self.done.keys())}

    def lower(self, calc: Calculator) -> None:
        """Relax points again from neighbours by which they lie too high, until none is lowered."""
        number = 0
        while starts := self._left_out() | self._too_high():
            number += 1
            again = self._relax_all(starts, f"-{number}", calc, lambda: None)
            self.done |= {point: found for point, found in again.items() if self._lowers(found)}

    def _lowers(self, found: Atoms) -> bool:
        point = found.info["point"]
        if is_none(found) or is_none(self.done[point]):
            return not is_none(found)
        gain = _energy_of(self.done[point]) - _energy_of(found)
        self.kept.log.write(f"point {point}: {-1000 * gain:+.1f} meV\n")
        return gain > LOWER_BY

    def _left_out(self) -> dict[int, int | None]:
        """Return the points that are left out, with neighbours that they have not begun from."""
        out = {point: self._lowest(point) for point in self.done if is_none(self.done[point])}
        return {point: near for point, near in sorted(out.items()) if self._is_new(point, near)}

    def _too_high(self) -> dict[int, int | None]:
        """Return the points that lie too high, and the neighbour by which they do so most."""
        points = [self.done[point] for point in range(len(self.grid.places))]
        energies, forces = energies_of(points), forces_of(points)
        found: list[tuple[float, int, int]] = []
        for step in self.grid.steps:
            excess, correction = self.grid.excess(energies, forces, step)
            for point in np.flatnonzero(jumps_of(excess, correction)).tolist():
                pair = (point, self.grid.reach(point, step)[0])
                higher, lower = pair[::-1] if excess[point] > 0 else pair
                if self._is_new(higher, lower):
                    found.append((abs(excess[point]), higher, lower))
        return {higher: lower for _, higher, lower in sorted(found)}

    def _is_new(self, point: int, near: int | None) -> bool:
        """Return whether a point has not begun from a neighbour as that is now."""
        return near is not None and (point, near, self._energy(near)) not in self.tried

    def _energy(self, point: int) -> float:
        """Return a point's energy in steps of 0.1 meV, so that rounding makes no difference."""
        return round(_energy_of(self.done[point]), 4)

    def _lowest(self, point: int) -> int | None:
        """Return the lowest of the neighbours that are done, or none where all are left out."""
        near = [one for one in self.grid.neighbours(point) if one in self.done]
        usable = [one for one in near if not is_none(self.done[one])]
        return min(usable, key=lambda one: (self._energy(one), one), default=None)

    def _relax_all(
        self,
        starts: Mapping[int, int | None],
        suffix: str,
        calc: Calculator,
        on_point: Callable[[], None],
    ) -> dict[int, Atoms]:
        """Relax points from a neighbour each, or from the nearest site."""

        def relax(point: int, calc: Calculator) -> Atoms:
            found = self._relax(point, starts[point], suffix, calc)
            on_point()
            return found

        self.tried |= {
            (one, near, self._energy(near)) for one, near in starts.items() if near is not None
        }
        computations = {point: partial(relax, point) for point in starts}
        found, failures = run_in_lockstep(calc, computations)
        raise_first(failures)
        return found

    def _relax(self, point: int, near: int | None, suffix: str, calc: Calculator) -> Atoms:
        """Relax a point; one that finds no rest is kept as it begins, with the reason."""
        label = f"{_label(point)}{suffix}"
        start = self._site(point) if near is None else self.done[near]
        begin = at_place(start, self.grid.places[point], self.host)
        hessian = None
        if near is not None and not suffix:
            hessian = self.kept.hessian(_label(near), self.series)
        try:
            found = self.kept.relax(
                label,
                begin,
                calc,
                series=self.series,
                title=f"point {point}",
                describe=lambda relaxed: {"point": point} | self._fault(relaxed),
                hessian=hessian,
            )
        except NotConvergedError as error:
            found = begin
            found.set_constraint()
            found.info = {"point": point, "left_out": str(error).partition(";")[0]}
            self.kept.keep(label, self.series, found)
        if suffix:
            self.kept.drop_hessian(label, self.series)
        return found

    def _site(self, point: int) -> Atoms:
        """Return the lowest of the sites whose nearest point this is, or the nearest of all."""
        own = np.flatnonzero(self.distances.argmin(axis=0) == point)
        if not len(own):
            return self.sites[int(self.distances[point].argmin())]
        return min((self.sites[n] for n in own.tolist()), key=_energy_of)

    def _fault(self, relaxed: Atoms) -> dict[str, str]:
        change = change_of_host(relaxed, self.host)
        return {"left_out": change} if change else {}


def _energy_of(stack: Atoms) -> float:
    return stored_energy(stack, "total")


def _label(point: int) -> str:
    return f"point-{point}"
