"""The diffusion coefficient of an ion that hops on a network, exactly from the rates."""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from anodeflow.stages.barriers.network import Network, log_flows, log_weights
from anodeflow.stages.barriers.windings import Part, find_parts
from anodeflow.units import A2_PS_TO_CM2_S

LEAST_FLOW = 1e-200
"""Smallest flow over a hop, in units of the largest of its part, that is told from none."""

ROUNDING = 1e-8
"""Share of D that may come from rounded numbers."""

ISOTROPY = 1e-12
"""Ratio of the eigenvalues of D below which the smaller is 0 but for rounding."""

_TOO_COLD = (
    "the flows over the hops of one part differ by too many orders for D to be computed from "
    "them: give a higher temperature, or leave out hops that no ion takes."
)


class TooColdError(ValueError):
    """The flows over a network differ by too many orders for D to be computed from them."""


@dataclass(frozen=True, eq=False)
class PartDiffusion:
    """Diffusion on one part of a network.

    part: its sites; share: of the stationary weights, Σ π_i over its sites; tensor: D (2, 2) in
    Å²/ps of an ion that is on it.
    """

    part: Part
    share: float
    tensor: np.ndarray


@dataclass(frozen=True, eq=False)
class NetworkDiffusion:
    """Diffusion on a network.

    tensor: D (2, 2) in Å²/ps, the mean over the parts by their shares; parts: each of them;
    hop_shares: ∂ ln tr D / ∂ ln of the flow over each hop (H,), at fixed weights of the sites;
    they add up to 1, or are all 0 where nothing diffuses.
    """

    tensor: np.ndarray
    parts: tuple[PartDiffusion, ...]
    hop_shares: np.ndarray

    @property
    def in_plane(self) -> float:
        """Give tr D / 2, Å²/ps."""
        return float(np.trace(self.tensor) / 2)

    @property
    def in_plane_cm2_s(self) -> float:
        """Give tr D / 2, cm²/s."""
        return self.in_plane * A2_PS_TO_CM2_S

    @property
    def anisotropy(self) -> float | None:
        """Give the ratio of the larger to the smaller eigenvalue of D; None if that one is 0."""
        low, high = np.linalg.eigvalsh(self.tensor)
        return float(high / low) if low > ISOTROPY * high else None

    @property
    def limiting_hop(self) -> int | None:
        """Give the index of the hop with the largest share; None where nothing diffuses."""
        return int(self.hop_shares.argmax()) if self.hop_shares.any() else None


def network_diffusion(network: Network, temperature: float) -> NetworkDiffusion:
    """Compute D from the rates of a network.

    D = ½ Σ_i π_i Σ_j Γ_ij v_ij ⊗ v_ij with v_ij = r_ij + χ_j − χ_i, where χ solves
    Σ_j Γ_ij v_ij = 0 at every site, up to a constant on each connected part. By detailed balance a
    hop of flow c = π_i Γ_ij adds c v ⊗ v. D is stationary in χ, so the derivative of tr D to c is
    |v|² and a hop's share of D is c |v|² / tr D: that of a resistor in the heat of a circuit.
    v has no part across the one direction in which a part winds, and none where it does not wind.

    Args:
        network: with the vibrations of its sites and saddles.
        temperature: T, K.

    Raises:
        ValueError: vibrations were not computed, or flows differ too much to be told apart.

    Source: A. De Masi, P. A. Ferrari, S. Goldstein and W. D. Wick, J. Stat. Phys. 55, 787 (1989).
    """
    flows, weights = log_flows(network, temperature), log_weights(network, temperature)
    parts, heats = [], np.zeros(len(network.hops))
    for part in find_parts(network):
        log_share = logsumexp(weights[list(part.sites)])
        share, tensor = float(np.exp(log_share)), np.zeros((2, 2))
        own = np.flatnonzero(np.isin(network.ends[:, 0], part.sites))
        if part.windings:
            inner = flows[own] - log_share  # Of an ion on this part, whose weights add up to 1.
            left = _moves_left(network, part, own, inner)
            currents = np.exp(inner)[:, None] * left
            heats[own] = share * (currents * left).sum(axis=1)
            tensor = currents.T @ left
        parts.append(PartDiffusion(part, share, tensor))
    whole = sum((each.share * each.tensor for each in parts), np.zeros((2, 2)))
    total = heats.sum()
    return NetworkDiffusion(whole, tuple(parts), heats / total if total else heats)


def _moves_left(network: Network, part: Part, own: np.ndarray, flows: np.ndarray) -> np.ndarray:
    """Return v = r_ij + χ_j − χ_i (h, 2) of the hops `own` of a part, Å, ln of their flows (h,)."""
    number = {site: index for index, site in enumerate(part.sites)}
    ends = np.array([[number[site] for site in pair] for pair in network.ends[own]])
    scaled, vectors = np.exp(flows - flows.max()), network.vectors[own]
    if scaled.min() < LEAST_FLOW:
        raise TooColdError(_TOO_COLD)
    chi = _correctors(len(part.sites), ends, scaled, vectors)
    left: np.ndarray = vectors + chi[ends[:, 1]] - chi[ends[:, 0]]
    if len(part.windings) == 1:
        along = np.array(part.windings[0]) @ network.cell
        along /= np.linalg.norm(along)
        left = np.outer(left @ along, along)
    longest = np.abs(vectors).max() * np.finfo(float).eps
    if scaled.sum() * longest**2 > ROUNDING * (scaled @ left**2).sum():
        raise TooColdError(_TOO_COLD)
    return left


def _correctors(count: int, ends: np.ndarray, flows: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Solve Σ_j c_ij (r_ij + χ_j − χ_i) = 0 for χ (S, 2), 0 at the first site of a connected part.

    Sites are taken out one by one, each replaced by hops between its neighbours: of flow
    c_ik c_kj / Σ c_k and vector r_ik + r_kj. Flows are only added, never subtracted, so that those
    of very different sizes (low temperatures) leave no rounding error in each other.

    Args:
        count: number of sites S.
        ends: their indices of each hop (H, 2).
        flows: c of each hop (H,), in any unit.
        vectors: r of each hop (H, 2), Å.

    Source: W. K. Grassmann, M. I. Taksar and D. P. Heyman, Oper. Res. 33, 1107 (1985), the
        elimination without subtractions; the star-mesh transformation of circuits.
    """
    flow, moment = np.zeros((count, count)), np.zeros((count, count, 2))
    moving = ends[:, 0] != ends[:, 1]  # Hops to images of their own site drop out of the equation.
    (start, end), c, r = ends[moving].T, flows[moving], vectors[moving]
    for i, j, sign in ((start, end, 1.0), (end, start, -1.0)):
        np.add.at(flow, (i, j), c)
        np.add.at(moment, (i, j), sign * c[:, None] * r)
    for k in range(count - 1, 0, -1):
        out, total = flow[k, :k], flow[k, :k].sum()
        share, drift = out / total, moment[k, :k] / total
        # From i over k to j: vector r_ik + r_kj, of weight c_ik c_kj / total; i = j is never read.
        moment[:k, :k] += out[:, None, None] * drift[None] - drift[:, None] * out[None, :, None]
        flow[:k, :k] += out[:, None] * share[None]
    chi = np.zeros((count, 2))
    for k in range(1, count):
        total = flow[k, :k].sum()
        chi[k] = (flow[k, :k] @ chi[:k] + moment[k, :k].sum(axis=0)) / total
    return chi
