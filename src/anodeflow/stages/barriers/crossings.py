"""What paths and the host's symmetry make of sites: which fall to others, and hops between them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from anodeflow.stages.barriers.distinct_sites import Crest, DistinctSites, Fall
from anodeflow.stages.barriers.host_symmetry import Edge, Operation, either_way
from anodeflow.stages.barriers.paths import FoundPath
from anodeflow.stages.barriers.sites import Merge, ion_position


@dataclass(frozen=True)
class Crossing:
    """A hop between sites that stay, over the top of a path or over a site that is a crest.

    edge: between the sites that stay, by their indices; point: of the saddle (2,), in the lateral
    cell vectors, if the start lies in cell 0; saddle: eV, on the scale of the paths; paths: what it
    leads along from its start to its end: one, or two over a crest; over: that crest.
    """

    edge: Edge
    point: np.ndarray
    saddle: float
    paths: tuple[FoundPath, ...]
    over: int | None = None

    @property
    def label(self) -> str:
        """Return the names of its paths, of equivalent hops the same."""
        return " and ".join(sorted({path.label for path in self.paths}))

    def one_way(self) -> "Crossing":
        """Return it in the one of its two directions that stands for both."""
        forward = either_way(self.edge)
        if forward == self.edge:
            return self
        point = self.point - self.edge[2]
        return Crossing(forward, point, self.saddle, self.paths[::-1], self.over)


def is_level(path: FoundPath, like: Sequence[int]) -> bool:
    """Return whether no image lies above both ends of a path between sites that are alike."""
    start, end, _ = path.edge
    return path.downhill and like[start] == like[end]


def falls(
    paths: Sequence[FoundPath], operations: Sequence[Operation], like: Sequence[int]
) -> list[Fall]:
    """Return those of the paths, and of what symmetry makes of them, that lead down from an end.

    like: the first of the sites that each (S,) is equivalent to.
    """
    found = []
    for path in paths:
        if not path.downhill or is_level(path, like):
            continue
        for operation in operations:
            start, end, (a, b) = operation.apply(path.edge)
            if path.top == 0:
                found.append(Fall(start, (end, (a, b)), path.label))
            else:
                found.append(Fall(end, (start, (-a, -b)), path.label))
    return found


def crossings(
    paths: Sequence[FoundPath],
    positions: np.ndarray,
    energies: np.ndarray,
    cell: np.ndarray,
    operations: Sequence[Operation],
    stay: DistinctSites,
    crests: Sequence[Crest],
    merge: Merge,
) -> list[Crossing]:
    """Return the hops that paths and symmetry make between sites that stay, lowest saddles first.

    Two ways between the same sites are two hops where their ions cross apart from each other, as a
    path that bends does beside its mirror image, and one where they cross at one place.

    Args:
        paths: without fault.
        positions: of the ion at all sites in the plane (S, 2), Å.
        energies: of all sites (S,), eV.
        cell: lateral vectors in rows (2, 2), Å.
        operations: of the network.
        stay: which of the sites are sites of their own.
        crests: those that are saddles between two of these.
        merge: within which two saddles are at one place.
    """
    found = [*_over_tops(paths, cell, operations, stay)]
    named = {path.label: path for path in paths}
    fractions = positions @ np.linalg.inv(cell)
    found += [_over_crest(crest, named, fractions, energies, stay) for crest in crests]
    known: dict[Edge, list[np.ndarray]] = {}
    kept = []
    for one in sorted((one.one_way() for one in found), key=lambda one: one.saddle):
        others = known.setdefault(one.edge, [])
        if all(np.linalg.norm((one.point - other) @ cell) > merge.within for other in others):
            others.append(one.point)
            kept.append(one)
    return kept


def _over_tops(
    paths: Sequence[FoundPath],
    cell: np.ndarray,
    operations: Sequence[Operation],
    stay: DistinctSites,
) -> Iterator[Crossing]:
    for path in paths:
        place = ion_position(path.images[path.top]) @ np.linalg.inv(cell)
        for operation in operations if not path.downhill else []:
            edge = stay.edge(operation.apply(path.edge))
            start = operation.sites[path.edge[0]]
            if edge is None or (stands := stay.places[start]) is None:
                continue
            shift = operation.shifts[path.edge[0]]
            point = operation.matrix @ place + operation.translation - shift - stands[1]
            yield Crossing(edge, point, float(path.energies[path.top]), (path,))


def _over_crest(
    crest: Crest,
    paths: Mapping[str, FoundPath],
    fractions: np.ndarray,
    energies: np.ndarray,
    stay: DistinctSites,
) -> Crossing:
    (one, (start, here)), (other, (end, there)) = crest.sides
    shift = (there[0] - here[0], there[1] - here[1])
    edge = stay.numbers.index(start), stay.numbers.index(end), shift
    saddle = float(energies[crest.site])
    point = fractions[crest.site] - here
    return Crossing(edge, point, saddle, (paths[one], paths[other]), crest.site)
