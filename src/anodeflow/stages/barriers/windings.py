"""How the connected parts of a network wind round the periodic cell."""

from collections.abc import Sequence
from dataclasses import dataclass

from anodeflow.stages.barriers.network import Network, Shift


@dataclass(frozen=True)
class Part:
    """Sites that hops connect, those of one part with each other and with no others.

    sites: their indices, in order; windings: none, one or two independent ways round the cell by
    which an ion gets from a site to its periodic images, in cell vectors. There may be finer
    ones: of a chain that closes after one and after two cells either may stand here.
    """

    sites: tuple[int, ...]
    windings: tuple[Shift, ...]


class JoinedSites:
    """Sites that are joined by one hop after another: a union-find whose edges carry shifts.

    Each site knows its parent, and in which cell it lies if the parent lies in cell 0. A hop
    between sites of one root closes a cycle, which winds round the cell by what the shifts add up
    to. Shifts commute, so that the cycles of a part may be read from any of its sites.

    Source: R. E. Tarjan, J. ACM 26, 690 (1979), for sums along the edges of a union-find;
        J. Machta et al., Phys. Rev. E 54, 1332 (1996), and M. E. J. Newman and R. M. Ziff, Phys.
        Rev. E 64, 016706 (2001), for windings that are found by them.
    """

    def __init__(self, count: int) -> None:
        """Let each of `count` sites be alone."""
        self.parents = list(range(count))
        self.shifts: list[Shift] = [(0, 0)] * count
        self.windings: list[tuple[Shift, ...]] = [()] * count

    def root(self, site: int) -> tuple[int, Shift]:
        """Return the root of a site, and the site's cell if the root lies in cell 0."""
        cell = (0, 0)
        while self.parents[site] != site:
            cell = _added(cell, self.shifts[site])
            site = self.parents[site]
        return site, cell

    def join(self, start: int, end: int, shift: Shift) -> int:
        """Add a hop and return how many independent windings (0, 1, 2) its part then has."""
        (one, cell), (other, other_cell) = self.root(start), self.root(end)
        between = _added(_added(cell, shift), (-other_cell[0], -other_cell[1]))
        if one == other:
            self.windings[one] = _independent([*self.windings[one], between])
        else:
            self.parents[other], self.shifts[other] = one, between
            self.windings[one] = _independent([*self.windings[one], *self.windings[other]])
        return len(self.windings[one])


def find_parts(network: Network) -> tuple[Part, ...]:
    """Return the connected parts of a network, in the order of their first sites."""
    count = len(network.energies)
    joined = JoinedSites(count)
    for hop in network.hops:
        joined.join(hop.start, hop.end, hop.shift)
    roots = [joined.root(site)[0] for site in range(count)]
    members = {root: tuple(i for i in range(count) if roots[i] == root) for root in roots}
    return tuple(Part(sites, joined.windings[root]) for root, sites in members.items())


def _added(one: Shift, other: Shift) -> Shift:
    return one[0] + other[0], one[1] + other[1]


def _independent(windings: Sequence[Shift]) -> tuple[Shift, ...]:
    """Keep the first winding, and the first that is not parallel to it."""
    kept: list[Shift] = []
    for winding in windings:
        new = winding != (0, 0) if not kept else _crossed(kept[0], winding) != 0
        if new and len(kept) < 2:
            kept.append(winding)
    return tuple(kept)


def _crossed(one: Shift, other: Shift) -> int:
    return one[0] * other[1] - one[1] * other[0]
