"""Sites that are no sites of their own, since from there it is downhill to others."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from anodeflow.stages.barriers.host_symmetry import Edge
from anodeflow.stages.barriers.network import Shift

Place = tuple[int, Shift]
"""A site, and the cell in which it lies."""


@dataclass(frozen=True)
class Fall:
    """A path that leads down from a site; path: its name, or that of its equivalent."""

    site: int
    to: Place
    path: str


@dataclass(frozen=True)
class Crest:
    """A site from which it is downhill to more than one place: no minimum, but what parts them.

    ways: the first of the paths that lead to each, and the sites that stay which it reaches there:
    one, or several where it leads to another crest.
    """

    site: int
    ways: list[tuple[str, frozenset[Place]]]

    @property
    def sides(self) -> list[tuple[str, Place]]:
        """Return the two ways of a crest that parts two sites and no more, else none."""
        if len(self.ways) != 2 or any(len(places) > 1 for _, places in self.ways):
            return []
        return [(path, next(iter(places))) for path, places in self.ways]


@dataclass(frozen=True)
class DistinctSites:
    """Which sites stand for all.

    numbers: of those that stay, in order; places: for each site (S) the one of `numbers`, by its
    index, that stands for it, and the cell in which that one lies if the site lies in cell 0; None
    for crests and what falls to them; lowest: for each site one that stays, which for a crest is
    the lowest that it falls to; crests: in the order of the sites.
    """

    numbers: list[int]
    places: list[Place | None]
    lowest: list[int]
    crests: list[Crest]

    def stands_for(self, site: int) -> int | None:
        """Return the site that another one is part of, None for one that stays."""
        found = self.lowest[site]
        return None if found == site else found

    def edge(self, edge: Edge) -> Edge | None:
        """Return a path between the sites that stay, by their indices; None if it joins none."""
        start, end, (a, b) = edge
        one, other = self.places[start], self.places[end]
        if one is None or other is None:
            return None
        shift = (a + other[1][0] - one[1][0], b + other[1][1] - one[1][1])
        return None if one[0] == other[0] and shift == (0, 0) else (one[0], other[0], shift)


def distinct_sites(energies: np.ndarray, falls: Iterable[Fall]) -> DistinctSites:
    """Tell minima from what is part of another one, and from crests between several.

    Sites are taken from the lowest upwards, so that it is known of each where its ways end: one all
    of whose ways end at one place is part of that, one whose ways part is a crest.

    Args:
        energies: of the sites (S,), eV.
        falls: paths whose highest point is their start. Where that is no higher than the end, by
            rounding, the path counts the other way.
    """
    rank = np.argsort(np.argsort(energies, kind="stable"))
    own: defaultdict[int, list[tuple[Place, str]]] = defaultdict(list)
    for fall in falls:
        site, (end, (a, b)) = fall.site, fall.to
        if rank[end] > rank[site]:
            site, end, a, b = end, site, -a, -b
        own[site].append(((end, (a, b)), fall.path))
    reached: dict[int, frozenset[Place]] = {}
    crests = []
    for site in np.argsort(energies, kind="stable").tolist():
        ways: dict[frozenset[Place], str] = {}
        for (end, cell), path in own[site]:
            ways.setdefault(_moved(reached[end], cell), path)
        reached[site] = frozenset().union(*ways) if ways else frozenset({(site, (0, 0))})
        if len(ways) > 1:
            crests.append(Crest(site, [(path, places) for places, path in ways.items()]))
    numbers = sorted(site for site in reached if reached[site] == {(site, (0, 0))})
    ordered = [reached[site] for site in range(len(energies))]
    return DistinctSites(
        numbers=numbers,
        places=[_only(places, numbers) for places in ordered],
        lowest=[min((place[0] for place in places), key=lambda n: rank[n]) for places in ordered],
        crests=sorted(crests, key=lambda crest: crest.site),
    )


def _moved(places: frozenset[Place], cell: Shift) -> frozenset[Place]:
    """Return places as seen when what reaches them lies in another cell."""
    return frozenset((site, (a + cell[0], b + cell[1])) for site, (a, b) in places)


def _only(places: frozenset[Place], numbers: Sequence[int]) -> Place | None:
    """Return the one place, by the index of its site, None of several."""
    if len(places) > 1:
        return None
    ((site, cell),) = places
    return numbers.index(site), cell
