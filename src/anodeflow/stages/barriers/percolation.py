"""The barriers of motion over long distances: where the network first winds round the cell."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from anodeflow.stages.barriers.network import Network, Shift
from anodeflow.stages.barriers.windings import JoinedSites, Part, find_parts

Step = tuple[int, int]
"""A hop's index, and 1 from its start to its end or −1 back."""


@dataclass(frozen=True)
class Opening:
    """Where the way over long distances opens.

    barrier: eV, of the saddle that opens it over the lowest site of its part; hop: the index of
    that saddle's hop, the first of those that are equally high.
    """

    part: Part
    barrier: float
    hop: int


@dataclass(frozen=True)
class Percolation:
    """The percolation barriers of a network or of one of its parts.

    one: E_1, round the cell in one direction; both: E_2, in two; None where no way winds so.
    """

    one: Opening | None
    both: Opening | None


def percolation_of(network: Network, part: Part) -> Percolation:
    """Find the percolation barriers of one part of a network.

    E_r is the lowest energy, over the lowest site of the part, such that hops whose saddles are no
    higher hold r independent ways round the cell that meet. Hops are added in the order of their
    saddles to a union-find that knows windings: there is no search over cycles.

    Source: M. E. J. Newman and R. M. Ziff, Phys. Rev. E 64, 016706 (2001).
    """
    lowest = min(network.energies[list(part.sites)])
    joined = JoinedSites(len(network.energies))
    found: dict[int, Opening] = {}
    own = [i for i, hop in enumerate(network.hops) if hop.start in part.sites]
    for index in sorted(own, key=lambda i: network.hops[i].saddle):
        hop = network.hops[index]
        rank = joined.join(hop.start, hop.end, hop.shift)
        for reached in range(1, rank + 1):
            found.setdefault(reached, Opening(part, float(hop.saddle - lowest), index))
    return Percolation(found.get(1), found.get(2))


def percolation(network: Network) -> Percolation:
    """Find the percolation barriers of a network: of the part that opens at the lowest energy.

    Each is relative to the lowest site of its own part, since an ion does not leave a part; E_1 and
    E_2 may be of different parts.
    """
    parts = [percolation_of(network, part) for part in find_parts(network)]
    return Percolation(
        _first_open(network, [part.one for part in parts]),
        _first_open(network, [part.both for part in parts]),
    )


def _first_open(network: Network, openings: list[Opening | None]) -> Opening | None:
    found = [opening for opening in openings if opening is not None]
    return min(found, key=lambda opening: network.hops[opening.hop].saddle, default=None)


def limiting_path(network: Network, opening: Opening) -> list[Step]:
    """Return a closed walk that winds round the cell over the hop that opens E_1, and none higher.

    It has as few hops as there can be: found breadth first over the sites of all cells, from the
    end of that hop to a periodic image of its start.

    Args:
        network: of the opening.
        opening: `Percolation.one`; a hop that opens E_2 may only join two ways, and then no
            walk leads over it once.

    Returns:
        the steps in their order, the first from start to end of the hop that opens the way.
    """
    first = network.hops[opening.hop]
    begin = (first.end, first.shift)
    before: dict[tuple[int, Shift], tuple[tuple[int, Shift], Step] | None] = {begin: None}
    waiting = deque([begin])
    while waiting:
        place = waiting.popleft()
        if place[0] == first.start and place[1] != (0, 0):
            return [(opening.hop, 1), *_steps_to(place, before)]
        for step, reached in _steps_from(network, place, first.saddle):
            if reached not in before:
                before[reached] = (place, step)
                waiting.append(reached)
    raise ValueError(
        f"no walk over hop {opening.hop} winds round the cell: give an opening of E_1."
    )


def _steps_from(
    network: Network, place: tuple[int, Shift], highest: float
) -> Iterator[tuple[Step, tuple[int, Shift]]]:
    """Yield the steps from a site of a cell over saddles up to `highest`, and where they lead."""
    site, (a, b) = place
    for index, hop in enumerate(network.hops):
        if hop.saddle > highest:
            continue
        if hop.start == site:
            yield (index, 1), (hop.end, (a + hop.shift[0], b + hop.shift[1]))
        if hop.end == site:
            yield (index, -1), (hop.start, (a - hop.shift[0], b - hop.shift[1]))


def _steps_to(
    place: tuple[int, Shift],
    before: dict[tuple[int, Shift], tuple[tuple[int, Shift], Step] | None],
) -> list[Step]:
    steps = []
    while (came := before[place]) is not None:
        place, step = came
        steps.append(step)
    return steps[::-1]
