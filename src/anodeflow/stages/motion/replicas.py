"""Replicas of a run, seen together: means with the spread of replicas, pooled hops, one D."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import chi2
from scipy.stats import t as student

from anodeflow.errors import known
from anodeflow.scorecard.quantity import joined_notes
from anodeflow.stages.motion.diffusion import TWO_SIGMA, judge_together
from anodeflow.stages.motion.hop_diffusion import hop_diffusion
from anodeflow.stages.motion.hops import backward_share, hop_rate
from anodeflow.stages.motion.results import (
    BackwardShare,
    BrokenRun,
    Ensemble,
    HopCounts,
    HopMemory,
    HopRate,
    MapMeans,
    MapNumbers,
    MeanAndSpread,
    MeanSpacing,
    Mobility,
    MsdFit,
    PooledMobility,
    ReplicaMean,
    SeriesMean,
)

SIGNIFICANCE = 0.05
"""Probability below which a disagreement of replicas is called one."""

DRAWS, SEED = 10_000, 2025
"""Random divisions of the hops among the replicas, and their seed."""


def combine_means(
    results: Sequence[SeriesMean], *, what: str, one_sided: bool = False
) -> ReplicaMean:
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
        one_sided: whether all runs err to one side, as the extreme of noisy numbers does: more of
            them do not mend that, and the error within the runs is Σ s_r/R. Their spread does not
            tell it either, so there is no error unless each has its own.

    Returns:
        the mean over the replicas, with what each of them gave.
    """
    values = [result.mean for result in results]
    kept = [result for result in results if result.mean is not None]
    if not kept:
        return ReplicaMean(values=values, note=f"no replica gives a mean {what}")
    means = np.array([result.mean for result in kept])
    if len(kept) == 1:
        lonely = f"one replica: what others would give of the {what} is not known"
        own = kept[0].model_dump(include={"mean", "standard_error", "low", "high"})
        return ReplicaMean(**own, values=values, note=joined_notes(kept[0].note, lonely))
    errors = [result.standard_error for result in kept]
    std = float(means.std(ddof=1))
    between = std / np.sqrt(len(means))
    given = [error for error in errors if error is not None]
    all_given = len(given) == len(errors)
    added = np.sum(given) if one_sided else np.sqrt(np.sum(np.square(given)))
    within = float(added / len(means)) if all_given else None
    half = max(student.ppf(0.975, len(means) - 1) * between, TWO_SIGMA * (within or 0.0))
    mean = float(means.mean())
    if one_sided and within is None:
        why = f"no error: a replica has none of its own, and all err to one side in the {what}"
        return ReplicaMean(mean=mean, replica_std=std, values=values, note=why)
    return ReplicaMean(
        mean=mean,
        standard_error=float(max(between, within or 0.0)),
        low=float(mean - half),
        high=float(mean + half),
        replica_std=std,
        values=values,
        note=_note_of_means(means, errors, what),
    )


def _note_of_means(means: np.ndarray, errors: list[Any], what: str) -> str:
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
    mobilities: Sequence[Mobility],
    runs: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    settings: Mapping[str, Any],
) -> PooledMobility:
    """Pool what the replicas' ions did: verdicts, hops, MSD, and D where their ions diffuse.

    Hops and watched times add up, and the rate has the Poisson interval of the sum. D, or its upper
    bound, is that of all ions of the replicas taken as those of one run (`judge_together`).

    Args:
        mobilities: one for each replica.
        runs: of `production.production_positions`, likewise: times (F,) in ps, positions
            (F, ions, 3) in Å.
        settings: as for `analyse_diffusion`.
    """
    verdicts = [mobility.verdict for mobility in mobilities]
    verdict = verdicts[0] if len(set(verdicts)) == 1 else "mixed"
    pairs = zip(mobilities, runs, strict=True)
    judged = [(mobility, run) for mobility, run in pairs if mobility.hops is not None]
    lacking = len(mobilities) - len(judged)
    total = len(mobilities)
    notes = [f"{lacking} of {total} replicas undetermined and left out"] if lacking else []
    if not judged:
        return PooledMobility(verdict=verdict, verdicts=verdicts, note=joined_notes(*notes))
    counted = [mobility for mobility, _ in judged]
    pooled = _pooled_hops(counted, settings["residence_ps"])
    scatter, chance = _hop_scatter(counted)
    longest = max(len(times) for times, _ in runs)
    long = [run for _, run in judged if len(run[0]) >= longest / 2]
    if len(long) < len(judged):
        notes.append(f"MSD of {len(long)} replicas, the others broke in their first half")
    together = judge_together(long, pooled, settings=dict(settings))
    return PooledMobility(
        verdict=verdict,
        verdicts=verdicts,
        **pooled.model_dump(include=set(HopRate.model_fields)),
        hop_scatter=scatter,
        hop_scatter_p=chance,
        **dict(_backward(counted)),
        **(together.model_dump(include=set(MsdFit.model_fields)) if together else {}),
        pooled_verdict=together.verdict if together else "undetermined",
        msd_at_window_end=_mean_and_spread([known(m.msd_at_window_end) for m in counted]),
        note=joined_notes(*notes, _note_of_scatter(counted, chance)),
    )


def _mean_and_spread(values: Sequence[float]) -> MeanAndSpread:
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return MeanAndSpread(mean=float(np.mean(values)), spread=spread)


def _pooled_hops(counted: Sequence[HopCounts], residence_ps: float) -> HopCounts:
    """Add up hops, times and pairs of hops; lengths are averaged over hops, where there are any."""
    hops = np.array([run.hops for run in counted])
    squares = np.array([known(run.jump_length_rms) ** 2 for run in counted])
    square = float(np.average(squares, weights=hops) if hops.any() else squares.max())
    watched = float(sum(known(run.watched_ion_ps) for run in counted))
    backward = sum(known(run.backward) for run in counted)
    total = int(hops.sum())
    rate = hop_rate(hops=total, backward=backward, watched_ps=watched, residence_ps=residence_ps)
    D = hop_diffusion(
        hops=total,
        effective=float(sum(known(run.effective_hops) for run in counted)),
        square=square,
        settled_ps=float(sum(known(run.settled_ion_ps) for run in counted)),
        memory=_pooled_memory([known(run.memory) for run in counted]),
    )
    return HopCounts(**dict(rate), backward=backward, jump_length_rms=float(np.sqrt(square)), **D)


def _backward(counted: Sequence[HopCounts]) -> BackwardShare:
    backward = sum(known(run.backward) for run in counted)
    return backward_share(
        backward=backward, pairs=sum(known(run.memory).pairs[0] for run in counted)
    )


def _pooled_memory(memories: Sequence[HopMemory]) -> HopMemory:
    """Add up pairs of hops, lag by lag."""
    summed = {
        name: [sum(values) for values in zip(*(getattr(m, name) for m in memories), strict=True)]
        for name in HopMemory.model_fields
    }
    return HopMemory(**summed)


def _hop_scatter(counted: Sequence[HopCounts]) -> tuple[float | None, float | None]:
    """Test whether the hops of replicas scatter as one rate would have it.

    χ² = Σ (n_r − Γ t_r)² / (Γ t_r), over R − 1; p is the share of random divisions of the n hops,
    in proportion to the t_r, with a χ² as large.

    Returns:
        χ²/(R − 1) and p; None for one replica, or without a hop.
    """
    hops = np.array([run.hops for run in counted])
    if len(hops) < 2 or not hops.any():
        return None, None
    times = np.array([run.watched_ion_ps for run in counted])
    expected = hops.sum() * times / times.sum()
    square = float(np.sum((hops - expected) ** 2 / expected))
    drawn = np.random.default_rng(SEED).multinomial(hops.sum(), times / times.sum(), DRAWS)
    chance = float(np.mean(np.sum((drawn - expected) ** 2 / expected, axis=1) >= square - 1e-9))
    return square / (len(hops) - 1), chance


def _note_of_scatter(counted: Sequence[HopCounts], chance: float | None) -> str:
    if chance is None or chance >= SIGNIFICANCE:
        return ""
    counts = ", ".join(str(run.hops) for run in counted)
    return (
        f"the replicas' hops ({counts}) scatter more than one Poisson rate does (p = {chance:.2g}):"
        " its interval is too narrow"
    )


def combine_replicas(
    about: Mapping[str, Any],
    names: Sequence[str],
    spacings: Sequence[MeanSpacing],
    maps: Sequence[MapNumbers],
    mobility: PooledMobility | None,
) -> Ensemble:
    """Put together what is known of a group of replicas.

    Args:
        about: stack, ions, temperature.
        names: of the runs, replica 0 first.
        spacings: one for each run.
        maps: likewise.
        mobility: of `combine_mobility`, or None without ions.
    """
    return Ensemble(
        **about,
        replicas=len(names),
        runs=names,
        unstable=[
            BrokenRun(replica=replica, after_ps=s.unstable_after_ps, reason=s.reason)
            for replica, s in enumerate(spacings)
            if not s.stable
        ],
        spacing=combine_means(spacings, what="spacing"),
        temperature_K=combine_means([s.temperature_K for s in spacings], what="temperature"),
        map=_map_means(maps),
        mobility=mobility,
    )


def _map_means(maps: Sequence[MapNumbers]) -> MapMeans:
    ends = {"one_sided": True}
    return MapMeans(
        kind=maps[0].kind,
        lowest=combine_means([m.lowest for m in maps], what="lowest place of the map", **ends),
        highest=combine_means([m.highest for m in maps], what="highest place of the map", **ends),
        variance=combine_means([m.variance for m in maps], what="variance of the map"),
    )
