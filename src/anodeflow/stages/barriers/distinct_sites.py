"""Sites that are no sites of their own, since from there it is downhill to a neighbour."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from anodeflow.stages.barriers.host_symmetry import Edge
from anodeflow.stages.barriers.network import Shift
from anodeflow.stages.barriers.windings import JoinedSites


@dataclass(frozen=True)
class DistinctSites:
    """Which sites stand for all.

    numbers: of those that stay, in order; places: for each site (S) the one of `numbers`, by its
    index, that stands for it, and the cell in which the site lies if that one lies in cell 0.
    """

    numbers: list[int]
    places: list[tuple[int, Shift]]

    def stands_for(self, site: int) -> int | None:
        """Return the site that stands for another one, None for one that stays."""
        found = self.numbers[self.places[site][0]]
        return None if found == site else found

    def edge(self, edge: Edge) -> Edge | None:
        """Return a path between the sites that stay, by their indices; None if it joins none."""
        start, end, (a, b) = edge
        (one, from_one), (other, from_other) = self.places[start], self.places[end]
        shift = (a + from_one[0] - from_other[0], b + from_one[1] - from_other[1])
        return None if one == other and shift == (0, 0) else (one, other, shift)


def distinct_sites(energies: np.ndarray, downhill: Iterable[Edge]) -> DistinctSites:
    """Join sites between which there is no saddle; the lowest stands for all that are joined.

    Args:
        energies: of the sites (S,), eV.
        downhill: paths whose highest point is one of their ends.
    """
    joined = JoinedSites(len(energies))
    for start, end, shift in downhill:
        joined.join(start, end, shift)
    roots = [joined.root(site) for site in range(len(energies))]
    lowest: dict[int, int] = {}
    for site in np.argsort(energies, kind="stable").tolist():
        lowest.setdefault(roots[site][0], site)
    numbers = sorted(lowest.values())
    places = []
    for root, cell in roots:
        one = lowest[root]
        from_one = roots[one][1]
        shift = (cell[0] - from_one[0], cell[1] - from_one[1])
        places.append((numbers.index(one), shift))
    return DistinctSites(numbers, places)
