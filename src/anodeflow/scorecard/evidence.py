"""What numbers say for or against a statement, and how many more would decide it.

A statement holds or fails when the numbers speak for or against it with at least `sigma` standard
errors, or with the probability that so many have in a normal distribution, α = 1 − Φ(sigma), each
side apart. Otherwise, and whenever an uncertainty is not known, it is undecided.

ASSUME: hops are Poisson counts. Hops back and forth, and of ions that push each other, are less
independent than that, which makes the bounds of their rates somewhat too narrow.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from scipy.optimize import brentq
from scipy.special import betainc
from scipy.stats import gamma, norm

from anodeflow.errors import known
from anodeflow.scorecard.quantity import Quantity

HOLDS, FAILS, UNDECIDED, NOT_RUN, LEFT_OUT = "holds", "fails", "undecided", "not run", "left out"

MOBILE = ("hopping", "diffusive")
"""Verdicts of `motion.diffusion` on ions that leave their sites."""

LONGEST = 1000.0
"""Beyond so many times the present sampling, more of it is no advice."""


class Need(NamedTuple):
    """What would decide an open statement: of what it is, how much of it (ps), and a phrase."""

    of: str
    text: str
    extra_ps: float = 0.0


class Part(NamedTuple):
    """Whether one part of a claim holds, on what numbers, and what would decide it if open."""

    status: str
    says: str
    needs: tuple[Need, ...] = ()
    sigmas: float | None = None


def needed(parts: Sequence[Part]) -> str:
    """Say what would decide the parts that are open; of two asks of one case the larger."""
    largest: dict[str, Need] = {}
    for need in (need for part in parts for need in part.needs):
        if need.of not in largest or need.extra_ps > largest[need.of].extra_ps:
            largest[need.of] = need
    return "; ".join(need.text for need in largest.values())


def conclude(parts: Sequence[Part]) -> str:
    """Return the status of a claim whose parts all have to hold."""
    found = {part.status for part in parts}
    for status in (FAILS, NOT_RUN, UNDECIDED):
        if status in found:
            return status
    return HOLDS


def less(small: Quantity, large: Quantity, sigma: float) -> Part:
    """Judge whether one number lies below another.

    z = (large − small) / √(σ_small² + σ_large²); holds for z ≥ sigma, fails for z ≤ −sigma. With
    the difference as it is, errors of samples have to fall to |z|/sigma of their size, for which
    (sigma/z)² times the sample is needed.
    """
    says = f"{small.case} {small}, {large.case} {large}"
    for one in (small, large):
        if one.value is None:
            return Part(UNDECIDED, says, _lacking(f"a value of {one.case} ({one.note})"))
        if one.error is None:
            why = f": {one.note}" if one.note else ""
            return Part(UNDECIDED, says, _lacking(f"an uncertainty of {one.case}{why}"))
    if not alike(small, large):
        both = f"one convention: {small.convention} and {large.convention} do not compare"
        return Part(UNDECIDED, says, _lacking(both))
    apart = known(large.value) - known(small.value)
    z = apart / math.hypot(known(small.error), known(large.error))
    status = _status(z, sigma)
    needs: tuple[Need, ...] = ()
    if status == UNDECIDED:
        needs = _more_of_both(small, large, (sigma / z) ** 2 if z else math.inf)
    return Part(status, f"{says}: {z:+.1f} combined errors apart", needs, z)


def lowest(own: Quantity, others: Mapping[str, Quantity | None], sigma: float) -> Part:
    """Judge whether a number lies below those of all other models (`less`), by their names.

    It fails where one lies below it. A model without the number, None, is named and not compared;
    without any other, nothing was run that could decide. `sigma` is a number of standard errors.
    """
    compared = {model: other for model, other in others.items() if other is not None}
    left = [model for model in others if model not in compared]
    told = f"; not compared with {', '.join(left)}, which have none" if left else ""
    if not compared:
        return Part(NOT_RUN, f"{own.case}: no other model of the study to compare with{told}")
    parts = {model: less(own, other, sigma) for model, other in compared.items()}
    against = ", ".join(
        f"{model} {other}"
        + ("" if parts[model].sigmas is None else f" ({parts[model].sigmas:+.1f})")
        for model, other in compared.items()
    )
    needs = tuple(need for part in parts.values() for need in part.needs)
    says = f"{own.case} {own}; others, and combined errors apart: {against}{told}"
    return Part(conclude(list(parts.values())), says, needs)


def slower(slow: Quantity, fast: Quantity, sigma: float) -> Part:
    """Judge from counts of hops whether ions hop less often in one case than in another.

    Of n = n_slow + n_fast hops, those of the slow case would be binomial with probability
    t_slow / (t_slow + t_fast) if both rates were equal, t the time watched times ions.

    Source: J. Przyborowski and H. Wilenski, Biometrika 31, 313 (1940).
    """
    says = f"{_counted(slow)}, {_counted(fast)}"
    if None in (slow.value, fast.value):
        return Part(UNDECIDED, says, _uncounted(slow, fast))

    def z(factor: float) -> float:
        return rate_difference(slow, fast, factor)

    status = _status(z(1.0), sigma)
    needs: tuple[Need, ...] = ()
    if status == UNDECIDED and known(slow.value) + known(fast.value) == 0:
        needs = _lacking(f"a hop in {slow.case} or {fast.case}: none was seen")
    elif status == UNDECIDED:
        needs = _more_of_both(slow, fast, _enough(lambda f: abs(z(f)) - sigma))
    return Part(status, f"{says}: {z(1.0):+.1f} standard errors apart", needs, z(1.0))


def confined(ions: Quantity, elsewhere: Quantity, sigma: float, confined_ps: float) -> Part:
    """Judge whether ions stay where they are while those of another case hop.

    Holds when they hop less than once in `confined_ps`, and the bound of their rate is below that,
    or they hop less often than elsewhere (`slower`). Fails when their rate is above one hop in
    `confined_ps`, or above that elsewhere. No hop in a short run thus decides nothing. `sigma` is
    the number of standard errors of the bounds.
    """
    says = _counted(ions)
    if ions.value is None:
        return Part(UNDECIDED, says, _uncounted(ions))
    low, high = rate_bounds(ions.value, known(ions.sample_ps), sigma)
    says += f", at most {high:.2g} and at least {low:.2g} hops per ion and ps"
    against = slower(ions, elsewhere, sigma)
    if low > 1 / confined_ps or against.status == FAILS:
        return Part(FAILS, says)
    rare = ions.value / known(ions.sample_ps) < 1 / confined_ps
    if rare and (high < 1 / confined_ps or against.status == HOLDS):
        return Part(HOLDS, says)
    return Part(UNDECIDED, says, (_more(ions, _enough_for_rate(ions, sigma, confined_ps)),))


def hopping(ions: Quantity, sigma: float, confined_ps: float) -> Part:
    """Judge whether ions hop more than once in `confined_ps`, by the bounds of their rate.

    `sigma` is the number of standard errors of the bounds.
    """
    says = _counted(ions)
    if ions.value is None:
        return Part(UNDECIDED, says, _uncounted(ions))
    low, high = rate_bounds(ions.value, known(ions.sample_ps), sigma)
    says += f", at least {low:.2g} and at most {high:.2g} hops per ion and ps"
    if low > 1 / confined_ps or high < 1 / confined_ps:
        return Part(HOLDS if low > 1 / confined_ps else FAILS, says)
    return Part(UNDECIDED, says, (_more(ions, _enough_for_rate(ions, sigma, confined_ps)),))


def word(said: Quantity, wanted: Sequence[str], open_words: Sequence[str] = ()) -> Part:
    """Judge by a word: holds for one of `wanted`, undecided for one of `open_words`, else fails."""
    says = f"{said.case}, {said.name.replace('_', ' ')}: {said.held}" + (
        f" ({said.note})" if said.note else ""
    )
    if said.word is None or said.word in open_words:
        return Part(UNDECIDED, says)
    return Part(HOLDS if said.word in wanted else FAILS, says)


def rate_bounds(count: float, watched_ps: float, sigma: float) -> tuple[float, float]:
    """Bound a hop rate from each side apart, 1/ps per ion.

    Γ_low = γ(α; n)/t, Γ_high = γ(1 − α; n + 1)/t, with γ(p; k) the p-quantile of the gamma
    distribution of shape k and α = 1 − Φ(sigma); Γ_low = 0 for n = 0.

    Source: F. Garwood, Biometrika 28, 437 (1936).
    """
    beyond = norm.sf(sigma)
    low = gamma.ppf(beyond, count) / watched_ps if count else 0.0
    return float(low), float(gamma.isf(beyond, count + 1) / watched_ps)


def rate_difference(slow: Quantity, fast: Quantity, factor: float = 1.0) -> float:
    """Return by how many standard errors ions hop more often in the case `fast`, as in `slower`.

    The z of the less likely side, with counts and times `factor` times what they are.

    P(N ≤ n_slow) = I_(1−p)(n_fast, n_slow + 1) and P(N ≥ n_slow) = I_p(n_slow, n_fast + 1), which
    hold for counts that are no whole numbers as well.
    """
    few, many = known(slow.value) * factor, known(fast.value) * factor
    watched_ps = known(slow.sample_ps)
    share = watched_ps / (watched_ps + known(fast.sample_ps))
    below = betainc(many, few + 1, 1 - share) if many else 1.0
    above = betainc(few, many + 1, share) if few else 1.0
    return float(max(norm.isf(below), 0.0) if below < above else min(-norm.isf(above), 0.0))


def _enough_for_rate(ions: Quantity, sigma: float, confined_ps: float) -> float:
    """Return the factor of more sampling at which a bound excludes one hop in `confined_ps`."""

    def excess(factor: float) -> float:
        hops, watched_ps = known(ions.value) * factor, known(ions.sample_ps) * factor
        low, high = rate_bounds(hops, watched_ps, sigma)
        return max(low * confined_ps, 1 / (high * confined_ps)) - 1

    return _enough(excess)


def _status(z: float, sigma: float) -> str:
    if abs(z) < sigma:
        return UNDECIDED
    return HOLDS if z > 0 else FAILS


def _enough(excess: Callable[[float], float]) -> float:
    """Return the factor of more sampling at which `excess` turns positive, inf beyond LONGEST."""
    if excess(LONGEST) <= 0:
        return math.inf
    return brentq(excess, 1.0, LONGEST, xtol=1e-3) if excess(1.0) < 0 else 1.0


def alike(one: Quantity, other: Quantity) -> bool:
    """Whether two quantities follow one convention, as far as they say one."""
    return "" in (one.convention, other.convention) or one.convention == other.convention


def _counted(hops: Quantity) -> str:
    if hops.value is None:
        return f"{hops.case}: no count ({hops.note})"
    count = f"{hops.value:g} hop{'' if hops.value == 1 else 's'}"
    return f"{hops.case}: {count} in {hops.sample_ps:.4g} ps of all ions together"


def _lacking(text: str) -> tuple[Need, ...]:
    return (Need(text, text),)


def _uncounted(*hops: Quantity) -> tuple[Need, ...]:
    """Ask for the counts where hops could not be counted."""
    texts = [f"hop counts of {h.case} ({h.note})" for h in hops if h.value is None]
    return tuple(Need(text, text) for text in texts)


def _more_of_both(one: Quantity, other: Quantity, factor: float) -> tuple[Need, ...]:
    if one.sample_ps is not None and other.sample_ps is not None:
        return (_more(one, factor), _more(other, factor))
    if factor > LONGEST:
        return _lacking("smaller errors than these numbers can be given")
    times = math.sqrt(factor)
    return _lacking(f"errors {times:.1f} times smaller, with the difference as it is")


def _more(quantity: Quantity, factor: float) -> Need:
    """Ask for more of a sample, in ps of all ions or of all replicas, with its numbers as now."""
    case = str(quantity.case)
    if factor > LONGEST:
        text = f"more than {LONGEST:g} times the sampling of {case}: it lies too near"
        return Need(case, text, math.inf)
    watched_ps = known(quantity.sample_ps)
    extra = (factor - 1) * watched_ps
    text = f"about {_rounded(extra)} ps more of {case} (now {_rounded(watched_ps)} ps)"
    if quantity.replicas:
        count = max(1, math.ceil(extra / (watched_ps / quantity.replicas) - 1e-9))
        text += f", {count} more replica{'s' if count > 1 else ''}"
    return Need(case, text, extra)


def _rounded(time_ps: float) -> str:
    """Format a time to two digits, without an exponent."""
    return f"{float(f'{time_ps:.2g}'):g}"
