"""A stack relaxed at given spacings, each from its neighbour's geometry or all at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.evaluation.batches import evaluate_all
from anodeflow.evaluation.lockstep import raise_first, run_in_lockstep
from anodeflow.stages.adhesion.held_spacing import force_on_spacing, held
from anodeflow.stages.adhesion.settings import Held, Starts
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.structures.roles import require_empty_stack
from anodeflow.structures.spacing import move_top, spacing_of

LOWER_BY = 5e-3
"""A geometry counts as another, lower minimum from this difference in energy on (eV)."""


def scan_spacings(
    stack: Atoms,
    calc: Calculator,
    *,
    spacings: Sequence[float],
    starts: Starts,
    hold: Held,
    kept: KeptMinima,
    on_point: Callable[[Atoms], None],
) -> list[Atoms]:
    """Relax a stack at each of the given interlayer spacings.

    d = mean z(sheet) - mean z(facing termination). The top layer is moved rigidly to d, then all
    relaxes at fixed cell but d itself, or more (`held`). Then each point is tried with the geometry
    of each neighbour that it did not follow, and relaxed from there where that is lower or where
    the curve jumps between the two, until no neighbour lowers a point. At a jump the energies
    differ from the integral of the force on the spacing: the points lie in different minima.

    Args:
        stack: relaxed stack without ions (N atoms).
        calc: the model.
        spacings: d, shape (P,), Å, ascending.
        starts: `neighbour`, each point follows the one before, from the stack's own spacing
            inwards and outwards: fewest force calls; or `relaxed`, each starts from the relaxed
            stack, so that all advance together: fewest batches; or `separate`, each starts from
            `stack` as well, which then is of the layers as they are apart (`layers_as_stack`), and
            is left where that leads: no neighbour's geometry is tried.
        hold: what of a point does not relax.
        kept: how the points are relaxed, and where they are kept.
        on_point: called with each point when it is first found.

    Returns the P relaxed stacks, in the order of `spacings`; info holds spacing (Å),
    spacing_nominal (Å, of all atoms of the top layer, before the point relaxed), energy_model and
    energy_dispersion (eV), fmax (eV/Å), steps (of the relaxation that found it) and, where
    neighbours were tried, lowered_by (eV, by how much they lowered it: the hysteresis).

    Raises:
        StructureError: the stack has no sheet, no facing termination, or holds ions.
        NotConvergedError: a point used up `max_steps`.
    """
    require_empty_stack(stack, "adhesion")
    scan = _Scan(stack, np.asarray(spacings, dtype=float), starts, hold, kept)
    scan.relax_all(calc, on_point)
    if starts != "separate":
        scan.lower(calc)
        for place, point in scan.found.items():
            point.atoms.info["lowered_by"] = scan.first[place] - point.energy
    return [scan.found[place].atoms for place in range(len(spacings))]


@dataclass(frozen=True)
class _Point:
    """A relaxed stack and the Hessian of BFGS there, if there is one."""

    atoms: Atoms
    hessian: np.ndarray | None

    @property
    def energy(self) -> float:
        found: float = self.atoms.info["energy_model"] + self.atoms.info["energy_dispersion"]
        return found


class _Scan:
    """The points of a scan by their place in the order of spacings."""

    def __init__(
        self, stack: Atoms, spacings: np.ndarray, starts: Starts, hold: Held, kept: KeptMinima
    ):
        self.start = _Point(stack, None)
        self.own_spacing = spacing_of(stack, convention="sheet")
        self.spacings, self.starts, self.hold, self.kept = spacings, starts, hold, kept
        settings = {"spacings": spacings.tolist(), "starts": starts, "hold": hold}
        self.series = kept.series(stack, settings)
        self.found: dict[int, _Point] = {}
        self.first: dict[int, float] = {}

    def relax_all(self, calc: Calculator, on_point: Callable[[Atoms], None]) -> None:
        """Relax every point from where `starts` says."""

        def follow(branch: np.ndarray, calc: Calculator) -> None:
            before = self.start
            for place in branch:
                before = self.found[place] = self._relax(place, before, "", calc)
                self.first[place] = before.energy
                on_point(before.atoms)

        branches = enumerate(self._branches())
        computations = {number: partial(follow, branch) for number, branch in branches}
        raise_first(run_in_lockstep(calc, computations)[1])

    def _branches(self) -> list[np.ndarray]:
        """Return places that follow one another; the first of each branch starts from the stack."""
        places = np.arange(len(self.spacings))
        if self.starts != "neighbour":
            return list(places[:, None])
        # ASSUME: the layers are pulled apart, and pressed together, so slowly that they stay in
        # the minimum that they come from; `lower` sees where that one is not the lowest.
        inner = self.spacings <= self.own_spacing
        return [places[inner][::-1], places[~inner]]

    def lower(self, calc: Calculator) -> None:
        """Relax points from a neighbour's geometry, where that is lower, until none is."""
        farther = np.where(self.spacings <= self.own_spacing, -1, 1)
        tried = [(place, place + int(step)) for place, step in enumerate(farther)]
        if self.starts == "relaxed":  # else the neighbour nearer to the start was the start
            tried += [(place, place - int(step)) for place, step in enumerate(farther)]
        elif 0 < (outer := int((farther < 0).sum())) < len(farther):
            tried += [(outer - 1, outer), (outer, outer - 1)]  # both began from the stack
        number = 0
        while starts := self._lower_starts(tried, calc):
            number += 1
            computations = {
                place: partial(self._relax, place, self.found[neighbour], f"-{number}")
                for place, neighbour in starts.items()
            }
            found, failures = run_in_lockstep(calc, computations)
            raise_first(failures)
            lowered = {place: point for place, point in found.items() if self._lowers(place, point)}
            self.found |= lowered
            tried = [(place + step, place) for place in lowered for step in (-1, 1)]

    def _lower_starts(self, tried: list[tuple[int, int]], calc: Calculator) -> dict[int, int]:
        """Return, of pairs (place, neighbour), the start that each place is relaxed from again.

        The lowest, where it lies below the place itself or the curve jumps between the two.
        """
        tried = [pair for pair in tried if set(pair) <= self.found.keys()]
        jumps = self._jumps()
        starts = [
            at_spacing(self.found[neighbour].atoms, self.spacings[place])
            for place, neighbour in tried
        ]
        energies = [results["energy"] for results in evaluate_all(calc, starts)]
        lower = [
            (energy, place, neighbour)
            for energy, (place, neighbour) in zip(energies, tried, strict=True)
            if energy < self.found[place].energy - LOWER_BY or min(place, neighbour) in jumps
        ]
        return {place: neighbour for _, place, neighbour in sorted(lower, reverse=True)}

    def _jumps(self) -> set[int]:
        """Return the places from which the energy of the next is not what the force makes it.

        ∫ λ dd by the trapezium rule with its first correction (Euler and Maclaurin).
        """
        if len(self.found) <= 2:
            return set()
        points = [self.found[place] for place in range(len(self.spacings))]
        energies = np.array([point.energy for point in points])
        force = np.array([force_on_spacing(point.atoms) for point in points])
        step, change = np.diff(self.spacings), np.diff(np.gradient(force, self.spacings))
        work = step * (force[1:] + force[:-1]) / 2 - step**2 / 12 * change
        return set(np.flatnonzero(np.abs(np.diff(energies) + work) > LOWER_BY).tolist())

    def _lowers(self, place: int, point: _Point) -> bool:
        difference = point.energy - self.found[place].energy
        verdict = "lower: taken" if difference < -LOWER_BY else "no lower: left"
        self.kept.log.write(
            f"spacing {self.spacings[place]:.4f} Å: {1000 * difference:+.1f} meV, {verdict}\n"
        )
        return difference < -LOWER_BY

    def _relax(self, place: int, before: _Point, suffix: str, calc: Calculator) -> _Point:
        """Relax a point from the geometry and the Hessian of another."""
        spacing = self.spacings[place]
        label = f"spacing-{spacing:.4f}{suffix}"
        start = at_spacing(before.atoms, spacing)
        nominal = spacing_of(start, convention="all")
        atoms = self.kept.relax(
            label,
            held(start, self.hold),
            calc,
            series=self.series,
            title=f"spacing {spacing:.4f} Å{', from its neighbour' if suffix else ''}",
            describe=lambda point: {
                "spacing": spacing_of(point, convention="sheet"),
                "spacing_nominal": nominal,
            },
            hessian=before.hessian,
        )
        hessian = self.kept.hessian(label, self.series)
        return _Point(atoms, before.hessian if hessian is None else hessian)


def at_spacing(stack: Atoms, spacing: float) -> Atoms:
    """Return a copy whose top layer is moved rigidly along z to this spacing (Å)."""
    moved: Atoms = stack.copy()
    move_top(moved, spacing, measured=spacing_of(stack, convention="sheet"))
    return moved
