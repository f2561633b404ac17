"""Replicas of a run, seen together: means with the spread of replicas, pooled hops, one D."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import chi2
from scipy.stats import t as student

from anodeflow.stages.motion.diffusion import NO_D, TWO_SIGMA, judge_together
from anodeflow.stages.motion.hops import hop_rate, poisson_interval
from anodeflow.units import A2_PS_TO_CM2_S

SIGNIFICANCE = 0.05
"""Probability below which a disagreement of replicas is called one."""

DRAWS, SEED = 10_000, 2025
"""Random divisions of the hops among the replicas, and their seed."""


def combine_means(results: Sequence[Mapping], *, what: str) -> dict:
    """Average the means of replicas, with an error of their own errors and of their spread.

    The mean is that of the R means v_r, each of equal weight. Within the runs its standard error is
    √(Σ s_r²)/R, with s_r of `correlated_mean.series_mean`; between them s_v/√R, with s_v the
    standard deviation of the v_r, which holds the first one as well but is known from R values
    only. The larger is given. low and high are the 95 % interval: the larger of 1.96 times the
    first and t(R − 1) times the second, so that it holds whether or not the replicas sample the
    same states. One replica has its own error and interval, and says nothing of what others would
    give.

    Args:
        results: what `correlated_mean.series_mean` gave for each replica.
        what: what is averaged, for the note.

    Returns:
        mean, standard_error, low, high, replica_std (null for one replica), values (null where a
        run gave none), and a note.
    """
    values = [result["mean"] for result in results]
    kept = [result for result in results if result["mean"] is not None]
    none = dict.fromkeys(("mean", "standard_error", "low", "high", "replica_std"))
    if not kept:
        return none | {"values": values, "note": f"no replica gives a mean {what}"}
    means = np.array([result["mean"] for result in kept])
    if len(kept) == 1:
        own = {name: kept[0][name] for name in ("mean", "standard_error", "low", "high")}
        lonely = f"one replica: what others would give of the {what} is not known"
        note = "; ".join(filter(None, [kept[0]["note"], lonely]))
        return none | own | {"values": values, "note": note}
    errors = [result["standard_error"] for result in kept]
    std = float(means.std(ddof=1))
    between = std / np.sqrt(len(means))
    within = None if None in errors else float(np.sqrt(np.sum(np.square(errors))) / len(means))
    half = max(student.ppf(0.975, len(means) - 1) * between, TWO_SIGMA * (within or 0.0))
    mean = float(means.mean())
    return {
        "mean": mean,
        "standard_error": float(max(between, within or 0.0)),
        "low": float(mean - half),
        "high": float(mean + half),
        "replica_std": std,
        "values": values,
        "note": _note_of_means(means, errors, what),
    }


def _note_of_means(means: np.ndarray, errors: list, what: str) -> str:
    if None in errors:
        return f"a replica is too short for an error of its own: that of the {what} is the spread"
    weights = 1 / np.maximum(np.square(errors), 1e-300)
    square = float(np.sum(weights * (means - np.average(means, weights=weights)) ** 2))
    chance = float(chi2.sf(square, len(means) - 1))
    if chance >= SIGNIFICANCE:
        return ""
    return (
        f"the replicas differ in {what} by more than their own errors (chi-square, p = "
        f"{chance:.2g}): they have not sampled the same states"
    )


def combine_mobility(
    summaries: Sequence[Mapping],
    runs: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    settings: Mapping,
) -> dict:
    """Pool what the replicas' ions did: verdicts, hops, MSD, and D where their ions diffuse.

    Hops and watched times add up, and the rate has the Poisson interval of the sum. D, or its upper
    bound, is that of all ions of the replicas taken as those of one run (`judge_together`).

    Args:
        summaries: of `diffusion.analyse_diffusion`, one for each replica.
        runs: of `diffusion.production_positions`, likewise.
        settings: as for `analyse_diffusion`.

    Returns:
        verdict (that of all, or `mixed`), verdicts, hops, watched_ion_ps, rates (1/ps), hop_scatter
        and its hop_scatter_p (null for one replica), pooled_verdict, criterion, slope, D (cm²/s)
        and their errors, msd_at_window_end {mean, spread} (Å²), and a note. Numbers that no replica
        allows are null.
    """
    verdicts = [summary["verdict"] for summary in summaries]
    verdict = verdicts[0] if len(set(verdicts)) == 1 else "mixed"
    judged = [(s, run) for s, run in zip(summaries, runs, strict=True) if "hops" in s]
    lacking = len(summaries) - len(judged)
    notes = [f"{lacking} of {len(summaries)} replicas undetermined and left out"] if lacking else []
    found = {"verdict": verdict, "verdicts": verdicts, **NO_HOPS, **NO_D}
    if not judged:
        return found | {"note": "; ".join(notes)}
    counted = [summary for summary, _ in judged]
    pooled = _pooled_hops(counted, settings["residence_ps"])
    spread, warning = _hop_scatter(counted)
    longest = max(len(times) for times, _ in runs)
    long = [run for _, run in judged if len(run[0]) >= longest / 2]
    if len(long) < len(judged):
        notes.append(f"MSD of {len(long)} replicas, the others broke in their first half")
    together = judge_together(long, pooled, settings=settings) or {}
    together["pooled_verdict"] = together.pop("verdict", "undetermined")
    ends = np.array([summary["msd_at_window_end"] for summary in counted])
    several = float(ends.std(ddof=1)) if len(ends) > 1 else None
    together["msd_at_window_end"] = {"mean": float(ends.mean()), "spread": several}
    kept = {name: value for name, value in pooled.items() if name in NO_HOPS}
    note = "; ".join([*notes, *warning])
    return found | kept | spread | together | {"note": note}


NO_HOPS = dict.fromkeys(
    (
        "hops",
        "watched_ion_ps",
        "rate_per_ps",
        "rate_low_per_ps",
        "rate_high_per_ps",
        "hop_scatter",
        "hop_scatter_p",
        "pooled_verdict",
        "criterion",
        "slope",
        "slope_error",
        "window_ps",
        "msd_at_window_end",
        "msd_at_window_end_error",
    )
)
"""Null stands for a number that no replica allows to give."""


def _pooled_hops(counted: Sequence[Mapping], residence_ps: float) -> dict:
    """Add up hops and times; lengths are averaged over hops, where there are any."""
    hops = np.array([summary["hops"] for summary in counted])
    squares = np.array([summary["jump_length_rms"] ** 2 for summary in counted])
    square = float(np.average(squares, weights=hops if hops.any() else None))
    watched = float(sum(summary["watched_ion_ps"] for summary in counted))
    settled = sum(summary["settled_ion_ps"] for summary in counted)
    backward = sum(summary["backward"] for summary in counted)
    total = int(hops.sum())
    rate = hop_rate(hops=total, backward=backward, watched_ps=watched, residence_ps=residence_ps)
    effective = sum(summary["effective_hops"] for summary in counted)
    most = poisson_interval(effective)[1] * (total / effective if total else 1.0)
    return {
        "hops": total,
        "backward": backward,
        "watched_ion_ps": watched,
        **rate,
        "jump_length_rms": float(np.sqrt(square)),
        "D_hop_high_cm2_s": most * square / 4 * A2_PS_TO_CM2_S / settled,
    }


def _hop_scatter(counted: Sequence[Mapping]) -> tuple[dict, list[str]]:
    """Test whether the hops of replicas scatter as one rate would have it.

    χ² = Σ (n_r − Γ t_r)² / (Γ t_r), over R − 1; p is the share of random divisions of the n hops,
    in proportion to the t_r, with a χ² as large.
    """
    hops = np.array([summary["hops"] for summary in counted])
    if len(hops) < 2 or not hops.any():
        return {}, []
    times = np.array([summary["watched_ion_ps"] for summary in counted])
    expected = hops.sum() * times / times.sum()
    square = float(np.sum((hops - expected) ** 2 / expected))
    drawn = np.random.default_rng(SEED).multinomial(hops.sum(), times / times.sum(), DRAWS)
    chance = float(np.mean(np.sum((drawn - expected) ** 2 / expected, axis=1) >= square - 1e-9))
    found = {"hop_scatter": square / (len(hops) - 1), "hop_scatter_p": chance}
    if chance >= SIGNIFICANCE:
        return found, []
    counts = ", ".join(map(str, hops))
    return found, [
        f"the replicas' hops ({counts}) scatter more than one Poisson rate does (p = {chance:.2g}):"
        " its interval is too narrow"
    ]


def combine_replicas(
    about: Mapping, names: Sequence[str], spacings: Sequence[Mapping], mobility: Mapping | None
) -> dict:
    """Put together what is known of a group of replicas.

    Args:
        about: stack, ions, temperature.
        names: of the runs, replica 0 first.
        spacings: results of the spacing, one for each run.
        mobility: of `combine_mobility`, or None without ions.
    """
    return {
        **about,
        "replicas": len(names),
        "runs": list(names),
        "unstable": [
            {"replica": replica, "after_ps": s["unstable_after_ps"], "reason": s["reason"]}
            for replica, s in enumerate(spacings)
            if not s["stable"]
        ],
        "spacing": combine_means(spacings, what="spacing"),
        "temperature_K": combine_means([s["temperature_K"] for s in spacings], what="temperature"),
        "mobility": mobility,
    }
