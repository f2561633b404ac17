"""D of an ion on a network, against closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from ase.units import kB
from networks import (
    HEXAGONAL,
    PREFACTOR,
    chain,
    honeycomb,
    joined,
    lattice,
    network,
    random_network,
    side_by_side,
    triangular,
    written_otherwise,
)

from anodeflow.stages.barriers.network import log_flows, log_weights, rates
from anodeflow.stages.barriers.network_diffusion import network_diffusion

T = 300.0


def rate(barrier, temperature=T):
    return PREFACTOR * np.exp(-barrier / (kB * temperature))


def close(expected):
    return pytest.approx(expected, rel=1e-10)


def test_a_triangular_lattice_has_a_quarter_of_its_rate_times_a_squared():
    found = network_diffusion(triangular(a=3.0, saddle=0.25), T)
    assert found.in_plane == close(6 * rate(0.25) * 3.0**2 / 4)
    assert found.anisotropy == close(1.0)
    np.testing.assert_allclose(found.tensor, found.in_plane * np.eye(2), rtol=1e-10, atol=1e-12)
    assert found.in_plane_cm2_s == close(found.in_plane * 1e-4)


@pytest.mark.parametrize("matrix", [np.eye(2), [[1, 3], [0, 1]], [[2, 1], [1, 1]]])
@pytest.mark.parametrize("cells", [1, 2])
def test_so_it_has_in_cells_of_several_sites_and_in_skew_cells(cells, matrix):
    a, cell = 3.0, np.array(matrix) @ (3.0 * HEXAGONAL)
    positions = [np.array([i, j]) @ cell for i in range(cells) for j in range(cells)]
    one = lattice(cells * cell, positions, np.zeros(cells**2), reach=a)
    assert len(one.hops) == 3 * cells**2
    assert network_diffusion(one, T).in_plane == close(6 * rate(0.3) * a**2 / 4)


def test_a_honeycomb_of_two_kinds_has_the_rates_of_both_in_series():
    """Hops sum up to zero at each site, so χ = 0: D = l²/4 · 2 Γ_A Γ_B / (Γ_A + Γ_B)."""
    a, second, saddle = 3.0, 0.12, 0.3
    one, other = 3 * rate(saddle), 3 * rate(saddle - second)
    expected = a**2 / 3 * one * other / (one + other) / 2
    for cells in (1, 2):
        found = network_diffusion(honeycomb(a, second=second, saddle=saddle, cells=cells), T)
        assert found.in_plane == close(expected)
        assert found.anisotropy == close(1.0)


def test_one_slow_bond_of_a_chain_gives_the_harmonic_mean():
    saddles = [0.2, 0.5, 0.2, 0.25]
    expected = 2.0**2 / np.mean([1 / rate(saddle) for saddle in saddles])
    along = np.array([np.cos(0.3), np.sin(0.3)])
    found = network_diffusion(chain(saddles, along=2.0 * along), T)
    np.testing.assert_allclose(found.tensor, expected * np.outer(along, along), rtol=1e-10)
    assert found.in_plane == close(expected / 2)
    assert found.anisotropy is None


@pytest.mark.parametrize("temperature", [60.0, 150.0, 1500.0])
def test_rounding_does_not_grow_where_rates_differ_by_many_orders(temperature):
    saddles = [0.15, 0.3, 0.1, 0.25, 0.12]
    expected = 4.0 / np.mean([1 / rate(saddle, temperature) for saddle in saddles])
    found = network_diffusion(chain(saddles), temperature)
    assert found.in_plane == close(expected / 2)


def test_a_crooked_chain_moves_nothing_across_it_however_cold_it_is():
    """Ten times as far across as along, over saddles of which rounding would show across."""
    positions = [[0.0, 0.0], [1.0, 7.0], [2.0, -5.0], [3.0, 9.0]]
    saddles = [0.05, 0.25, 0.07, 0.06]
    hops = [(i, (i + 1) % 4, (int(i == 3), 0), saddles[i]) for i in range(4)]
    one = network([[4.0, 0.5], [0.0, 30.0]], positions, [0] * 4, hops)
    found = network_diffusion(one, 60.0)
    along = np.array([4.0, 0.5]) / np.hypot(4.0, 0.5)
    across = np.array([-along[1], along[0]])
    assert across @ found.tensor @ across < 1e-16 * found.in_plane
    assert found.anisotropy is None


@pytest.mark.parametrize("temperature", [2.0, 20.0, 75.0])
def test_flows_that_differ_by_too_many_orders_are_refused(temperature):
    with pytest.raises(ValueError, match="give a higher temperature"):
        network_diffusion(chain([0.1, 0.5]), temperature)
    expected = 4.0 / np.mean([1 / rate(saddle, 95.0) for saddle in (0.1, 0.5)])
    assert network_diffusion(chain([0.1, 0.5]), 95.0).in_plane == pytest.approx(expected / 2)


def test_a_hop_that_no_ion_takes_is_refused_where_its_flow_is_lost():
    dead = network([[2, 0], [0, 5]], [[0, 0], [1, 1]], [0, 0], [(0, 0, (1, 0), 0.3)])
    with pytest.raises(ValueError, match="leave out hops that no ion takes"):
        network_diffusion(joined(dead, (0, 1, (0, 0), 2.5)), 25.0)


def test_a_square_lattice_of_two_rates_is_anisotropic():
    hops = [(0, 0, (1, 0), 0.2), (0, 0, (0, 1), 0.3)]
    found = network_diffusion(network(2.0 * np.eye(2), [[0, 0]], [0], hops), T)
    np.testing.assert_allclose(
        found.tensor, np.diag([4 * rate(0.2), 4 * rate(0.3)]), rtol=1e-10, atol=1e-12
    )
    assert found.anisotropy == close(rate(0.2) / rate(0.3))
    assert found.limiting_hop == 0


def test_unconnected_parts_share_d_by_their_weights():
    fast, slow = chain([0.2]), chain([0.4])
    one = side_by_side(fast, slow)
    one.energies[:] = [0.0, 0.1]
    share = 1 / (1 + np.exp(-0.1 / (kB * T)))
    found = network_diffusion(one, T)
    assert [each.share for each in found.parts] == [close(share), close(1 - share)]
    assert [each.part.sites for each in found.parts] == [(0,), (1,)]
    first, second = 4 * rate(0.2), 4 * rate(0.3)
    assert [each.tensor[0, 0] for each in found.parts] == [close(first), close(second)]
    assert found.tensor[0, 0] == close(share * first + (1 - share) * second)


def test_a_part_too_high_to_be_reached_still_has_its_own_d():
    one = side_by_side(chain([0.2]), chain([3.3]))
    one.energies[:] = [0.0, 3.0]
    low, high = network_diffusion(one, 30.0).parts
    assert (low.share, high.share) == (1.0, 0.0)
    assert high.tensor[0, 0] == close(4 * rate(0.3, 30.0))


def test_nothing_diffuses_where_nothing_winds_round_the_cell():
    one = network(np.eye(2), [[0, 0], [0.5, 0]], [0, 0], [(0, 1, (0, 0), 0.1)])
    found = network_diffusion(one, T)
    assert (found.in_plane, found.anisotropy, found.limiting_hop) == (0.0, None, None)
    assert not found.hop_shares.any()


def test_a_dead_end_holds_ions_back_by_its_weight():
    one = chain([0.3])
    dead = network(one.cell, [[0, 0], [1, 1]], [0, -0.05], [(0, 0, (1, 0), 0.3)])
    found = network_diffusion(joined(dead, (0, 1, (0, 0), 0.1)), T)
    share = 1 / (1 + np.exp(0.05 / (kB * T)))
    assert found.tensor[0, 0] == close(share * 4 * rate(0.3))
    assert found.hop_shares.tolist() == [close(1.0), pytest.approx(0.0, abs=1e-20)]


def by_least_squares(one, temperature):
    """D of a connected network from χ by numpy's least squares, its currents summed by hand."""
    weights, count = np.exp(log_weights(one, temperature)), len(one.energies)
    left, right = np.zeros((count, count)), np.zeros((count, 2))
    steps = []
    for (i, j), (there, back), way in zip(
        one.ends, rates(one, temperature), one.vectors, strict=True
    ):
        steps += [(i, j, there, way), (j, i, back, -way)]
    for i, j, speed, way in steps:
        left[i, j] += speed
        left[i, i] -= speed
        right[i] -= speed * way
    chi = np.linalg.lstsq(left, right, rcond=None)[0]
    moves = [(weights[i] * speed, way + chi[j] - chi[i]) for i, j, speed, way in steps]
    return 0.5 * sum(flow * np.outer(move, move) for flow, move in moves)


@pytest.mark.parametrize("seed", range(8))
def test_d_is_that_of_a_dense_solution_however_the_network_is_written_down(seed):
    rng = np.random.default_rng(seed)
    one = random_network(rng, sites=4, hops=9)
    expected = by_least_squares(one, 600.0)
    np.testing.assert_allclose(
        network_diffusion(one, 600.0).tensor, expected, rtol=1e-9, atol=1e-10 * expected.max()
    )
    for name, other in written_otherwise(one, rng).items():
        found = network_diffusion(other, 600.0).tensor
        np.testing.assert_allclose(
            found, expected, rtol=1e-9, atol=1e-10 * expected.max(), err_msg=name
        )


@pytest.mark.parametrize("seed", range(4))
def test_the_share_of_a_hop_is_the_derivative_of_ln_d_to_its_flow(seed):
    """The saddle's vibrations change a hop's flow, both ways alike, and no weight."""
    one, step = random_network(np.random.default_rng(seed), sites=4, hops=9), 1e-5
    found = network_diffusion(one, T)
    assert found.hop_shares.sum() == close(1.0)
    for index, hop in enumerate(one.hops):
        ends = []
        for sign in (1, -1):
            changed = replace(hop, log_vibrations=hop.log_vibrations - sign * step)
            hops = (*one.hops[:index], changed, *one.hops[index + 1 :])
            other = replace(one, hops=hops)
            assert log_flows(other, T)[index] - log_flows(one, T)[index] == pytest.approx(
                sign * step
            )
            ends.append(np.log(network_diffusion(other, T).in_plane))
        slope = (ends[0] - ends[1]) / (2 * step)
        assert slope == pytest.approx(found.hop_shares[index], abs=1e-8)


def test_the_slow_bond_of_a_chain_limits_it():
    saddles = [0.2, 0.5, 0.2, 0.25]
    found = network_diffusion(chain(saddles), T)
    times = np.array([1 / rate(saddle) for saddle in saddles])
    np.testing.assert_allclose(found.hop_shares, times / times.sum(), rtol=1e-9)
    assert found.limiting_hop == 1
