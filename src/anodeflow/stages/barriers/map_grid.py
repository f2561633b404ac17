"""A periodic grid of places in the plane, and the work of a force between its points."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

Step = tuple[int, int]
"""From a point to a neighbour, in points along both cell vectors."""


@dataclass(frozen=True, eq=False)
class Grid:
    """Places i a / n_a + j b / n_b in a lateral cell; point number i n_b + j.

    cell: a and b in rows (2, 2), Å; shape: (n_a, n_b).
    """

    cell: np.ndarray
    shape: tuple[int, int]

    @classmethod
    def of(cls, cell: np.ndarray, spacing: float) -> "Grid":
        """Return the coarsest grid of a cell (2, 2), Å, whose points along a and b are near enough.

        spacing: their largest distance, Å. Three points each way at the least, so that a point has
        six neighbours.
        """
        counts = np.ceil(np.linalg.norm(cell, axis=1) / spacing - 1e-9).astype(int)
        n_a, n_b = np.maximum(counts, 3).tolist()
        return cls(cell, (n_a, n_b))

    @cached_property
    def places(self) -> np.ndarray:
        """Return the points (P, 2), Å."""
        fractions = np.array(list(np.ndindex(self.shape))) / self.shape
        found: np.ndarray = fractions @ self.cell
        return found

    @cached_property
    def steps(self) -> list[Step]:
        """Return the steps to half of a point's six neighbours: along a, b, the short diagonal."""
        a, b = self.cell / np.array(self.shape)[:, None]
        return [(1, 0), (0, 1), (1, 1) if a @ b < 0 else (1, -1)]

    def vector(self, step: Step) -> np.ndarray:
        """Return a step (2,) in Å."""
        found: np.ndarray = (np.array(step) / self.shape) @ self.cell
        return found

    def reach(self, point: int, step: Step) -> tuple[int, tuple[int, int]]:
        """Return the point that a step leads to, and the cell that it lies in."""
        i, j = np.array(np.unravel_index(point, self.shape)) + step
        (m, i), (n, j) = divmod(int(i), self.shape[0]), divmod(int(j), self.shape[1])
        return i * self.shape[1] + j, (m, n)

    def neighbours(self, point: int) -> list[int]:
        """Return the six neighbours of a point."""
        every = self.steps + [(-i, -j) for i, j in self.steps]
        return [self.reach(point, step)[0] for step in every]

    def next_of(self, values: np.ndarray, step: Step) -> np.ndarray:
        """Return of each point (P, …) what its neighbour has."""
        field = values.reshape(*self.shape, *values.shape[1:])
        moved: np.ndarray = np.roll(field, (-step[0], -step[1]), axis=(0, 1))
        return moved.reshape(values.shape)

    def excess(
        self, energies: np.ndarray, forces: np.ndarray, step: Step
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return by how much each neighbour lies higher than the force on the way to it says.

        ΔE + ∫ F·dr by the trapezium rule with its first correction (Euler and Maclaurin). On one
        smooth surface it is zero but for terms of the fifth order; where it is not, the two points
        lie on different ones.

        Args:
            energies: (P,), eV, NaN where there is none.
            forces: (P, 2), eV/Å, likewise.
            step: to the neighbour.

        Returns:
            (P,), eV; and the correction (P,), eV, by which the next terms are judged; both NaN at
            and beside points without energy.
        """
        slope = -forces @ self.vector(step)
        after, before = self.next_of(slope, step), self.next_of(slope, (-step[0], -step[1]))
        change = (after - before) / 2
        correction = (self.next_of(change, step) - change) / 12
        work = (slope + after) / 2 - correction
        return self.next_of(energies, step) - energies - work, correction

    def tops(self, energies: np.ndarray, forces: np.ndarray, step: Step) -> np.ndarray:
        """Return the highest energy (P,), eV, on the straight way from each point to a neighbour.

        Of Hermite's cubic through both energies and both slopes; `energies` and `forces` as in
        `excess`, NaN where one of the two points has none.
        """
        slope, after = -forces @ self.vector(step), self.next_of(energies, step)
        t = np.linspace(0, 1, 101)[:, None]
        way = (1 + 2 * t) * (1 - t) ** 2 * energies + t**2 * (3 - 2 * t) * after
        way = way + t * (1 - t) ** 2 * slope - t**2 * (1 - t) * self.next_of(slope, step)
        found: np.ndarray = way.max(axis=0)
        return found
