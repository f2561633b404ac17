"""What a network leaves out of the paths and sites that there are, and may miss by that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from anodeflow.errors import known
from anodeflow.stages.barriers.crossings import is_level
from anodeflow.stages.barriers.distinct_sites import DistinctSites
from anodeflow.stages.barriers.network import Network
from anodeflow.stages.barriers.paths import FoundPath
from anodeflow.stages.barriers.percolation import Opening
from anodeflow.stages.barriers.results import Vibrations
from anodeflow.stages.barriers.sites import change_of_host

STIFFNESS = 1.0
"""ASSUME: the curvature (eV/Å²) along which the force that is left at a saddle is an energy."""


@dataclass(frozen=True)
class LeftOut:
    """A path or a site that is left out of a network, and why.

    above: the energy (eV) below which no saddle of it can lie, −inf where none is known; None where
    it has an end that is no site at all.
    """

    label: str
    fault: str
    above: float | None


def fault_of(
    path: FoundPath, host: Atoms, vibrations: Vibrations | None, sites: int
) -> LeftOut | None:
    """Return why a path is no hop of the network, nothing if it is one.

    sites: how many there are, beyond which a path's ends are none.
    """
    if path.fault:
        return LeftOut(path.label, path.fault, -np.inf if max(path.edge[:2]) < sites else None)
    top = float(path.energies[path.top])
    if not path.converged:
        # ASSUME: a saddle lies no lower than the highest image of a band that does not climb, but
        # for the F²/2k of the force that is left on it.
        fault = f"a force of {path.fmax:.3g} eV/Å is left on it"
        return LeftOut(path.label, fault, top - path.fmax**2 / (2 * STIFFNESS))
    if change := change_of_host(path.images[path.top], host):
        return LeftOut(path.label, f"at its top {change}", -np.inf)
    if path.downhill or vibrations is None:
        return None
    found = vibrations.saddles[path.label].imaginary
    return None if found == 1 else LeftOut(path.label, f"its top {_modes(found)}", -np.inf)


def _modes(imaginary: int) -> str:
    return f"has {imaginary} imaginary modes where a saddle has one"


def no_hops(
    paths: Sequence[FoundPath], stay: DistinctSites, like: Sequence[int]
) -> Iterator[LeftOut]:
    """Yield the paths that are level, and those over a saddle to what is part of no one site."""
    for path in paths:
        top = float(path.energies[path.top])
        open_ends = [site for site in path.edge[:2] if stay.places[site] is None]
        if is_level(path, like):
            yield LeftOut(path.label, "it is level, between sites that are alike", top)
        elif open_ends and not path.downhill:
            fault = f"it ends at site {open_ends[0]}, from which it is downhill to several places"
            yield LeftOut(path.label, fault, top)


def no_saddles(
    stay: DistinctSites, like: Sequence[int], vibrations: Vibrations | None
) -> Iterator[LeftOut]:
    """Yield the crests, of those that are alike the first, that are no saddle between two sites."""
    for crest in stay.crests:
        if crest.site != like[crest.site]:
            continue
        if not crest.sides:
            fault = "from there it is downhill to more than two places, or to another such site"
            yield LeftOut(f"site-{crest.site}", fault, -np.inf)
        elif not is_saddle(crest.site, like, vibrations):
            found = known(vibrations).sites[str(crest.site)].imaginary
            fault = f"from there it is downhill to two places, and it {_modes(found)}"
            yield LeftOut(f"site-{crest.site}", fault, -np.inf)


def is_saddle(site: int, like: Sequence[int], vibrations: Vibrations | None) -> bool:
    """Return whether a site may be one by its imaginary modes, if these are known."""
    return vibrations is None or vibrations.sites[str(like[site])].imaginary == 1


def lower_ways(
    left_out: Sequence[LeftOut], lowest: float, network: Network, both: Opening | None
) -> str:
    """Return whether what was left out may be a lower way than those of the network.

    That is, whether it may have a saddle below the one that opens the way in both directions, both
    above the lowest of all sites: a barrier is above the lowest of its own part. Of paths that
    end at what is no site here the note tells already.
    """
    above = {one.label: one.above for one in left_out if one.above is not None}
    if not above:
        return ""
    opens = np.inf if both is None else network.hops[both.hop].saddle
    lower = [label for label, least in above.items() if least - lowest < opens]
    if not lower:
        return "paths were left out, whose saddles lie above the barriers"
    return f"paths were left out, so that there may be lower ways: {', '.join(lower)}"
