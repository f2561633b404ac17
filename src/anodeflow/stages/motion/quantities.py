"""What the scorecard reads of replicas: their spacing, their mobility."""

from collections.abc import Mapping
from typing import Any

from anodeflow.scorecard.quantity import Quantity, joined_notes, quantity_row
from anodeflow.stages.motion.results import MAP_NUMBERS, Ensemble, PooledMobility

NORMAL_95 = 1.96
"""Standard errors from the middle of a normal distribution to the end of its 95 % interval."""


def ensemble_quantities(
    about: Mapping[str, Any], group: Ensemble, numerical: Mapping[str, Any]
) -> list[Quantity]:
    """Read the replicas of a group taken together: spacing, and mobility where there are ions."""
    broken = "; ".join(
        f"replica {run.replica} unstable after {run.after_ps:g} ps ({run.reason})"
        for run in group.unstable
    )
    sampled: dict[str, Any] = {
        "sample_ps": group.replicas * about["production_ps"],
        "replicas": group.replicas,
    }
    stability = "unstable" if group.unstable else "stable"
    numbers = {"mean": group.spacing}
    numbers |= {f"map_{name}": getattr(group.map, name) for name in MAP_NUMBERS}
    rows = [
        quantity_row(
            "spacing",
            name,
            number.mean,
            "angstrom^2" if name == "map_variance" else "angstrom",
            error=number.standard_error,
            convention="sheet" if name == "mean" else group.map.kind,
            note=joined_notes(number.note, broken),
            **sampled,
        )
        for name, number in numbers.items()
    ]
    rows.append(quantity_row("spacing", "stability", stability, note=broken, **sampled))
    return rows + (_mobility_quantities(group, broken) if group.ions else [])


def _mobility_quantities(group: Ensemble, broken: str) -> list[Quantity]:
    """Read verdict, hops, rate and D of a group with ions; without a count the hops are None."""
    found = group.mobility
    if found is None:
        note = broken or "no run could be analysed"
        return [quantity_row("diffusion", name, None, note=note) for name in ("verdict", "hops")]
    note = joined_notes(found.note, broken)
    if not found.watched_ion_ps:
        told = joined_notes(f"verdict {found.verdict}", note)
        verdict = quantity_row("diffusion", "verdict", found.verdict, note=note)
        return [verdict, quantity_row("diffusion", "hops", None, note=told)]
    shared: dict[str, Any] = {"sample_ps": found.watched_ion_ps, "replicas": group.replicas}
    rate = {"low": found.rate_low_per_ps, "high": found.rate_high_per_ps, "note": note}
    if found.D_cm2_s is None:
        told = joined_notes("not diffusive, high bounds it", note)
        ends = {"high": found.D_upper_bound_cm2_s, "note": told}
    else:
        ends = {"low": found.D_low_cm2_s, "high": found.D_high_cm2_s, "note": note}
    return [
        quantity_row("diffusion", "verdict", found.verdict, note=note, **shared),
        quantity_row("diffusion", "hops", found.hops, note=note, **shared),
        quantity_row("diffusion", "rate_per_ps", found.rate_per_ps, "1/ps", **rate, **shared),
        _backward_share(found, note, shared),
        _coefficient(found, ends, shared),
    ]


def _backward_share(found: PooledMobility, note: str, shared: Mapping[str, Any]) -> Quantity:
    """Read the share of hops that go back; its error is the longer arm of the interval / 1.96."""
    low, high = found.backward_share_low, found.backward_share_high
    if found.backward_share is None or low is None or high is None:
        told = joined_notes("no hop follows another one of its ion", note)
        return quantity_row("diffusion", "backward_share", None, note=told, **shared)
    told = joined_notes(f"of {found.successive_hops} hops that follow another", note)
    share = found.backward_share
    ends: dict[str, Any] = {"low": low, "high": high}
    ends["error"] = max(high - share, share - low) / NORMAL_95
    return quantity_row("diffusion", "backward_share", share, note=told, **ends, **shared)


def _coefficient(
    found: PooledMobility, ends: Mapping[str, Any], shared: Mapping[str, Any]
) -> Quantity:
    """Read D, which in three dimensions is 2/3 of that in the plane."""
    unlike = f"{found.dimensions} dimensions" if found.dimensions else ""
    about = {"convention": unlike, **ends, **shared}
    return quantity_row("diffusion", "D_cm2_s", found.D_cm2_s, "cm^2/s", **about)
