"""Sites, paths and vibrations joined to the network of an ion, with what follows from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.mep.neb import NEBTools

from anodeflow.stages.barriers.distinct_sites import DistinctSites, distinct_sites
from anodeflow.stages.barriers.host_symmetry import (
    Edge,
    Operation,
    either_way,
    orbit,
    site_classes,
)
from anodeflow.stages.barriers.network import Hop, Network
from anodeflow.stages.barriers.network_diffusion import network_diffusion
from anodeflow.stages.barriers.paths import FoundPath, network_operations
from anodeflow.stages.barriers.percolation import (
    Opening,
    Percolation,
    limiting_path,
    percolation,
)
from anodeflow.stages.barriers.percolation import Step as WalkStep
from anodeflow.stages.barriers.results import (
    HopRow,
    MotionAt,
    NetworkResult,
    PercolationBarrier,
    Site,
    Step,
    Vibrations,
)
from anodeflow.stages.barriers.sites import Merge, change_of_host, ion_position, ion_positions
from anodeflow.structures import roles
from anodeflow.structures.files import stored_energy
from anodeflow.units import A2_PS_TO_CM2_S

STIFFNESS = 1.0
"""ASSUME: the curvature (eV/Å²) along which the force that is left at a saddle is an energy."""


@dataclass(frozen=True)
class _Joined:
    """A network, of its sites which of all they are, and of its hops the path of each."""

    network: Network
    sites: DistinctSites
    paths: list[FoundPath]


def join_network(
    host: Atoms,
    sites: Sequence[Atoms],
    paths: Sequence[FoundPath],
    vibrations: Vibrations | None,
    *,
    merge: Merge,
    symmetry_tolerance: float,
    temperatures: Sequence[float],
    walk_of: str = "",
) -> NetworkResult:
    """Join sites and paths to a network; compute its barriers and, with vibrations, its motion.

    Sites that symmetry makes alike take the energy of the lowest of them, and equivalent hops that
    of the one that was computed. A site from which a path leads downhill is the one that it leads
    to. A path that did not converge, at whose top the ion left the gap or the host reacted, or
    whose top is no saddle, is left out and named, and so are those of a walk that was taken from
    another model and has ends which are no sites.

    Args:
        host: relaxed stack without ions.
        sites: of the network, stacks with an ion each; those with info["changed"] are none.
        paths: relaxed.
        vibrations: at sites and saddles; None for barriers alone.
        merge: as in `find_sites`.
        symmetry_tolerance: of the host, Å.
        temperatures: of the motion, K.
        walk_of: the model whose lowest walk these paths are, relaxed anew; empty for a network that
            was looked for.
    """
    ion = str(sites[0].symbols[roles.ions(sites[0])][0])
    changed = [str(one.info["changed"]) for one in sites if "changed" in one.info]
    sites = sites[: len(sites) - len(changed)]
    if not sites:
        return _no_network(ion, walk_of, paths, changed)
    operations = network_operations(host, sites, tolerance=symmetry_tolerance, merge=merge)
    like = site_classes(operations, len(sites))
    left_out = {path.label: _fault(path, host, vibrations) for path in paths}
    used = [path for path in paths if not left_out[path.label]]
    unused = [path for path in paths if left_out[path.label]]
    joined = _join(host, sites, used, vibrations, operations, like, merge)
    found = percolation(joined.network)
    walk = [] if found.one is None else limiting_path(joined.network, found.one)
    lower_ways = _lower_ways(unused, sites, joined.network, found.both)
    rests = _unstable([like[site] for site in joined.sites.numbers], vibrations)
    return NetworkResult(
        ion=ion,
        sites=_site_rows(joined, sites, like, vibrations),
        hops=_hop_rows(joined),
        percolation_barrier=_barrier(found),
        walk=[Step(hop=hop, backward=way < 0) for hop, way in walk],
        motion=[] if vibrations is None or rests else _motion(joined, temperatures),
        error_eV=_error(joined, walk),
        left_out=[f"{label}: {fault}" for label, fault in left_out.items() if fault],
        changed=changed,
        operations=len(operations),
        note=_note(walk_of, changed, vibrations, rests, lower_ways),
    )


def _no_network(
    ion: str, walk_of: str, paths: Sequence[FoundPath], changed: list[str]
) -> NetworkResult:
    """Return what is left where a walk that was taken from another model has no site here."""
    return NetworkResult(
        ion=ion,
        sites=[],
        hops=[],
        percolation_barrier=_barrier(Percolation(None, None)),
        walk=[],
        motion=[],
        error_eV=None,
        left_out=[f"{path.label}: {path.fault}" for path in paths],
        changed=changed,
        operations=0,
        note=_note(walk_of, changed, None, [], ""),
    )


def _barrier(found: Percolation) -> PercolationBarrier:
    return PercolationBarrier(
        one_direction=found.one.barrier if found.one else None,
        both_directions=found.both.barrier if found.both else None,
    )


def _fault(path: FoundPath, host: Atoms, vibrations: Vibrations | None) -> str:
    """Return why a path is no hop of the network, nothing if it is one."""
    if path.fault:
        return path.fault
    if not path.converged:
        return f"a force of {path.fmax:.3g} eV/Å is left on it"
    if change := change_of_host(path.images[path.top], host):
        return f"at its top {change}"
    if path.downhill or vibrations is None:
        return ""
    found = vibrations.saddles[path.label].imaginary
    return "" if found == 1 else f"its top has {found} imaginary modes where a saddle has one"


def _unstable(like: Sequence[int], vibrations: Vibrations | None) -> list[int]:
    """Return the distinct sites that have an imaginary mode."""
    if vibrations is None:
        return []
    return [site for site in sorted(set(like)) if vibrations.sites[str(site)].imaginary]


def _join(
    host: Atoms,
    sites: Sequence[Atoms],
    paths: Sequence[FoundPath],
    vibrations: Vibrations | None,
    operations: Sequence[Operation],
    like: Sequence[int],
    merge: Merge,
) -> _Joined:
    own = np.array([stored_energy(site, "total") for site in sites])
    energies = np.array([own[[one == other for other in like]].min() for one in like])
    flat = [path for path in paths if path.downhill]
    downhill = [edge for path in flat for edge in sorted(orbit(path.edge, operations))]
    stay = distinct_sites(energies, downhill)
    hops, of = [], []
    for path, edge in _crossings(paths, host.cell.array[:2, :2], operations, stay, merge):
        saddle = None if vibrations is None else vibrations.saddles[path.label].log_product
        hops.append(Hop(*edge, float(path.energies[path.top] - energies.min()), saddle))
        of.append(path)
    products = None
    if vibrations is not None:
        kept = [vibrations.sites[str(like[site])] for site in stay.numbers]
        products = np.array([modes.log_product for modes in kept])
    network = Network(
        cell=host.cell.array[:2, :2],
        positions=ion_positions(sites)[stay.numbers],
        energies=(energies - energies.min())[stay.numbers],
        hops=tuple(hops),
        log_vibrations=products,
    )
    return _Joined(network, stay, of)


def _crossings(
    paths: Sequence[FoundPath],
    cell: np.ndarray,
    operations: Sequence[Operation],
    stay: DistinctSites,
    merge: Merge,
) -> Iterator[tuple[FoundPath, Edge]]:
    """Yield the hops that paths and symmetry make between sites that stay, lowest saddles first.

    Two ways between the same sites are two hops where their ions cross apart from each other, as a
    path that bends does beside its mirror image, and one where they cross at one place.
    """
    known: dict[Edge, list[np.ndarray]] = {}
    for path in sorted(paths, key=lambda path: path.energies[path.top]):
        place = ion_position(path.images[path.top]) @ np.linalg.inv(cell)
        for operation in operations:
            edge = stay.edge(operation.apply(path.edge))
            if path.downhill or edge is None:
                continue
            start = path.edge[0]
            point = operation.matrix @ place + operation.translation - operation.shifts[start]
            # As seen with the site that the hop starts from in cell 0.
            point = point + stay.places[operation.sites[start]][1]
            if (forward := either_way(edge)) != edge:
                point = point - edge[2]
            others = known.setdefault(forward, [])
            if all(np.linalg.norm((point - other) @ cell) > merge.within for other in others):
                others.append(point)
                yield path, forward


def _site_rows(
    joined: _Joined, sites: Sequence[Atoms], like: Sequence[int], vibrations: Vibrations | None
) -> list[Site]:
    energies = [stored_energy(site, "total") for site in sites]
    rows = []
    for number, site in enumerate(sites):
        modes = None if vibrations is None else vibrations.sites[str(like[number])]
        x, y, z = site.positions[roles.ions(site)][0].tolist()
        rows.append(
            Site(
                energy_eV=min(e for e, of in zip(energies, like, strict=True) if of == like[number])
                - min(energies),
                position=(x, y, z),
                starts=str(site.info["starts"]),
                like=like[number],
                within=joined.sites.stands_for(number),
                log_vibrations=None if modes is None else modes.log_product,
                imaginary=None if modes is None else modes.imaginary,
            )
        )
    return rows


def _hop_rows(joined: _Joined) -> list[HopRow]:
    network, rows = joined.network, []
    for hop, path, vector in zip(network.hops, joined.paths, network.vectors, strict=True):
        ends = network.energies[[hop.start, hop.end]]
        barriers = (hop.saddle - ends).tolist()
        prefactors: list[float | None] = [None, None]
        if network.log_vibrations is not None and hop.log_vibrations is not None:
            products = network.log_vibrations[[hop.start, hop.end]] - hop.log_vibrations
            prefactors = np.exp(products).tolist()
        rows.append(
            HopRow(
                path=path.label,
                start=joined.sites.numbers[hop.start],
                end=joined.sites.numbers[hop.end],
                shift=hop.shift,
                vector=(float(vector[0]), float(vector[1])),
                saddle_eV=hop.saddle,
                barrier_eV=barriers[0],
                barrier_back_eV=barriers[1],
                prefactor_per_ps=prefactors[0],
                prefactor_back_per_ps=prefactors[1],
            )
        )
    return rows


def _motion(joined: _Joined, temperatures: Sequence[float]) -> list[MotionAt]:
    rows = []
    for temperature in temperatures:
        found = network_diffusion(joined.network, temperature)
        (xx, xy), (yx, yy) = (found.tensor * A2_PS_TO_CM2_S).tolist()
        limiting = _share_by_path(joined, found.hop_shares)
        path = max(limiting, key=lambda label: limiting[label]) if limiting else ""
        rows.append(
            MotionAt(
                temperature_K=temperature,
                D_cm2_s=found.in_plane_cm2_s,
                D_tensor_cm2_s=((xx, xy), (yx, yy)),
                anisotropy=found.anisotropy,
                limiting_path=path,
                limiting_share=limiting.get(path, 0.0),
            )
        )
    return rows


def _share_by_path(joined: _Joined, shares: np.ndarray) -> Mapping[str, float]:
    """Return what equivalent hops, which are slow together, have of the derivative of ln D."""
    found: dict[str, float] = {}
    for path, share in zip(joined.paths, shares, strict=True):
        found[path.label] = found.get(path.label, 0.0) + float(share)
    return found


def _error(joined: _Joined, walk: Sequence[WalkStep]) -> float | None:
    """Return what the images and the forces of a walk's paths leave open of its barrier, eV.

    The top of ASE's spline through energies and forces against the image that climbed, and F²/2k of
    the force that is left on it.
    """
    errors = []
    for path in {joined.paths[hop].label: joined.paths[hop] for hop, _ in walk}.values():
        fitted = NEBTools(path.images).get_barrier(fit=True, raw=True)[0]
        top = float(path.energies[path.top])
        errors.append(abs(fitted - top) + path.fmax**2 / (2 * STIFFNESS))
    return max(errors, default=None)


def _lower_ways(
    paths: Sequence[FoundPath], sites: Sequence[Atoms], network: Network, both: Opening | None
) -> str:
    """Return whether paths that were left out may be lower ways than those of the network.

    That is, whether the top of one is lower than the saddle that opens the way in both directions,
    both above the lowest of all sites: a barrier is above the lowest of its own part. Of paths that
    end at what is no site the note tells already.
    """
    paths = [path for path in paths if max(path.edge[:2]) < len(sites)]
    if not paths:
        return ""
    opens = np.inf if both is None else network.hops[both.hop].saddle
    # ASSUME: a saddle lies no lower than the highest image of a band that does not climb, but for
    # the F²/2k of the force that is left on it.
    lowest = min(stored_energy(site, "total") for site in sites)
    lower = [
        path.label
        for path in paths
        if path.energies[path.top] - path.fmax**2 / (2 * STIFFNESS) - lowest < opens
    ]
    if not lower:
        return "paths were left out, whose bands all lie above the barriers"
    return f"paths were left out, so that there may be lower ways: {', '.join(lower)}"


def _note(
    walk_of: str,
    changed: Sequence[str],
    vibrations: Vibrations | None,
    unstable: Sequence[int],
    lower_ways: str,
) -> str:
    """Return what the network cannot know."""
    parts = []
    if walk_of:
        taken = f"the lowest walk of {walk_of}, relaxed anew"
        parts.append(f"{taken}: lower ways and sites were not looked for")
    if changed:
        parts.append(
            f"{len(changed)} of its sites are none here, so that its hops there are not "
            f"known ({changed[0]})"
        )
    if lower_ways:
        parts.append(lower_ways)
    if vibrations is None:
        parts.append("without vibrations there are no rates")
    if unstable:
        named = ", ".join(map(str, unstable))
        parts.append(f"sites {named} have imaginary modes, so that there are no rates")
    return "; ".join(parts)
