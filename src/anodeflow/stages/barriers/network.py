"""The network of one ion: its sites, the hops between them, and their rates."""

from dataclasses import dataclass

import numpy as np
from ase.units import kB
from scipy.special import logsumexp

Shift = tuple[int, int]
"""Lattice translation in the plane, in cells."""


@dataclass(frozen=True)
class Hop:
    """A way over one transition state, which stands once and serves both directions.

    start, end: indices of sites, which may be one and the same in two cells; shift: of the cell
    that the end lies in, seen from that of the start, in cell vectors; saddle: energy of the
    transition state (eV) on the scale of the sites' energies; log_vibrations: Σ' ln ν‡ of its real
    modes (ν in THz), None where they were not computed.
    """

    start: int
    end: int
    shift: Shift
    saddle: float
    log_vibrations: float | None = None


@dataclass(frozen=True, eq=False)
class Network:
    """Sites of one ion in a periodic cell, and the hops between them.

    cell: lateral cell vectors in rows (2, 2), Å; positions: of the sites (S, 2), Å, in the cells
    that the shifts of hops count from; energies: of the sites (S,), eV, on a common scale;
    hops: several may join one pair of sites; log_vibrations: Σ ln ν of each site's modes (S,), ν in
    THz, over the same atoms as at the saddles, None where they were not computed.

    Raises:
        ValueError: a hop leads from a site to itself, to a site that there is not, or over a
            saddle that lies lower than one of its ends.
    """

    cell: np.ndarray
    positions: np.ndarray
    energies: np.ndarray
    hops: tuple[Hop, ...]
    log_vibrations: np.ndarray | None = None

    def __post_init__(self) -> None:
        """Refuse hops that are none."""
        for index, hop in enumerate(self.hops):
            if not {hop.start, hop.end} <= set(range(len(self.energies))):
                raise ValueError(
                    f"hop {index} joins sites {hop.start} and {hop.end} of a network whose sites "
                    f"are 0 to {len(self.energies) - 1}: give the indices of its sites."
                )
            if hop.start == hop.end and hop.shift == (0, 0):
                raise ValueError(
                    f"hop {index} leads from site {hop.start} to itself: leave it out, or give "
                    f"the shift of the periodic image that it leads to."
                )
            highest = max(self.energies[hop.start], self.energies[hop.end])
            if hop.saddle < highest:
                raise ValueError(
                    f"the saddle of hop {index} lies at {hop.saddle:.4f} eV, below one of its "
                    f"ends at {highest:.4f} eV: give energies on one scale."
                )

    @property
    def ends(self) -> np.ndarray:
        """Give the sites (H, 2) that each hop starts from and leads to."""
        found = [(hop.start, hop.end) for hop in self.hops]
        return np.array(found, dtype=int).reshape(-1, 2)

    @property
    def shifts(self) -> np.ndarray:
        """Give the shift (H, 2) of each hop, in cell vectors."""
        return np.array([hop.shift for hop in self.hops], dtype=int).reshape(-1, 2)

    @property
    def vectors(self) -> np.ndarray:
        """Give the way (H, 2) from start to end of each hop, Å: r_ij = x_j + n_ij · cell − x_i."""
        start, end = self.ends.T
        found: np.ndarray = self.positions[end] - self.positions[start] + self.shifts @ self.cell
        return found


def log_weights(network: Network, temperature: float) -> np.ndarray:
    """Give ln π of the sites' stationary weights (S,), Σ π_i = 1.

    π_i ∝ exp(−E_i/kT) / Π_k ν_ik, the classical partition function of a site and its vibrations.
    The energies alone would break detailed balance with Vineyard's rates.

    Args:
        network: with the vibrations of its sites.
        temperature: T, K.

    Raises:
        ValueError: the vibrations of the sites were not computed.
    """
    found = -network.energies / (kB * temperature) - _site_vibrations(network)
    weights: np.ndarray = found - logsumexp(found)
    return weights


def log_rates(network: Network, temperature: float) -> np.ndarray:
    """Give ln Γ of each hop there and back (H, 2), Γ in 1/ps.

    Γ_ij = (Π ν_i / Π' ν‡) exp(−(E‡ − E_i)/kT); Π' is over one mode less, so that the first factor
    is a frequency in THz = 1/ps.

    Args:
        network: with the vibrations of its sites and saddles.
        temperature: T, K.

    Raises:
        ValueError: the vibrations of the sites or of a saddle were not computed.

    Source: G. H. Vineyard, J. Phys. Chem. Solids 3, 121 (1957).
    """
    vibrations = _site_vibrations(network)[network.ends] - _saddle_vibrations(network)[:, None]
    saddles = np.array([hop.saddle for hop in network.hops]).reshape(-1, 1)
    found: np.ndarray = vibrations - (saddles - network.energies[network.ends]) / (kB * temperature)
    return found


def rates(network: Network, temperature: float) -> np.ndarray:
    """Give Γ of each hop there and back (H, 2) in 1/ps, of `log_rates`."""
    found: np.ndarray = np.exp(log_rates(network, temperature))
    return found


def log_flows(network: Network, temperature: float) -> np.ndarray:
    """Give ln of the stationary flow over each hop (H,), 1/ps, in either direction.

    π_i Γ_ij = π_j Γ_ji = exp(−E‡/kT) / Π' ν‡ / Z, in which the ends do not occur; Z is the sum
    that makes Σ π_i = 1.

    Args:
        network: with the vibrations of its sites and saddles.
        temperature: T, K.

    Raises:
        ValueError: the vibrations of the sites or of a saddle were not computed.
    """
    starts = network.ends[:, 0]
    weights = log_weights(network, temperature)[starts]
    found: np.ndarray = weights + log_rates(network, temperature)[:, 0]
    return found


def _site_vibrations(network: Network) -> np.ndarray:
    if network.log_vibrations is None:
        raise ValueError("the network lacks the vibrations of its sites: rates need them.")
    return network.log_vibrations


def _saddle_vibrations(network: Network) -> np.ndarray:
    found = [hop.log_vibrations for hop in network.hops]
    if None in found:
        raise ValueError(
            f"hop {found.index(None)} lacks the vibrations of its saddle: rates need them."
        )
    return np.array(found, dtype=float)
