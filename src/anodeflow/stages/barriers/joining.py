"""Sites, paths and vibrations joined to the network of an ion, with what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.mep.neb import NEBTools

from anodeflow.errors import known
from anodeflow.stages.barriers.crossings import Crossing, crossings, falls
from anodeflow.stages.barriers.distinct_sites import DistinctSites, distinct_sites
from anodeflow.stages.barriers.host_symmetry import Operation, site_classes
from anodeflow.stages.barriers.left_out import (
    STIFFNESS,
    fault_of,
    is_saddle,
    lower_ways,
    no_hops,
    no_saddles,
)
from anodeflow.stages.barriers.network import Hop, Network
from anodeflow.stages.barriers.network_diffusion import TooColdError, network_diffusion
from anodeflow.stages.barriers.paths import FoundPath, network_operations
from anodeflow.stages.barriers.percolation import (
    Percolation,
    limiting_path,
    percolation,
)
from anodeflow.stages.barriers.results import (
    Frequencies,
    HopRow,
    MotionAt,
    NetworkResult,
    PercolationBarrier,
    Site,
    Step,
    Vibrations,
)
from anodeflow.stages.barriers.sites import Merge, ion_positions
from anodeflow.structures import roles
from anodeflow.structures.files import stored_energy
from anodeflow.units import A2_PS_TO_CM2_S

NO_VIBRATIONS = "without vibrations there are no rates"


@dataclass(frozen=True)
class _Sites:
    """All sites, with what symmetry and downhill paths make of them.

    energies: (S,), eV, of sites that are alike that of the lowest; like: the first that each is
    equivalent to; operations: of the host, which map the sites on each other; stay: which of them
    are sites of their own.
    """

    sites: Sequence[Atoms]
    energies: np.ndarray
    like: Sequence[int]
    operations: Sequence[Operation]
    vibrations: Vibrations | None
    stay: DistinctSites

    @classmethod
    def of(
        cls,
        sites: Sequence[Atoms],
        operations: Sequence[Operation],
        paths: Sequence[FoundPath],
        vibrations: Vibrations | None,
    ) -> "_Sites":
        """Return them as operations and paths without fault have them."""
        like = site_classes(operations, len(sites))
        own = np.array([stored_energy(site, "total") for site in sites])
        energies = np.array([own[[one == other for other in like]].min() for one in like])
        stay = distinct_sites(energies, falls(paths, operations, like))
        return cls(sites, energies, like, operations, vibrations, stay)

    def modes(self, site: int) -> Frequencies | None:
        """Return the vibrations at a site, if they were computed."""
        return None if self.vibrations is None else self.vibrations.sites[str(self.like[site])]


@dataclass(frozen=True)
class _Joined:
    """A network, and of each of its hops what it is made of."""

    network: Network
    crossings: list[Crossing]


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
    of the one that was computed. A site from which it is downhill to one place is part of that, and
    one from which it is downhill to two is the saddle between them. A path that did not converge,
    at whose top the ion left the gap or the host reacted, or whose top is no saddle, is left out
    and named; so are sites that part more than two places, and of a walk that was taken from
    another model the paths whose ends are no sites.

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
    ion, changed = _ion(sites[0]), [one.info["changed"] for one in sites if "changed" in one.info]
    if len(changed) == len(sites):
        return _no_network(ion, walk_of, paths, changed)
    sites = sites[: len(sites) - len(changed)]
    faults = {path.label: fault_of(path, host, vibrations, len(sites)) for path in paths}
    used = [path for path in paths if faults[path.label] is None]
    operations = network_operations(host, sites, tolerance=symmetry_tolerance, merge=merge)
    every = _Sites.of(sites, operations, used, vibrations)
    joined = _join(host, every, used, merge)
    found = percolation(joined.network)
    walk = [] if found.one is None else limiting_path(joined.network, found.one)
    motion, lacking = _motion(every, joined, temperatures)
    left_out = [*filter(None, faults.values()), *no_hops(used, every.stay, every.like)]
    left_out += no_saddles(every.stay, every.like, vibrations)
    missed = lower_ways(left_out, every.energies.min(), joined.network, found.both)
    return NetworkResult(
        ion=ion,
        sites=_site_rows(every),
        hops=_hop_rows(every, joined),
        percolation_barrier=_barrier(found),
        walk=[Step(hop=hop, backward=way < 0) for hop, way in walk],
        motion=motion,
        error_eV=_error(joined, [hop for hop, _ in walk]),
        error_both_eV=_error(joined, [] if found.both is None else [found.both.hop]),
        left_out=[f"{one.label}: {one.fault}" for one in left_out],
        changed=changed,
        operations=len(operations),
        note=_note(walk_of, changed, missed, lacking),
    )


def _ion(stack: Atoms) -> str:
    return str(stack.symbols[roles.ions(stack)][0])


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
        error_both_eV=None,
        left_out=[f"{path.label}: {path.fault}" for path in paths],
        changed=changed,
        operations=0,
        note=_note(walk_of, changed, "", [NO_VIBRATIONS]),
    )


def _barrier(found: Percolation) -> PercolationBarrier:
    return PercolationBarrier(
        one_direction=found.one.barrier if found.one else None,
        both_directions=found.both.barrier if found.both else None,
    )


def _unstable(every: _Sites) -> list[int]:
    """Return the distinct sites that have an imaginary mode, each by the first that is like it."""
    found = {every.like[site] for site in every.stay.numbers}
    return [site for site in sorted(found) if (modes := every.modes(site)) and modes.imaginary]


def _join(host: Atoms, every: _Sites, paths: Sequence[FoundPath], merge: Merge) -> _Joined:
    cell, positions = host.cell.array[:2, :2], ion_positions(every.sites)
    energies, stay, lowest = every.energies, every.stay, every.energies.min()
    crests = [
        crest
        for crest in stay.crests
        if crest.sides and is_saddle(crest.site, every.like, every.vibrations)
    ]
    made = crossings(paths, positions, energies, cell, every.operations, stay, crests, merge)
    hops = [Hop(*one.edge, one.saddle - lowest, _log_product(one, every)) for one in made]
    modes = [every.modes(site) for site in stay.numbers]
    products = [one.log_product for one in modes if one is not None]
    network = Network(
        cell=cell,
        positions=positions[stay.numbers],
        energies=(energies - lowest)[stay.numbers],
        hops=tuple(hops),
        log_vibrations=None if every.vibrations is None else np.array(products),
    )
    return _Joined(network, made)


def _log_product(crossing: Crossing, every: _Sites) -> float | None:
    """Return Σ ln(ν/THz) of the real modes at a saddle."""
    if every.vibrations is None:
        return None
    if crossing.over is not None:
        return known(every.modes(crossing.over)).log_product
    return every.vibrations.saddles[crossing.label].log_product


def _site_rows(every: _Sites) -> list[Site]:
    rows = []
    for number, site in enumerate(every.sites):
        modes = every.modes(number)
        x, y, z = site.positions[roles.ions(site)][0].tolist()
        rows.append(
            Site(
                energy_eV=every.energies[number] - every.energies.min(),
                position=(x, y, z),
                starts=str(site.info["starts"]),
                like=every.like[number],
                within=every.stay.stands_for(number),
                log_vibrations=None if modes is None or modes.imaginary else modes.log_product,
                imaginary=None if modes is None else modes.imaginary,
            )
        )
    return rows


def _hop_rows(every: _Sites, joined: _Joined) -> list[HopRow]:
    network, numbers, rows = joined.network, every.stay.numbers, []
    for hop, crossing, vector in zip(network.hops, joined.crossings, network.vectors, strict=True):
        start, end = numbers[hop.start], numbers[hop.end]
        barriers = hop.saddle - network.energies[[hop.start, hop.end]]
        rows.append(
            HopRow(
                path=crossing.paths[0].label,
                then=crossing.paths[1].label if crossing.over is not None else None,
                over=crossing.over,
                start=start,
                end=end,
                shift=hop.shift,
                vector=(float(vector[0]), float(vector[1])),
                saddle_eV=hop.saddle,
                barrier_eV=float(barriers[0]),
                barrier_back_eV=float(barriers[1]),
                prefactor_per_ps=_prefactor(every.modes(start), hop),
                prefactor_back_per_ps=_prefactor(every.modes(end), hop),
            )
        )
    return rows


def _prefactor(modes: Frequencies | None, hop: Hop) -> float | None:
    """Return Vineyard's prefactor (1/ps) from a site, None where that is no minimum."""
    if modes is None or hop.log_vibrations is None or modes.imaginary:
        return None
    return float(np.exp(modes.log_product - hop.log_vibrations))


def _motion(
    every: _Sites, joined: _Joined, temperatures: Sequence[float]
) -> tuple[list[MotionAt], list[str]]:
    """Return the motion by temperature, and what keeps it from being known."""
    if every.vibrations is None:
        return [], [NO_VIBRATIONS]
    if unstable := _unstable(every):
        named = ", ".join(map(str, unstable))
        return [], [f"sites {named} have imaginary modes, so that there are no rates"]
    rows, cold = [], []
    for temperature in temperatures:
        try:
            found = network_diffusion(joined.network, temperature)
        except TooColdError:
            cold.append(temperature)
            continue
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
    named = ", ".join(f"{kelvin:g}" for kelvin in cold)
    told = f"at {named} K hops differ by too many orders for D to be computed"
    return rows, [told] if cold else []


def _share_by_path(joined: _Joined, shares: np.ndarray) -> Mapping[str, float]:
    """Return what equivalent hops, which are slow together, have of the derivative of ln D."""
    found: dict[str, float] = {}
    for crossing, share in zip(joined.crossings, shares, strict=True):
        found[crossing.label] = found.get(crossing.label, 0.0) + float(share)
    return found


def _error(joined: _Joined, hops: Sequence[int]) -> float | None:
    """Return what the images and the forces of hops' paths leave open of a barrier over them, eV.

    The top of ASE's spline through energies and forces against the highest image, and F²/2k of the
    force that is left on the path.
    """
    errors = []
    for path in {path.label: path for hop in hops for path in joined.crossings[hop].paths}.values():
        fitted = NEBTools(path.images).get_barrier(fit=True, raw=True)[0]
        top = float(path.energies[path.top])
        errors.append(abs(fitted - top) + path.fmax**2 / (2 * STIFFNESS))
    return max(errors, default=None)


def _note(walk_of: str, changed: Sequence[str], missed: str, lacking: Sequence[str]) -> str:
    """Return what the network cannot know."""
    parts = []
    if walk_of:
        taken = f"the lowest walk of {walk_of}, relaxed anew"
        parts.append(f"{taken}: lower ways and sites were not looked for")
    if changed:
        parts.append(
            f"{len(changed)} of its sites are none here, so that its hops there are not known "
            f"({changed[0]})"
        )
    return "; ".join(filter(None, [*parts, missed, *lacking]))
