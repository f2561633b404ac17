"""Rates, weights and flows of a network."""

from dataclasses import replace

import numpy as np
import pytest
from ase.units import kB
from networks import chain, honeycomb, random_network, triangular

from anodeflow.stages.barriers.network import Hop, log_flows, log_rates, log_weights, rates


def test_a_rate_is_vineyard_s_product_of_frequencies_and_boltzmann_s_factor():
    site, saddle = np.array([1.5, 2.0, 4.0]), np.array([1.2, 6.0])
    one = replace(
        triangular(saddle=0.25),
        log_vibrations=np.log(site).sum(keepdims=True),
    )
    hops = tuple(replace(hop, log_vibrations=float(np.log(saddle).sum())) for hop in one.hops)
    found = rates(replace(one, hops=hops), 300.0)
    expected = site.prod() / saddle.prod() * np.exp(-0.25 / (kB * 300))
    np.testing.assert_allclose(found, np.full((3, 2), expected), rtol=1e-12)


@pytest.mark.parametrize("temperature", [20.0, 300.0, 1500.0])
def test_rates_and_weights_are_in_detailed_balance(temperature):
    rng = np.random.default_rng(0)
    for _ in range(20):
        one = random_network(rng)
        weights, both = log_weights(one, temperature), log_rates(one, temperature)
        flows = weights[one.ends] + both
        np.testing.assert_allclose(flows[:, 0], flows[:, 1], rtol=1e-12, atol=1e-10)
        np.testing.assert_allclose(log_flows(one, temperature), flows[:, 1], atol=1e-10)
        assert np.exp(weights).sum() == pytest.approx(1, abs=1e-12)


def test_weights_are_the_stationary_state_of_the_rates():
    one = random_network(np.random.default_rng(1), sites=5, hops=20)
    generator = np.zeros((5, 5))
    for (start, end), (there, back) in zip(one.ends, rates(one, 300.0), strict=True):
        generator[start, end] += there
        generator[end, start] += back
    np.fill_diagonal(generator, generator.diagonal() - generator.sum(axis=1))
    values, vectors = np.linalg.eig(generator.T)
    stationary = vectors[:, np.abs(values).argmin()].real
    found = np.exp(log_weights(one, 300.0))
    np.testing.assert_allclose(found, stationary / stationary.sum(), rtol=1e-10)


def test_a_site_of_soft_vibrations_weighs_more_than_its_energy_says():
    one = replace(honeycomb(), log_vibrations=np.log([10.0, 2.0]))
    np.testing.assert_allclose(np.exp(log_weights(one, 300.0)), [1 / 6, 5 / 6], rtol=1e-12)


def test_nothing_overflows_at_low_temperatures():
    one = honeycomb(second=0.2, saddle=1.5)
    assert np.isfinite(log_flows(one, 0.5)).all()
    np.testing.assert_array_equal(rates(one, 0.5), 0.0)


def test_the_way_of_a_hop_leads_to_the_image_that_its_shift_says():
    one = chain([0.3, 0.3, 0.3])
    np.testing.assert_allclose(one.vectors, [[2.0, 0.0]] * 3, atol=1e-12)


@pytest.mark.parametrize(
    ("hop", "said"),
    [
        (Hop(0, 0, (0, 0), 0.3), "leads from site 0 to itself"),
        (Hop(0, 2, (0, 0), 0.3), "joins sites 0 and 2 of a network whose sites are 0 to 1"),
        (Hop(0, 1, (0, 0), 0.05), "saddle of hop 0 lies at 0.0500 eV, below one of its ends"),
    ],
)
def test_a_hop_that_is_none_is_refused(hop, said):
    with pytest.raises(ValueError, match=said):
        replace(honeycomb(second=0.1), hops=(hop,))


def test_a_rate_without_vibrations_is_refused():
    one = honeycomb()
    with pytest.raises(ValueError, match="lacks the vibrations of its sites"):
        rates(replace(one, log_vibrations=None), 300.0)
    unknown = (one.hops[0], replace(one.hops[1], log_vibrations=None))
    with pytest.raises(ValueError, match="hop 1 lacks the vibrations of its saddle"):
        rates(replace(one, hops=unknown), 300.0)
