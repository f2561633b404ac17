"""Which sites are minima, which are part of another one, and which part several."""

import numpy as np

from anodeflow.stages.barriers.distinct_sites import Fall, distinct_sites


def test_joined_sites_keep_the_cells_that_hops_lead_to():
    # Sites 0, 1, 2 on a line; 1 is part of 0, seen in the cell to its left.
    sites = distinct_sites(np.array([0.0, 0.1, 0.05]), [Fall(1, (0, (1, 0)), "path")])
    assert sites.numbers == [0, 2]
    assert sites.stands_for(1) == 0 and sites.stands_for(2) is None
    # A hop from 1 in cell 0, which is 0 in cell (1, 0), to 2 in cell 0.
    assert sites.edge((1, 2, (0, 0))) == (0, 1, (-1, 0))
    assert sites.edge((0, 1, (-1, 0))) is None
    assert sites.edge((0, 1, (0, 0))) == (0, 0, (1, 0))


def test_what_falls_to_one_site_is_part_of_it_and_what_parts_two_is_a_crest():
    # 2 falls to 0 and, in another cell, to 1; 3 falls to 2 alone; 4 to 0 by way of 5.
    energies = np.array([0.0, 0.1, 0.5, 0.6, 0.7, 0.2])
    falls = [Fall(2, (0, (0, 0)), "a"), Fall(2, (1, (-1, 0)), "b"), Fall(3, (2, (0, 1)), "c")]
    falls += [Fall(4, (5, (0, 0)), "d"), Fall(5, (0, (0, 2)), "e"), Fall(4, (0, (0, 2)), "f")]
    sites = distinct_sites(energies, falls)
    assert sites.numbers == [0, 1]
    assert [sites.stands_for(site) for site in range(6)] == [None, None, 0, 0, 0, 0]
    (crest,) = sites.crests
    assert crest.site == 2
    assert sites.places == [(0, (0, 0)), (1, (0, 0)), None, None, (0, (0, 2)), (0, (0, 2))]
    assert crest.sides == [("a", (0, (0, 0))), ("b", (1, (-1, 0)))]


def test_a_site_that_parts_a_site_from_its_own_image_is_a_crest():
    falls = [Fall(1, (0, (0, 0)), "a"), Fall(1, (0, (1, 0)), "b")]
    (crest,) = distinct_sites(np.array([0.0, 0.3]), falls).crests
    assert [place for _, place in crest.sides] == [(0, (0, 0)), (0, (1, 0))]


def test_a_way_down_to_a_crest_and_one_past_it_make_no_saddle():
    falls = [Fall(2, (0, (0, 0)), "a"), Fall(2, (1, (0, 0)), "b")]
    falls += [Fall(3, (2, (0, 0)), "c"), Fall(3, (0, (0, 0)), "d")]
    crests = distinct_sites(np.array([0.0, 0.1, 0.5, 0.6]), falls).crests
    assert [(crest.site, len(crest.sides)) for crest in crests] == [(2, 2), (3, 0)]


def test_a_path_that_is_level_counts_down_to_the_site_that_is_lower_by_rounding():
    sites = distinct_sites(np.array([1e-9, 0.0]), [Fall(1, (0, (1, 0)), "a")])
    assert sites.numbers == [1]
    assert sites.places == [(0, (-1, 0)), (0, (0, 0))]
