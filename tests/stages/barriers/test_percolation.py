"""Percolation barriers: where a network first winds round its cell."""

import numpy as np
import pytest
from networks import (
    chain,
    honeycomb,
    joined,
    network,
    random_network,
    side_by_side,
    written_otherwise,
)
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from anodeflow.stages.barriers.percolation import (
    Opening,
    limiting_path,
    percolation,
    percolation_of,
)
from anodeflow.stages.barriers.windings import find_parts


def barriers(one):
    found = percolation(one)
    return tuple(None if x is None else x.barrier for x in (found.one, found.both))


def wound(one, steps):
    """The cells that a walk comes round, after asserting that its steps follow on each other."""
    ends = [(one.hops[i].start, one.hops[i].end)[::sign] for i, sign in steps]
    assert all(a[1] == b[0] for a, b in zip(ends, [*ends[1:], ends[0]], strict=True))
    return sum(sign * np.array(one.hops[i].shift) for i, sign in steps)


def test_a_chain_winds_in_one_direction_over_its_highest_saddle():
    one = chain([0.2, 0.5, 0.3])
    found = percolation(one)
    assert barriers(one) == (pytest.approx(0.5), None)
    assert found.one.hop == 1
    assert sorted(limiting_path(one, found.one)) == [(0, 1), (1, 1), (2, 1)]


def test_a_honeycomb_winds_in_both_directions_at_once():
    assert barriers(honeycomb(second=0.1, saddle=0.4)) == (pytest.approx(0.4), pytest.approx(0.4))


def test_a_barrier_is_relative_to_the_lowest_site_of_its_part():
    low, high = chain([0.3]), chain([0.45])
    one = side_by_side(low, high)
    one.energies[:] = [0.0, 0.25]
    (first, second) = (percolation_of(one, part).one for part in find_parts(one))
    assert (first.barrier, second.barrier) == (pytest.approx(0.3), pytest.approx(0.2))
    assert percolation(one).one.part.sites == (0,)


def test_a_part_without_a_way_round_the_cell_has_no_barrier():
    one = network(np.eye(2), [[0, 0], [0.5, 0]], [0, 0], [(0, 1, (0, 0), 0.1)])
    assert barriers(one) == (None, None)
    (part,) = find_parts(one)
    assert part.sites == (0, 1)
    assert part.windings == ()


def test_sites_without_hops_are_parts_of_their_own():
    one = network(np.eye(2), [[0, 0], [0.5, 0]], [0, 0], [])
    assert [part.sites for part in find_parts(one)] == [(0,), (1,)]
    assert barriers(one) == (None, None)


def test_a_lower_detour_round_a_high_rung_is_taken():
    """A ladder whose rail is blocked: up a rung, past the block on the other rail, and down."""
    positions = [[0, 0], [1, 0], [0, 1], [1, 1]]
    rails = [(0, 1, (0, 0), 0.2), (1, 0, (1, 0), 0.9), (2, 3, (0, 0), 0.9), (3, 2, (1, 0), 0.25)]
    rungs = [(0, 2, (0, 0), 0.35), (1, 3, (0, 0), 0.3)]
    one = network([[2, 0], [0, 5]], positions, [0, 0, 0.1, 0.1], rails + rungs)
    found = percolation(one).one
    assert (found.barrier, found.hop) == (pytest.approx(0.35), 4)
    path = limiting_path(one, found)
    assert {index for index, _ in path} == {0, 3, 4, 5}
    assert abs(wound(one, path)).tolist() == [1, 0]


def test_two_chains_across_each_other_wind_in_two_directions_only_where_they_are_joined():
    one = network(
        np.eye(2), [[0, 0], [0.5, 0.5]], [0, 0.05], [(0, 0, (1, 0), 0.2), (1, 1, (0, 1), 0.4)]
    )
    assert barriers(one) == (pytest.approx(0.2), None)
    assert barriers(joined(one, (0, 1, (0, 0), 0.3))) == (pytest.approx(0.2), pytest.approx(0.4))
    bridged = joined(one, (0, 1, (3, -2), 0.7))
    assert barriers(bridged) == (pytest.approx(0.2), pytest.approx(0.7))
    assert percolation(bridged).both.hop == 2


def test_two_chains_along_each_other_never_wind_in_two_directions():
    one = joined(side_by_side(chain([0.2]), chain([0.4])), (0, 1, (0, 0), 0.3))
    assert barriers(one) == (pytest.approx(0.2), None)


def test_a_chain_that_closes_after_two_cells_winds_in_one_direction():
    one = network(np.eye(2), [[0, 0]], [0], [(0, 0, (2, 0), 0.3), (0, 0, (3, 0), 0.4)])
    assert barriers(one) == (pytest.approx(0.3), None)


@pytest.mark.parametrize("seed", range(8))
def test_barriers_do_not_depend_on_how_the_network_is_written_down(seed):
    rng = np.random.default_rng(seed)
    one = random_network(rng)
    for name, other in written_otherwise(one, rng).items():
        assert barriers(other) == pytest.approx(barriers(one), abs=1e-12), name


def windings_by_search(one, highest):
    """The cells in which a site meets itself, for each site, in a window of many cells."""
    span, count = 2 * len(one.energies), len(one.energies)
    side = 2 * span + 1
    at = np.indices((side, side)).reshape(2, -1).T
    rows, columns = [], []
    for hop in one.hops:
        to = at + np.array(hop.shift)
        inside = ((to >= 0) & (to < side)).all(axis=1) & (hop.saddle <= highest)
        rows.append((at[inside] @ [side, 1]) * count + hop.start)
        columns.append((to[inside] @ [side, 1]) * count + hop.end)
    rows, columns = np.concatenate(rows), np.concatenate(columns)
    size = side**2 * count
    _, label = connected_components(
        coo_array((np.ones(len(rows)), (rows, columns)), shape=(size, size)), directed=False
    )
    label = label.reshape(side, side, count)
    return [np.argwhere(label[..., i] == label[span, span, i]) - span for i in range(count)]


@pytest.mark.parametrize("seed", range(20))
def test_barriers_are_those_of_a_search_in_the_unfolded_network(seed):
    rng = np.random.default_rng(seed)
    one = random_network(rng, sites=3, hops=int(rng.integers(3, 8)))
    lowest = {i: one.energies[list(p.sites)].min() for p in find_parts(one) for i in p.sites}
    expected = [None, None]
    for saddle in sorted({hop.saddle for hop in one.hops}):
        ranks = [np.linalg.matrix_rank(cells) for cells in windings_by_search(one, saddle)]
        for rank in (1, 2):
            if expected[rank - 1] is None and max(ranks) >= rank:
                site = int(np.argmax(np.array(ranks) >= rank))
                expected[rank - 1] = saddle - lowest[site]
    assert barriers(one) == pytest.approx(tuple(expected), abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_the_limiting_path_winds_over_the_limiting_hop_and_none_higher(seed):
    one = random_network(np.random.default_rng(seed), sites=4, hops=9)
    found = percolation(one).one
    path = limiting_path(one, found)
    assert path[0] == (found.hop, 1)
    assert wound(one, path).any()
    assert max(one.hops[i].saddle for i, _ in path) == one.hops[found.hop].saddle


def test_no_path_is_given_for_a_hop_that_only_joins_two_ways():
    one = network(np.eye(2), [[0, 0], [0.5, 0]], [0, 0], [(0, 1, (0, 0), 0.1)])
    (part,) = find_parts(one)
    with pytest.raises(ValueError, match="no walk over hop 0 winds round the cell"):
        limiting_path(one, Opening(part, 0.1, 0))
