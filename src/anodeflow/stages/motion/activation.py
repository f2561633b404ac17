"""Activation of hops: energy, prefactor and rate by one fit to the runs at all temperatures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase.units import kB
from scipy.stats import chi2
from scipy.stats import f as fisher

from anodeflow.errors import known
from anodeflow.scorecard.quantity import joined_notes
from anodeflow.stages.motion.activation_results import Activation, ActivationFit, HopsAtTemperature
from anodeflow.stages.motion.arrhenius_likelihood import LARGEST_EXPONENT, HopsOverTemperatures
from anodeflow.stages.motion.diffusion import FAST
from anodeflow.stages.motion.hops import hop_rate
from anodeflow.stages.motion.results import Mobility

SIGNIFICANCE = 0.01
"""Probability below which hops are called more scattered than Poisson's law has it."""

DRAWS, SEED = 2000, 2025
"""Draws from the fit that its deviance is held against, and their seed."""

LINE_POINTS = 25
"""Temperatures at which the fitted line is given."""


def fit_activation(
    hops: Sequence[float],
    watched_ps: Sequence[float],
    temperatures: Sequence[float],
    *,
    at_temperature: float,
    backward: int = 0,
    residence_ps: float = 0.0,
) -> ActivationFit:
    """Fit Γ = ν exp(−E/kT) to the hops n_r of runs r in watched times t_r at temperatures T_r.

    The likelihood is Poisson's, ℓ = Σ n_r ln(Γ_r t_r) − Γ_r t_r; runs without hops count. The 95 %
    intervals of E, ln ν and ln Γ at one temperature are those of their profile likelihoods,
    2 (ℓ_max − ℓ) ≤ χ²(0.95; 1) = 3.84, all else fitted anew.

    Two things widen them. Hops taken back within the residence time leave no trace: of ions without
    memory a share h = (1 − exp(−Γ t_res)) p_b at T, p_b the share of hops backward, as in
    `hops.hop_rate`. So each end is the farther one of two fits, with times t and with t (1 − h).
    Where hops scatter more than Poisson's, p < SIGNIFICANCE, the limit is that of
    quasi-likelihood, φ F(0.95; 1, R − 2), φ = Σ (n − μ)²/μ / (R − 2). p is the share of draws from
    the fit, each fitted in turn, whose deviance is as large; the runs themselves count as one.

    Args:
        hops: n_r of each run (R,), at two temperatures at least.
        watched_ps: t_r (R,), ps, of all its ions together (`hops.watched_time`).
        temperatures: T_r (R,), K.
        at_temperature: of the rate that is given, K.
        backward: how many of all hops are backward.
        residence_ps: shortest stay that counts, ps.

    Returns:
        E in eV, ν and Γ in 1/ps, none larger than 1e299 or smaller than 1e-299.

    Source: Y. Pawitan, In All Likelihood (Oxford, 2001), chapter 3 for profiles; P. McCullagh,
        J. A. Nelder, Generalized Linear Models (Chapman and Hall, 1989), chapters 6 and 9, for
        log-linear models of counts and quasi-likelihood; A. C. Davison, D. V. Hinkley, Bootstrap
        Methods and their Application (Cambridge, 1997), equation (4.11) for p.
    """
    # ASSUME: one energy and one prefactor hold over the temperatures of the study.
    seen = HopsOverTemperatures(
        np.asarray(hops, float), np.asarray(watched_ps, float), 1 / (kB * np.asarray(temperatures))
    )
    energy = seen.best_energy()
    scatter, drop = _scatter(seen, energy)
    rates = seen.expected(energy) / seen.watched
    hidden = -np.expm1(-rates * residence_ps) * backward / seen.hops.sum()
    corrected = HopsOverTemperatures(seen.hops, seen.watched * (1 - hidden), seen.x)
    regions = [counts.region(drop) for counts in (seen, corrected)]
    energies = np.concatenate([region.energy for region in regions])

    def ends(name: str, x: float) -> dict[str, float]:
        lows, highs = zip(*(region.log_rate(x) for region in regions), strict=True)
        value = float(seen.log_middle_rate(energy) - energy * (x - seen.middle))
        logs = {"": value, "_low": min(lows), "_high": max(highs)}
        return {
            f"{name}{end}_per_ps": float(np.exp(np.clip(at, -LARGEST_EXPONENT, LARGEST_EXPONENT)))
            for end, at in logs.items()
        }

    line = np.linspace(seen.x.min(), seen.x.max(), LINE_POINTS)
    return ActivationFit(
        energy=float(energy),
        energy_low=float(energies.min()),
        energy_high=float(energies.max()),
        **ends("prefactor", 0.0),
        **ends("rate", 1 / (kB * at_temperature)),
        **scatter,
        line=[{"temperature": float(1 / (kB * x)), **ends("rate", float(x))} for x in line],
    )


def _scatter(seen: HopsOverTemperatures, energy: np.ndarray) -> tuple[dict[str, Any], float]:
    """Hold the deviance of a fit against draws, and say how far 2 ℓ may drop in its intervals."""
    free = len(seen.hops) - 2
    poisson = float(chi2.ppf(0.95, 1))
    if not free:
        return {"degrees_of_freedom": 0}, poisson
    expected = seen.expected(energy)
    deviance = float(seen.deviance(energy))
    drawn = np.random.default_rng(SEED).poisson(expected, (DRAWS, len(expected)))
    draws = HopsOverTemperatures(drawn.astype(float), seen.watched, seen.x)
    as_large = draws.deviance(draws.best_energy()) >= deviance - 1e-9
    chance = (1 + int(as_large.sum())) / (1 + DRAWS)
    scatter = float(((seen.hops - expected) ** 2 / expected).sum()) / free
    told = {
        "deviance": deviance,
        "degrees_of_freedom": free,
        "deviance_p": chance,
        "hop_scatter": scatter,
    }
    if chance >= SIGNIFICANCE:
        return told, poisson
    return told, max(scatter, 1.0) * float(fisher.ppf(0.95, 1, free))


def activation_of_runs(
    mobilities: Sequence[Mobility], temperatures: Sequence[float], *, settings: Mapping[str, Any]
) -> Activation:
    """Put the hops of all runs of a stack and number of ions together, and fit their activation.

    Args:
        mobilities: of each run (R,); those without a count of hops are left out.
        temperatures: of each run (R,), K.
        settings: residence_ps; rate_temperature (K).

    Returns:
        the fit of `fit_activation`, or the reason why there is none.
    """
    pairs = zip(temperatures, mobilities, strict=True)
    counted = [(temperature, run) for temperature, run in pairs if run.hops is not None]
    at_each = _at_each_temperature(counted, settings["residence_ps"])
    hops = [known(run.hops) for _, run in counted]
    watched = [known(run.watched_ion_ps) for _, run in counted]
    lacking = len(mobilities) - len(counted)
    left_out = f"{lacking} of {len(mobilities)} runs undetermined and left out" if lacking else ""
    shared: dict[str, Any] = {
        "hops": sum(hops),
        "watched_ion_ps": float(sum(watched)),
        "temperatures": at_each,
        "rate_temperature": settings["rate_temperature"],
    }
    if reason := _why_none(at_each):
        return Activation(**shared, reason=reason, note=left_out)
    found = fit_activation(
        hops,
        watched,
        [temperature for temperature, _ in counted],
        at_temperature=settings["rate_temperature"],
        backward=sum(known(run.backward) for _, run in counted),
        residence_ps=settings["residence_ps"],
    )
    note = joined_notes(left_out, *_notes(found, at_each, settings))
    return Activation(**shared, **dict(found), reason="", note=note)


def _at_each_temperature(
    counted: Sequence[tuple[float, Mobility]], residence_ps: float
) -> list[HopsAtTemperature]:
    """Add up the runs of each temperature, lowest first; the rate is that of `hops.hop_rate`."""
    found = []
    for temperature in sorted({temperature for temperature, _ in counted}):
        runs = [run for at, run in counted if at == temperature]
        rate = hop_rate(
            hops=sum(known(run.hops) for run in runs),
            backward=sum(known(run.backward) for run in runs),
            watched_ps=sum(known(run.watched_ion_ps) for run in runs),
            residence_ps=residence_ps,
        )
        own = {"temperature": temperature, "runs": len(runs)}
        found.append(HopsAtTemperature(**own, **dict(rate)))
    return found


def _why_none(at_each: Sequence[HopsAtTemperature]) -> str:
    hopping = [f"{one.temperature:g} K" for one in at_each if one.hops]
    if len(hopping) >= 2:
        return ""
    if not at_each:
        return "no run could be analysed"
    told = f"hops at {hopping[0]} alone" if hopping else "no hop at any temperature"
    return f"{told}: an activation energy needs hops at two temperatures"


def _notes(
    found: ActivationFit, at_each: Sequence[HopsAtTemperature], settings: Mapping[str, Any]
) -> list[str]:
    notes = []
    if found.deviance_p is not None and found.deviance_p < SIGNIFICANCE:
        notes.append(
            f"the hops scatter around the fit more than Poisson's law has it (p = "
            f"{found.deviance_p:.2g}), its intervals are widened: replicas or hops are not "
            "independent, or one energy does not do for all temperatures"
        )
    fast = [
        f"{one.temperature:g}"
        for one in at_each
        if known(one.rate_per_ps) * settings["residence_ps"] > FAST
    ]
    if fast:
        notes.append(
            f"at {', '.join(fast)} K ions hop so fast that hops taken back are missed and the "
            "energy may be too low, shorten residence_ps"
        )
    return notes
