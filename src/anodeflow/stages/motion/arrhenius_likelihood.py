"""The Poisson likelihood of hops whose rate is exponential in 1/kT: its maximum and its regions."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import lambertw, xlogy

STEPS, TOLERANCE = 100, 1e-12
"""Most steps of Newton's method, and the change of E max|u| at which it ends."""

LONGEST_STEP = 0.6
"""How far a step of E goes at most, over max|u|.

The third derivative of ℓ is at most 2 max|u| times the second. So a step s overshoots by no more
than (exp 2s − 1)/2s − 1 of what is missing, which is below 1 for s < 0.628: each step comes nearer,
from wherever it starts, where longer ones may go back and forth without end.
"""

POINTS = 721
"""Points on each side of a region's edge: their chords miss its ends by 2e-6 of its width."""

LARGEST_EXPONENT = 690.0
"""Beyond it exponentials are no numbers."""


@dataclass(frozen=True)
class Region:
    """The edge of a region of likelihood: α, ln Γ (1/ps) at x = middle, and E (eV), each (P,)."""

    alpha: np.ndarray
    energy: np.ndarray
    middle: float

    def log_rate(self, x: float) -> tuple[float, float]:
        """Return the ends of ln Γ (Γ in 1/ps) at x = 1/kT (1/eV); at x = 0 those of ln ν."""
        values = self.alpha - self.energy * (x - self.middle)
        return float(values.min()), float(values.max())


@dataclass(frozen=True)
class HopsOverTemperatures:
    """Hops of runs, n (..., R), in watched times t (R,), ps, at x = 1/kT (R,), 1/eV.

    ln Γ = α − E u, u = x − middle. Likelihood ℓ = Σ n ln(Γ t) − Γ t, concave in α and E. Over α it
    is largest at exp α = N/Z(E), N = Σ n, Z = Σ t exp(−E u), which leaves −E Σ n u − N ln Z(E).
    """

    hops: np.ndarray
    watched: np.ndarray
    x: np.ndarray

    @property
    def middle(self) -> float:
        """Return the middle of the temperatures (1/eV)."""
        return float(self.x.min() + self.x.max()) / 2

    @property
    def u(self) -> np.ndarray:
        """Return x − middle (R,), 1/eV."""
        return self.x - self.middle

    def best_energy(self) -> np.ndarray:
        """Return the E (...), eV, of the largest likelihood, by Newton's method.

        There the mean of u over the weights t exp(−E u) is that over the hops. Hops at the lowest
        or the highest temperature alone have it at infinity; theirs is so large that no hops are
        expected elsewhere, but for rounding.
        """
        scale = float(np.abs(self.u).max())
        wanted = (self.hops @ self.u) / np.maximum(self.hops.sum(axis=-1), 1)
        energy = np.zeros(np.shape(wanted))
        for _ in range(STEPS):
            weights = self._weights(energy)
            mean = weights @ self.u
            variance = np.maximum(weights @ self.u**2 - mean**2, TOLERANCE * scale**2)
            step = np.clip((mean - wanted) / variance * scale, -LONGEST_STEP, LONGEST_STEP)
            energy = energy + step / scale
            if np.abs(step).max() < TOLERANCE:
                break
        return np.asarray(energy)

    def _weights(self, energy: np.ndarray) -> np.ndarray:
        """Return t exp(−E u)/Z (..., R)."""
        logs = np.log(self.watched) - np.multiply.outer(energy, self.u)
        weights = np.exp(logs - logs.max(axis=-1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=-1, keepdims=True))

    def expected(self, energy: np.ndarray) -> np.ndarray:
        """Return the hops μ (..., R) that runs have in the mean with energies (...), eV."""
        return np.asarray(self.hops.sum(axis=-1, keepdims=True) * self._weights(energy))

    def log_middle_rate(self, energy: np.ndarray) -> np.ndarray:
        """Return the α (...), Γ in 1/ps, of the largest likelihood at energies (...), eV."""
        logs = np.log(self.watched) - np.multiply.outer(energy, self.u)
        top = logs.max(axis=-1)
        log_Z = top + np.log(np.exp(logs - top[..., None]).sum(axis=-1))
        return np.asarray(np.log(self.hops.sum(axis=-1)) - log_Z)

    def _profile(self, energy: np.ndarray) -> np.ndarray:
        """Return ℓ, largest over α, at energies (...), eV, but for what does not depend on them."""
        slope, total = self.hops @ self.u, self.hops.sum(axis=-1)
        return np.asarray(total * self.log_middle_rate(energy) - energy * slope)

    def deviance(self, energy: np.ndarray) -> np.ndarray:
        """Return 2 Σ [n ln(n/μ) − (n − μ)] over runs (...) for energies (...), eV."""
        expected = np.maximum(self.expected(energy), np.exp(-LARGEST_EXPONENT))
        return np.asarray(2 * xlogy(self.hops, self.hops / expected).sum(axis=-1))

    def region(self, drop: float) -> Region:
        """Find the edge of 2 (ℓ_max − ℓ) ≤ drop (no unit); hops (R,) are at two temperatures.

        The profile interval of a parameter that is linear in α and E is the shadow of this region
        on it. At each E of the region α reaches from one root of N (exp a − 1 − a) =
        drop/2 − ℓ_max + ℓ(E) to the other, a = α − ln(N/Z): −q − W(−exp(−q)) of both branches of
        Lambert's W, q = 1 + right side / N.
        """
        best, total = self.best_energy(), float(self.hops.sum())
        highest = self._profile(best)

        def lost(energy: np.ndarray) -> np.ndarray:
            return np.asarray(highest - self._profile(energy))

        ends = []
        for sign in (-1.0, 1.0):
            width = 1e-3
            while lost(best + sign * width) < drop / 2:
                width *= 2
            crossing = (lambda w, s: float(lost(best + s * w)) - drop / 2, 0.0, width)
            ends.append(float(best) + sign * brentq(*crossing, args=(sign,), xtol=TOLERANCE))
        cosine = np.cos(np.linspace(0.0, np.pi, POINTS))
        energies = np.mean(ends) - (ends[1] - ends[0]) / 2 * cosine
        q = np.clip(1 + (drop / 2 - lost(energies)) / total, 1 + TOLERANCE, LARGEST_EXPONENT)
        # Where both branches meet, at the ends of E, W is no number but for rounding.
        sides = [-q - lambertw(-np.exp(-q), branch).real for branch in (0, -1)]
        alpha = np.concatenate([self.log_middle_rate(energies) + a for a in sides])
        return Region(alpha, np.tile(energies, 2), self.middle)
