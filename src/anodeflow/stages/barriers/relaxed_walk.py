"""The lowest walk of one model's ion, its sites and hops relaxed anew by another model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.errors import StructureError
from anodeflow.stages.barriers.band import BandSettings
from anodeflow.stages.barriers.held_centres import held
from anodeflow.stages.barriers.host_symmetry import Edge, either_way
from anodeflow.stages.barriers.network import Shift
from anodeflow.stages.barriers.paths import (
    FoundPath,
    Search,
    ends_of,
    place_of,
    relax_paths,
)
from anodeflow.stages.barriers.results import NetworkResult
from anodeflow.stages.barriers.sites import (
    Merge,
    change_of_host,
    directions,
    distinct,
    relax_ions,
)
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.structures import roles


@dataclass(frozen=True)
class Walk:
    """A walk that winds round the cell, in the network of a model.

    sites: the stack with its ion at each of its sites, by their numbers in the network; hops: what
    they join, by these numbers.
    """

    model: str
    sites: Mapping[int, Atoms]
    hops: Sequence[Edge]


def lowest_walk(model: str, network: NetworkResult, sites: Sequence[Atoms]) -> Walk:
    """Return the lowest walk of a model's network.

    Raises:
        StructureError: no walk of the network winds round the cell.
    """
    rows = [network.hops[number] for number in sorted({step.hop for step in network.walk})]
    if not rows:
        raise StructureError(
            f"The network of {model} in {sites[0].get_chemical_formula()} has no walk that winds "
            "round the cell, so that there is none to relax anew: take the stack out of "
            "barriers.stacks, or set barriers.walk_of to null."
        )
    numbers = sorted({site for hop in rows for site in (hop.start, hop.end)})
    hops = [(hop.start, hop.end, hop.shift) for hop in rows]
    return Walk(model, {number: sites[number] for number in numbers}, hops)


def relax_walk(
    host: Atoms,
    walk: Walk,
    calc: Calculator,
    *,
    start_shift: float,
    seed: int,
    symmetry_tolerance: float,
    merge: Merge,
    band: BandSettings,
    kept: KeptMinima,
    on_path: Callable[[int, int], None],
) -> Search:
    """Relax the sites of another model's walk in a host, and bands along its hops.

    Sites of the walk may fall into one here, and hops lead across others, which split them. What
    the host's symmetry makes of sites and hops belongs to them. A hop over a site that is its
    saddle is one band from start to end. A site at which the ion leaves the gap or the host reacts
    is none of the search: it is kept beside it, its hops as faulty paths.

    Args:
        host: relaxed stack without ions.
        walk: of the other model, in its own host.
        calc: the model.
        start_shift: how far ions are moved before they relax, as in `find_sites`, Å.
        seed: of the directions.
        symmetry_tolerance: of the host's symmetry, Å.
        merge: as in `find_sites`.
        band: how bands are relaxed.
        kept: how sites are relaxed, and where all is kept.
        on_path: called with (done, total) paths.

    Raises:
        NotConvergedError: the relaxation of a site used up `max_steps`.
    """
    moves = start_shift * directions(len(walk.sites), seed)
    starts = [put_into(host, site) for site in walk.sites.values()]
    for start, move in zip(starts, moves, strict=True):
        start.positions[-1, :2] += move
    relaxed = relax_ions(
        starts,
        calc,
        names=[f"site {number} of {walk.model}" for number in walk.sites],
        alike=[1] * len(starts),
        series=kept.series(host, {"starts": [start.positions.tolist() for start in starts]}),
        kept=kept,
        on_start=lambda _: None,
    )
    stacks = dict(zip(walk.sites, relaxed, strict=True))
    changes = {number: change_of_host(stack, host) for number, stack in stacks.items()}
    intact = {number: stack for number, stack in stacks.items() if not changes[number]}
    sites = distinct(list(intact.values()), host, symmetry_tolerance, merge)
    search = Search.of(host, sites, merge, symmetry_tolerance)
    places = {number: place_of(search, stack) for number, stack in intact.items()}
    hops = [_between(hop, places) for hop in walk.hops if intact.keys() >= set(hop[:2])]
    if hops:
        relax_paths(search, hops, calc, band=band, kept=kept, on_path=on_path)
    _leave_out(search, walk, stacks, changes, places)
    return search


def _leave_out(
    search: Search,
    walk: Walk,
    stacks: Mapping[int, Atoms],
    changes: Mapping[int, str],
    places: Mapping[int, tuple[int, Shift]],
) -> None:
    """Put the stacks that are no sites beside a search, and the hops that they end into it."""
    numbered = dict(places)
    for site, change in changes.items():
        if change:
            numbered[site] = len(search.sites) + len(search.changed), (0, 0)
            stacks[site].info["changed"] = f"relaxed from site {site} of {walk.model}, {change}"
            search.changed.append(stacks[site])
    for hop in walk.hops:
        ends = [stacks[site] for site in hop[:2]]
        if faults := [stack.info["changed"] for stack in ends if "changed" in stack.info]:
            edge = either_way(_between(hop, numbered))
            images = list(ends_of(edge, search.sites + search.changed))
            fmax = max(float(stack.info["fmax"]) for stack in ends)
            search.paths[edge] = FoundPath(edge, images, fmax, False, "; ".join(faults))


def put_into(host: Atoms, site: Atoms) -> Atoms:
    """Return another model's stack with its ion in the cell of a host, its layers held.

    Lateral positions are scaled to the cell, then each layer is moved in the plane to where it is
    in the host, the ion with the bottom layer, so that all sites have the host's registry; heights
    stay as they are.

    Args:
        host: relaxed stack without ions (N atoms).
        site: the same atoms and, last, an ion.
    """
    scale = np.eye(3)
    scale[:2, :2] = np.linalg.inv(site.cell.array[:2, :2]) @ host.cell.array[:2, :2]
    tags, positions = site.get_tags(), site.positions @ scale
    start = Atoms(site.symbols, positions, cell=host.cell, pbc=host.pbc, tags=tags)
    masses = host.get_masses()
    for layer, moved in (
        (roles.bottom(host), roles.bottom(start) | roles.ions(start)),
        (roles.top(host), roles.top(start)),
    ):
        away = (host.positions - start.positions[:-1])[layer, :2]
        start.positions[moved, :2] += masses[layer] @ away / masses[layer].sum()
    return held(start)


def _between(hop: Edge, places: Mapping[int, tuple[int, Shift]]) -> Edge:
    """Return a hop between the sites, each in its cell, that those of the walk relaxed to."""
    start, end, (a, b) = hop
    (one, here), (other, there) = places[start], places[end]
    return one, other, (a + there[0] - here[0], b + there[1] - here[1])
