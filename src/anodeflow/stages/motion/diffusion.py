"""How the ions of a run move: confined to a site, hopping, or diffusing, and how fast.

Verdict: `diffusive` when the log-log slope of the mean MSD over the fit window lies in
`slope_window`, the MSD at the end of the window exceeds `confined_msd` and at least `minimum_hops`
hops were counted (a single jump already gives a slope of 1); `confined` when no hop was counted and
that MSD stays at or below `confined_msd`; else `hopping`. `undetermined` when the run is too short
for a window of three lags, or when no ion stayed in a hollow for `residence_ps`: then no hop could
be seen, and none seen means nothing.

D is fitted only when diffusive, by `diffusion_fit.fit_diffusion` (D_*) and by kinisi (D_kinisi_*).
Otherwise an upper bound is given, the larger of that by hops (`hop_diffusion.hop_diffusion`) and
M_high / (2d τ_end), with M_high the MSD and 1.96 of its standard errors at τ_end, the end of
the window; none for ions in flight, of which no hop goes back.

The MSD, and D with it, has the d = 2 dimensions of the plane, or all three as the study's scripts
had it. Ions between two layers do not diffuse along z: by MSD = 6 D τ their D is two thirds of that
in the plane.

With other than all time origins, all ions and the plane the MSD has a covariance that is not known:
D is then given without an interval (`diffusion_fit.plain_diffusion`), and `interval_note` says so.
Hops are those of all ions in the plane at any rate.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from ase import Atoms

from anodeflow.errors import TrajectoryError, known
from anodeflow.scorecard.quantity import joined_notes
from anodeflow.stages.dynamics.trajectory import Trajectory
from anodeflow.stages.motion.concerted import concerted_motion
from anodeflow.stages.motion.diffusion_fit import (
    fit_diffusion,
    fit_diffusion_by_kinisi,
    plain_diffusion,
)
from anodeflow.stages.motion.hops import UNSETTLED, assign_sites, count_hops, settle
from anodeflow.stages.motion.msd import (
    displacement_from_first,
    frame_interval,
    log_log_slope,
    mean_square_displacement,
    msd_covariance,
    require_unwrapped,
    window_lags,
)
from anodeflow.stages.motion.production import production_positions, stability_note
from anodeflow.stages.motion.results import (
    HOPS,
    MSD,
    PATHS,
    Concerted,
    HopCounts,
    Judgement,
    Mobility,
)
from anodeflow.structures.sites import hollow_kinds, hollow_sites
from anodeflow.units import A2_PS_TO_CM2_S

Settings = dict[str, Any]
"""The section `diffusion` of the configuration, as it is for a run."""

IN_PLANE = 2
"""Dimensions of the diffusion between two layers."""

FIT_LAGS = 10
"""Lags fitted; more add almost no information, because overlapping lags repeat it."""

TWO_SIGMA = 1.959963984540054
"""Half width of a central 95 % interval of the normal distribution."""

LEAST_LAGS = 3
"""A line and its scatter need three lags."""

SIGNIFICANCE = 0.05
"""Probability below which hops together are called more than chance."""

FAST = 0.2
"""Hops per residence time above which a summary says that quick returns are missed."""


class DiffusionAnalysis(NamedTuple):
    """Numbers and verdict, the MSD table, and the table of hops of one run."""

    summary: Mobility
    msd: pd.DataFrame
    hops: pd.DataFrame


def analyse_diffusion(traj: Trajectory, *, settings: Settings) -> DiffusionAnalysis:
    """Analyse the ions of a run over its stable production part, in the frame of the bottom layer.

    Args:
        traj: a run with ions.
        settings: residence_ps (ps); slope_window [low, high]; fit_from_fraction and
            fit_to_fraction of the analysed time; confined_msd (Å²); minimum_hops; origins, "all" or
            the number of first frames that the MSD starts from; moved_only (Å or None), the MSD
            is averaged over ions that got farther than this from their start; dimensions, 2 or 3,
            of the MSD and of that distance.

    Returns:
        summary with verdict and criterion; MSD table with lag_ps, origins, msd, msd_z (means over
        the ions averaged) and ion_0 … (each ion, Å²); table of hops.

    Raises:
        TrajectoryError: the run has no ions.
    """
    if traj.ion_positions.shape[1] == 0:
        raise TrajectoryError(
            "This run holds no ions, so nothing can diffuse in it: give a run with ions."
        )
    times, positions = production_positions(traj)
    about = _describe_run(traj, times)
    lags = _lags(len(times), settings)
    if len(lags) < LEAST_LAGS:
        criterion = f"{len(times)} stable production frames, too few for {LEAST_LAGS} lags to fit"
        return _undetermined(about, criterion)

    averaged = _averaged(positions, settings)
    about |= _describe_average(averaged, settings)
    if not averaged.any():
        criterion = f"no ion got farther than {settings['moved_only']:g} Å from its start"
        return _undetermined(about, criterion)
    sites, cell = hollow_sites(traj.initial), np.asarray(traj.cell)[:2, :2]
    where: dict[str, Any] = {"sites": sites, "cell": cell, "times_ps": times}
    require_unwrapped(positions, cell)
    msd = _msd_table(positions, times, averaged, settings)
    in_plane, stay_ps = positions[..., :IN_PLANE], settings["residence_ps"]
    assigned = assign_sites(in_plane, sites, cell)
    settled = settle(assigned, times_ps=times, residence_ps=stay_ps)
    if (settled == UNSETTLED).all():
        criterion = f"no ion stayed in a hollow for {stay_ps:g} ps"
        return _undetermined(about, f"{criterion}: run longer, or shorten residence_ps", msd)
    kinds, block = hollow_kinds(traj.initial), settings["fit_from_fraction"]
    counted, hops = count_hops(assigned, settled, kinds=kinds, residence_ps=stay_ps, **where)
    judged = _judge(positions[:, averaged], msd, lags, counted, settings)
    together = concerted_motion(in_plane, settled, hops, block_fraction=block, **where)
    told = (
        _note_of_rate(counted, settings),
        _note_of_D(judged, counted, settings),
        _note_of_concert(together),
    )
    about["note"] = joined_notes(about["note"], *told)
    parts = dict(counted) | dict(judged) | dict(together)
    return DiffusionAnalysis(Mobility(**about, **parts), msd, hops)


def judge_together(
    runs: list[tuple[np.ndarray, np.ndarray]], counted: HopCounts, *, settings: Settings
) -> Judgement | None:
    """Judge the ions of replicas as those of one run, as long as the shortest of them.

    Args:
        runs: what `production_positions` gives of each replica: times (F,) in ps, positions
            (F, ions, 3) in Å.
        counted: hops, backward, jump_length_rms and D_hop_bound_cm2_s of all of them together.
        settings: as for `analyse_diffusion`.

    Returns:
        the judgement, or None when the runs are too short for a window or no ion is to be averaged.
    """
    frames = min(len(times) for times, _ in runs)
    lags = _lags(frames, settings)
    if len(lags) < LEAST_LAGS:
        return None
    positions = np.concatenate([positions[:frames] for _, positions in runs], axis=1)
    averaged = _averaged(positions, settings)
    if not averaged.any():
        return None
    msd = _msd_table(positions, runs[0][0][:frames], averaged, settings)
    return _judge(positions[:, averaged], msd, lags, counted, settings)


def _lags(frames: int, settings: Settings) -> np.ndarray:
    return window_lags(
        frames,
        from_fraction=settings["fit_from_fraction"],
        to_fraction=settings["fit_to_fraction"],
        count=FIT_LAGS,
    )


def _note_of_rate(counted: HopCounts, settings: Settings) -> str:
    residence = settings["residence_ps"]
    if counted.rate_per_ps * residence <= FAST:
        return ""
    return (
        f"an ion hops {counted.rate_per_ps:.2g} times per ps and a stay counts from "
        f"{residence:g} ps on: hops taken back sooner are missed and the rate may be too low, "
        "shorten residence_ps"
    )


def _note_of_D(judged: Judgement, counted: HopCounts, settings: Settings) -> str:
    """Say where D is of runs that moved by chance enough to be called diffusive."""
    free = known(counted.hops) * min(counted.correlation_factor_low or 0.0, 1.0)
    if judged.D_cm2_s is None or free >= 2 * settings["minimum_hops"]:
        return ""
    return (
        f"{counted.hops} hops may be worth no more than {free:.2g} without memory: runs that "
        "happened to move less give no D, so that D may be too high"
    )


def _note_of_concert(together: Concerted) -> str:
    if together.concerted_p is None or together.concerted_p >= SIGNIFICANCE:
        return ""
    return (
        f"ions hop together {known(together.concerted_ratio):.2g} times as often as independent "
        f"ones (p = {together.concerted_p:.2g}): the interval of the rate is too narrow"
    )


def _undetermined(
    about: dict[str, Any], criterion: str, msd: pd.DataFrame | None = None
) -> DiffusionAnalysis:
    summary = Mobility(**about, verdict="undetermined", criterion=criterion)
    if msd is None:
        msd = pd.DataFrame(columns=list(MSD.columns), dtype=float)
    return DiffusionAnalysis(summary, msd, pd.DataFrame(columns=list(HOPS.columns)))


def _describe_run(traj: Trajectory, times_ps: np.ndarray) -> dict[str, Any]:
    note = stability_note(traj)
    if note:
        note += "; only stable production before that is analysed"
    return {
        "ions": int(traj.ion_positions.shape[1]),
        "frames": len(times_ps),
        "analysed_ps": float(np.ptp(times_ps)) if len(times_ps) else 0.0,
        "stable": bool(traj.stable),
        "note": note,
    }


def _averaged(positions: np.ndarray, settings: Settings) -> np.ndarray:
    """Select the ions of positions (F, I, 3) that the MSD is averaged over; mask (I,) of bool."""
    if settings["moved_only"] is None:
        return np.full(positions.shape[1], True)
    displacements = (positions - positions[0])[..., : settings["dimensions"]]
    from_start = np.linalg.norm(displacements, axis=-1)
    found: np.ndarray = from_start.max(axis=0) > settings["moved_only"]
    return found


def _describe_average(averaged: np.ndarray, settings: Settings) -> dict[str, Any]:
    count, ions = int(averaged.sum()), len(averaged)
    note = ""
    if not _is_plain(settings):
        origins = settings["origins"]
        starts = (
            "all time origins" if origins == "all" else f"the first {origins} frames as origins"
        )
        axes = "in the plane" if settings["dimensions"] == IN_PLANE else "in three dimensions"
        note = (
            f"no interval of D: the MSD takes {starts} and {count} of {ions} ions {axes}, and the "
            "covariance behind an interval holds for all time origins and all ions in the plane"
        )
    return {"averaged_ions": count, "interval_note": note}


def _is_plain(settings: Settings) -> bool:
    """Tell whether the MSD takes all time origins and all ions, in the plane."""
    in_plane = settings["dimensions"] == IN_PLANE
    return in_plane and settings["origins"] == "all" and settings["moved_only"] is None


def _msd_table(
    positions: np.ndarray, times_ps: np.ndarray, averaged: np.ndarray, settings: Settings
) -> pd.DataFrame:
    displacement: Callable[..., tuple[np.ndarray, np.ndarray]] = mean_square_displacement
    most, origins = len(times_ps), settings["origins"]
    if isinstance(origins, int):
        displacement, most = partial(displacement_from_first, origins=origins), origins
    axes = tuple(range(settings["dimensions"]))
    lag, msd = displacement(positions, times_ps=times_ps, axes=axes)
    _, along_z = displacement(positions, times_ps=times_ps, axes=(2,))
    table = {
        "lag_ps": lag,
        "origins": np.minimum(most, len(lag) - np.arange(len(lag))),
        "msd": msd[averaged].mean(axis=0),
        "msd_z": along_z[averaged].mean(axis=0),
    }
    return pd.DataFrame(table | {f"ion_{i}": curve for i, curve in enumerate(msd)})


def _judge(
    positions: np.ndarray,
    msd: pd.DataFrame,
    lags: np.ndarray,
    counted: HopCounts,
    settings: Settings,
) -> Judgement:
    """Choose the verdict, say why, and give D or its upper bound."""
    lag_ps, mean = msd["lag_ps"].to_numpy(), msd["msd"].to_numpy()
    size = {"ions": positions.shape[1], "dimensions": settings["dimensions"]}
    plain = _is_plain(settings)
    slope, slope_error = log_log_slope(lag_ps, mean, lags, **size)
    variance = msd_covariance(mean, lags[-1:], **size)[0, 0]
    end, end_ps = float(mean[lags[-1]]), float(lag_ps[lags[-1]])
    error = float(np.sqrt(variance)) if plain else None
    judged: dict[str, Any] = {"dimensions": settings["dimensions"], "slope": slope}
    judged |= {"slope_error": slope_error if plain else None, "msd_at_window_end": end}
    judged |= {"msd_at_window_end_error": error, "window_ps": (float(lag_ps[lags[0]]), end_ps)}
    facts = f"slope {slope:.2f}, MSD {end:.2f} Å² at {end_ps:.3g} ps, {counted.hops} hops"
    failed = _not_diffusive(slope, end, known(counted.hops), settings)
    fits: dict[str, float | None] = {}
    if not failed:
        jumps: dict[str, Any] = {"hops": counted.hops, "jump_length": counted.jump_length_rms}
        try:
            fits = _fits(positions, lag_ps, mean, lags, plain, **size, **jumps)
        except TrajectoryError as reason:
            failed = [str(reason)]
    if fits:
        verdict, reasons = "diffusive", ["slope, MSD and number of hops within their limits"]
    else:
        highest = end + TWO_SIGMA * (error or 0.0)
        by_msd = highest / (2 * settings["dimensions"] * end_ps) * A2_PS_TO_CM2_S
        by_hops = known(counted.D_hop_bound_cm2_s) * 2 / settings["dimensions"]
        bound = None if _flies(slope, counted, settings) else float(max(by_hops, by_msd))
        fits = {"D_upper_bound_cm2_s": bound}
        if bound is None:
            failed.append("the ions only go forward, faster than diffusion, so nothing bounds D")
        still = counted.hops == 0 and end <= settings["confined_msd"]
        verdict, reasons = ("confined" if still else "hopping"), failed
    told = f"{facts}: {'; '.join(reasons)}"
    return Judgement(**judged, **fits, verdict=verdict, criterion=told)


def _flies(slope: float, counted: HopCounts, settings: Settings) -> bool:
    """Tell whether the MSD grows faster than diffusion and no hop of many went back.

    Of twice `minimum_hops` hops without memory, here 20, none goes back in 3 of 10 000 runs.
    """
    many = known(counted.hops) >= 2 * settings["minimum_hops"]
    return many and counted.backward == 0 and slope > settings["slope_window"][1]


def _fits(
    positions: np.ndarray,
    lag_ps: np.ndarray,
    msd: np.ndarray,
    lags: np.ndarray,
    plain: bool,
    dimensions: int,
    **options: Any,
) -> dict[str, float | None]:
    """Fit D by both methods; by the names of `results.MsdFit`."""
    if not plain:
        return {"D_cm2_s": plain_diffusion(lag_ps, msd, lags, dimensions=dimensions)}
    ours = fit_diffusion(lag_ps, msd, lags, dimensions=dimensions, **options)
    interval = frame_interval(lag_ps)
    peer = fit_diffusion_by_kinisi(positions[..., :IN_PLANE], lags, interval_ps=interval)
    return {
        "D_cm2_s": ours.D_cm2_s,
        "D_low_cm2_s": ours.D_low_cm2_s,
        "D_high_cm2_s": ours.D_high_cm2_s,
        "D_kinisi_cm2_s": peer.D_cm2_s,
        "D_kinisi_low_cm2_s": peer.D_low_cm2_s,
        "D_kinisi_high_cm2_s": peer.D_high_cm2_s,
    }


def _not_diffusive(slope: float, msd_end: float, hops: int, settings: Settings) -> list[str]:
    """List what speaks against diffusion; empty if nothing does."""
    low, high = settings["slope_window"]
    reasons = []
    if not low <= slope <= high:
        reasons.append(f"slope outside {low:g} to {high:g}")
    if msd_end <= settings["confined_msd"]:
        reasons.append(f"MSD not above {settings['confined_msd']:g} Å²")
    if hops < settings["minimum_hops"]:
        reasons.append("no hop" if not hops else f"fewer than {settings['minimum_hops']} hops")
    return reasons


def ion_paths(traj: Trajectory, reference: Atoms) -> pd.DataFrame:
    """Fold the ions' positions into the cell of `reference`, drift of the bottom layer removed.

    Args:
        traj: a run with ions; its stable production part is taken.
        reference: structure over which the paths are drawn, for its cell.

    Returns:
        one row per ion and frame: ion, time_ps, x, y (Å).
    """
    times, positions = production_positions(traj)
    lateral = reference.cell.array[:2, :2]
    folded = ((positions[..., :2] @ np.linalg.inv(lateral)) % 1.0) @ lateral
    count = folded.shape[1]
    ions, times_of_each = np.tile(np.arange(count), len(folded)), np.repeat(times, count)
    columns = (ions, times_of_each, folded[..., 0].ravel(), folded[..., 1].ravel())
    return pd.DataFrame(dict(zip(PATHS.columns, columns, strict=True)))
