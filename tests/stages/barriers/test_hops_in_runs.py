"""Hops that runs counted beside those that a network predicts for them."""

import numpy as np
import pytest
from ase.units import kB
from corrugated import LATTICE, host
from examples.barriers import NETWORK, WITHOUT_WALK
from networks import PREFACTOR, lattice, neighbours

from anodeflow.stages.barriers.hops_in_runs import compare_with_runs, network_of
from anodeflow.stages.barriers.kinetic_monte_carlo import walk
from anodeflow.stages.barriers.network import rates
from anodeflow.stages.barriers.network_diffusion import network_diffusion
from anodeflow.stages.barriers.results import AGREE, FEWER, MORE, NOT_KNOWN, TOO_FEW
from anodeflow.stages.motion.hops import find_hops, settle, watched_time
from anodeflow.stages.motion.results import Mobility
from anodeflow.structures.sites import hollow_sites

T, RESIDENCE, INTERVAL, LENGTH = 300.0, 0.2, 0.05, 40.0
STACK = host()
CELL, HOLLOWS = STACK.cell.array[:2, :2], hollow_sites(STACK)
STEP = LATTICE / np.sqrt(3)


def compared(found, runs, starts=None):
    """Compare runs with a network; they begin at the first hollow, or at places that are given."""
    starts = np.tile(HOLLOWS[0], (len(runs), 1)) if starts is None else starts
    return compare_with_runs(found, STACK, runs, starts, temperature=T, residence_ps=RESIDENCE)


def result(saddle, *, error=0.0):
    """Return the network of all hollows, over saddles of one height, as a result."""
    site, (hop,) = NETWORK.sites[0], NETWORK.hops
    sites = [
        site.model_copy(update={"position": (*xy, 0.0), "log_vibrations": np.log(PREFACTOR)})
        for xy in HOLLOWS.tolist()
    ]
    shared = {"prefactor_per_ps": PREFACTOR, "saddle_eV": saddle}
    hops = [
        hop.model_copy(update=shared | {"start": start, "end": end, "shift": shift})
        for start, end, shift in neighbours(CELL, HOLLOWS, STEP)
    ]
    changed = {"sites": sites, "hops": hops, "error_eV": error, "note": ""}
    return NETWORK.model_copy(update=changed)


def run(hops, *, watched=LENGTH):
    frames = round(LENGTH / INTERVAL) + 1
    about = {"ions": 1, "frames": frames, "analysed_ps": LENGTH, "stable": True, "note": ""}
    if hops is None:
        return Mobility(**about, verdict="undetermined")
    return Mobility(**about, verdict="hopping", hops=hops, backward=0, watched_ion_ps=watched)


def runs_of(saddle, *, count, seed=0):
    """Return what runs would count whose ions walk over saddles of this height."""
    one = lattice(CELL, HOLLOWS, [0.0] * len(HOLLOWS), reach=STEP, saddle=saddle)
    times, rng = np.arange(round(LENGTH / INTERVAL) + 1) * INTERVAL, np.random.default_rng(seed)
    found = []
    for _ in range(count):
        _, sites = walk(one, T, times_ps=times, ions=1, rng=rng)
        settled = settle(sites, times_ps=times, residence_ps=RESIDENCE)
        hops = find_hops(settled, sites=HOLLOWS, cell=CELL, times_ps=times)
        watched = watched_time(sites, settled, times_ps=times, residence_ps=RESIDENCE)
        found.append(run(len(hops), watched=watched))
    return found


def test_runs_whose_ions_walk_the_network_agree_with_it():
    runs = runs_of(0.15, count=20)
    found = compared(result(0.15), runs)
    counted = sum(one.hops for one in runs)
    assert (found.runs, found.counted) == (20, counted)
    assert abs(counted - found.predicted) < 3 * found.predicted_spread
    assert found.predicted_error < 0.05 * found.predicted_spread * np.sqrt(20)
    watched = sum(one.watched_ion_ps for one in runs)
    assert found.predicted_rate_per_ps == pytest.approx(counted / watched, rel=0.2)
    assert found.verdict == AGREE and found.probability > 0.05
    assert found.note == ""


@pytest.mark.parametrize(("apart", "verdict"), [(-0.06, FEWER), (0.06, MORE)])
def test_a_barrier_60_meV_off_shows_and_an_error_as_large_hides_it(apart, verdict):
    runs = runs_of(0.15, count=10)
    found = compared(result(0.15 + apart), runs)
    assert found.verdict == verdict and found.probability < 1e-3
    wide = compared(result(0.15 + apart, error=0.065), runs)
    assert wide.verdict == AGREE
    assert wide.barrier_factor == pytest.approx(np.exp(0.065 / (kB * T)))
    assert wide.predicted == found.predicted


def test_each_run_begins_at_the_site_that_is_nearest_to_its_ion():
    trapped = result(0.15)
    # All hollows lie 0.6 eV below the first, out of which it is 0.1 eV to each of three.
    sites = [
        site.model_copy(update={"energy_eV": 0.6 * (n == 0)})
        for n, site in enumerate(trapped.sites)
    ]
    hops = [
        hop.model_copy(update={"saddle_eV": 0.7 if 0 in (hop.start, hop.end) else 0.8})
        for hop in trapped.hops
    ]
    trapped = trapped.model_copy(update={"sites": sites, "hops": hops})
    away = HOLLOWS[[0, 1]] + 0.3 + [CELL[0], -CELL[1]]
    high, low = (compared(trapped, [run(1), run(None)], starts) for starts in (away, away[::-1]))
    # It is seen to leave if it stayed before and stays afterwards.
    out = 3 * PREFACTOR * np.exp(-0.1 / (kB * T))
    seen = np.exp(-out * RESIDENCE) - np.exp(-out * (LENGTH - RESIDENCE))
    assert high.predicted == pytest.approx(seen, abs=4 * high.predicted_error)
    assert high.probability > 0.5
    assert low.predicted == 0 and low.probability < 1e-3


def test_no_hop_where_hardly_one_is_predicted_tells_nothing():
    found = compared(result(0.6), [run(0)] * 3)
    assert (found.predicted, found.counted, found.verdict) == (0, 0, TOO_FEW)
    assert found.probability == 1
    assert compared(result(0.6), [run(5)]).verdict == MORE


def test_without_rates_or_runs_the_reason_is_said():
    found = compared(WITHOUT_WALK, [run(4)])
    assert (found.verdict, found.counted, found.predicted) == (NOT_KNOWN, 4, None)
    assert found.note == WITHOUT_WALK.note
    found = compared(result(0.2), [run(None)])
    assert (found.verdict, found.runs) == (NOT_KNOWN, 0)
    assert found.note == ("1 of 1 runs undetermined and left out; no run could be analysed")
    some = compared(result(0.2), [run(None), run(0)])
    assert some.runs == 1 and some.predicted is not None
    assert some.note == "1 of 2 runs undetermined and left out"


def test_the_network_of_a_result_has_its_rates():
    one = lattice(CELL, HOLLOWS, [0.0] * len(HOLLOWS), reach=STEP, saddle=0.2)
    again = network_of(result(0.2), CELL)
    np.testing.assert_allclose(rates(again, T), rates(one, T), rtol=1e-12)
    np.testing.assert_allclose(again.vectors, one.vectors)
    exact, found = network_diffusion(one, T), network_diffusion(again, T)
    np.testing.assert_allclose(found.tensor, exact.tensor, rtol=1e-9, atol=1e-20)
