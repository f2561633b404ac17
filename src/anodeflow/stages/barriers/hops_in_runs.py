"""Hops of one ion in runs of molecular dynamics beside those that its network predicts."""

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import Any

import numpy as np
from ase import Atoms
from ase.units import kB

from anodeflow.errors import known
from anodeflow.scorecard.quantity import joined_notes
from anodeflow.stages.barriers.kinetic_monte_carlo import (
    PredictedHops,
    agreement,
    predicted_hops,
)
from anodeflow.stages.barriers.network import Hop, Network
from anodeflow.stages.barriers.results import (
    AGREE,
    FEWER,
    MORE,
    NOT_KNOWN,
    TOO_FEW,
    HopsInRuns,
    NetworkResult,
)
from anodeflow.stages.motion.hops import assign_sites
from anodeflow.stages.motion.results import Mobility
from anodeflow.structures.sites import hollow_sites

WALKERS, SEED = 1000, 2027
"""Walks for each run, and the seed that they start from."""

SIGNIFICANCE = 0.01
"""Probability below which runs and network do not agree."""

LEAST_HOPS = 3.0
"""Hops below which, counted and predicted, slower networks agree with the runs as well."""


def compare_with_runs(
    found: NetworkResult,
    host: Atoms,
    mobilities: Sequence[Mobility],
    starts: np.ndarray,
    *,
    temperature: float,
    residence_ps: float,
) -> HopsInRuns:
    """Hold the hops that runs counted against those that a network predicts for runs as long.

    Prediction and count follow one rule (`predicted_hops`), from the network's site that is nearest
    to the ion of the run in its first frame on. What the network's numerics leave open of its
    barrier, δ, is a factor exp(δ/kT) of the rates: the probability is that of the mean within it
    that is nearest to the count.

    Args:
        found: the network.
        host: relaxed stack without ions, whose cell is that of the runs.
        mobilities: of the runs with one ion at this temperature (R,).
        starts: where the ion of each is in its first frame (R, 2), Å, in the host's cell.
        temperature: T, K.
        residence_ps: shortest stay that counts, ps.
    """
    runs = [run for run in mobilities if run.hops is not None]
    left_out = _left_out(len(mobilities) - len(runs), len(mobilities))
    shared = _counted(runs)
    if not runs or not found.motion:
        why = "no run could be analysed" if not runs else found.note
        return HopsInRuns(**shared, verdict=NOT_KNOWN, note=joined_notes(left_out, why))
    network = network_of(found, host.cell.array[:2, :2])
    expected = predicted_hops(
        network,
        temperature,
        hollows=hollow_sites(host),
        runs_ps=[run.analysed_ps for run in runs],
        starts=_nearest(network, starts[[run.hops is not None for run in mobilities]]),
        interval_ps=runs[0].analysed_ps / (runs[0].frames - 1),
        residence_ps=residence_ps,
        walkers=WALKERS,
        rng=np.random.default_rng(SEED),
    )
    factor = exp((found.error_eV or 0.0) / (kB * temperature))
    chance = _chance(shared["counted"], expected, factor)
    return HopsInRuns(
        **shared,
        predicted=expected.expected,
        predicted_error=expected.standard_error,
        predicted_spread=expected.spread,
        predicted_rate_per_ps=expected.expected / expected.watched_ps,
        barrier_factor=factor,
        probability=chance,
        verdict=_verdict(shared["counted"], expected.expected, chance),
        note=joined_notes(left_out, found.note),
    )


def _left_out(lacking: int, runs: int) -> str:
    return f"{lacking} of {runs} runs undetermined and left out" if lacking else ""


def _nearest(network: Network, places: np.ndarray) -> list[int]:
    """Return the site that is nearest to each place (R, 2), Å."""
    found: list[int] = assign_sites(places[None], network.positions, network.cell)[0].tolist()
    return found


def _counted(runs: Sequence[Mobility]) -> dict[str, Any]:
    return {
        "runs": len(runs),
        "counted": sum(known(run.hops) for run in runs),
        "watched_ion_ps": float(sum(known(run.watched_ion_ps) for run in runs)),
    }


def _chance(counted: int, predicted: PredictedHops, factor: float) -> float:
    """Return the probability of a count at the mean, within a factor, that is nearest to it."""
    mean = predicted.expected
    nearest = float(np.clip(counted, mean / factor, mean * factor))
    scale = nearest / mean if mean else 1.0
    return agreement(counted, nearest, predicted.spread * sqrt(scale))


def _verdict(counted: int, expected: float, chance: float) -> str:
    if chance < SIGNIFICANCE:
        return MORE if counted > expected else FEWER
    return AGREE if max(counted, expected) >= LEAST_HOPS else TOO_FEW


def network_of(found: NetworkResult, cell: np.ndarray) -> Network:
    """Return the network that a result describes.

    Args:
        found: with vibrations.
        cell: lateral cell vectors of its host in rows (2, 2), Å.
    """
    stay = [number for number, site in enumerate(found.sites) if site.within is None]
    sites = [found.sites[number] for number in stay]
    products = [known(site.log_vibrations) for site in sites]
    hops = [
        Hop(
            start=stay.index(hop.start),
            end=stay.index(hop.end),
            shift=hop.shift,
            saddle=hop.saddle_eV,
            log_vibrations=products[stay.index(hop.start)] - log(known(hop.prefactor_per_ps)),
        )
        for hop in found.hops
    ]
    return Network(
        cell=cell,
        positions=np.array([site.position[:2] for site in sites]),
        energies=np.array([site.energy_eV for site in sites]),
        hops=tuple(hops),
        log_vibrations=np.array(products),
    )
