"""What counts and errors decide, each by a second route, and how much more would."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import binom, norm, poisson

from anodeflow.scorecard.evidence import (
    FAILS,
    HOLDS,
    NOT_RUN,
    UNDECIDED,
    Need,
    Part,
    conclude,
    confined,
    hopping,
    less,
    needed,
    rate_bounds,
    rate_difference,
    slower,
    word,
)
from anodeflow.scorecard.quantity import Case, Quantity

SIGMA, WATCH = 2.0, 95.0


def number(value, error, system="a", **more):
    return Quantity("s", "spacing", Case(system, 0), "mean", value, error, **more)


def hops(count, watched_ps, system="a", **more):
    return Quantity("s", "diffusion", Case(system, 1), "hops", count, sample_ps=watched_ps, **more)


def test_bounds_of_a_rate_are_where_the_count_becomes_as_unlikely_as_two_sigma():
    beyond = norm.sf(SIGMA)
    for count in (0, 1, 7):
        low, high = rate_bounds(count, 50.0, SIGMA)
        assert poisson.cdf(count, high * 50.0) == pytest.approx(beyond)
        if count:
            assert poisson.sf(count - 1, low * 50.0) == pytest.approx(beyond)
    assert rate_bounds(0, 50.0, SIGMA)[0] == 0.0


@pytest.mark.parametrize(("few", "many", "t_few", "t_many"), [(0, 6, 95, 95), (3, 40, 95, 760)])
def test_two_rates_are_compared_by_the_binomial_split_of_their_hops(few, many, t_few, t_many):
    z = rate_difference(hops(few, t_few), hops(many, t_many))
    share = t_few / (t_few + t_many)
    below, above = (
        binom.cdf(few, few + many, share),
        binom.sf(few - 1, few + many, share),
    )
    assert norm.sf(abs(z)) == pytest.approx(min(below, above))
    assert (z > 0) == (below < above)


def test_two_rates_that_are_equal_are_seldom_told_apart():
    rng = np.random.default_rng(5)
    counts = rng.poisson(6.0, (400, 2))
    found = [slower(hops(a, 95.0), hops(b, 95.0), SIGMA).status for a, b in counts]
    # Each side may be wrong with probability 1 - Phi(2) = 0.023 at most.
    assert (len(found) - found.count(UNDECIDED)) / len(found) < 0.05
    assert {FAILS, HOLDS} <= set(found)


def test_means_are_compared_by_their_combined_error():
    part = less(number(3.9, 0.03), number(4.0, 0.04, "b"), SIGMA)
    assert part.sigmas == pytest.approx(0.1 / 0.05)
    assert part.status == HOLDS
    assert less(number(4.0, 0.03), number(3.9, 0.04, "b"), SIGMA).status == FAILS
    assert less(number(3.9, 0.03), number(3.99, 0.04, "b"), SIGMA).status == UNDECIDED


def test_the_sample_asked_for_is_the_one_that_decides():
    now = 60.0
    few = less(number(3.9, 0.08, sample_ps=now), number(4.0, 0.06, "b", sample_ps=now), SIGMA)
    assert few.status == UNDECIDED
    factor = 1 + few.needs[0].extra_ps / now
    errors = (0.08 / math.sqrt(factor), 0.06 / math.sqrt(factor))
    more = less(number(3.9, errors[0] * 0.999), number(4.0, errors[1] * 0.999, "b"), SIGMA)
    assert more.status == HOLDS
    assert less(number(3.9, errors[0] * 1.01), number(4.0, errors[1] * 1.01), SIGMA).status == (
        UNDECIDED
    )


def test_the_time_asked_for_hops_is_the_one_that_decides():
    part = hopping(hops(4, 120.0), SIGMA, WATCH)
    assert part.status == UNDECIDED
    factor = 1 + part.needs[0].extra_ps / 120.0
    low, high = rate_bounds(4 * factor, 120.0 * factor, SIGMA)
    assert max(low * WATCH, 1 / (high * WATCH)) == pytest.approx(1.0, abs=1e-3)
    pair = slower(hops(1, 95.0, replicas=1), hops(4, 95.0, "b", replicas=1), SIGMA)
    assert pair.status == UNDECIDED
    factor = 1 + pair.needs[0].extra_ps / 95.0
    z = rate_difference(hops(1, 95.0), hops(4, 95.0), factor)
    assert z == pytest.approx(SIGMA, abs=1e-2)
    assert "more replica" in pair.needs[0].text


def test_missing_uncertainties_and_values_leave_it_open_and_are_named():
    part = less(number(3.9, None, note="one replica"), number(4.0, 0.01, "b"), SIGMA)
    assert part.status == UNDECIDED
    assert "an uncertainty of a" in needed([part])
    assert "one replica" in needed([part])
    part = less(number(None, None, note="no peak"), number(4.0, 0.01, "b"), SIGMA)
    assert part.status == UNDECIDED
    assert "no peak" in needed([part])
    for judged in (hopping(hops(None, None), SIGMA, WATCH), slower(hops(None, 1), hops(9, 1), 2.0)):
        assert judged.status == UNDECIDED
        assert "hop counts" in needed([judged])


def test_numbers_of_two_conventions_are_not_compared():
    part = less(number(3.9, 0.01, convention="all"), number(4.0, 0.01, convention="sheet"), SIGMA)
    assert part.status == UNDECIDED
    assert "one convention" in needed([part])


def test_no_hop_in_a_short_run_is_not_confinement():
    elsewhere = hops(2, 20.0, "b")
    assert confined(hops(0, 20.0), elsewhere, SIGMA, WATCH).status == UNDECIDED
    # The rate seen elsewhere, 0.1 per ps, lies within what no hop in 20 ps allows.
    assert rate_bounds(0, 20.0, SIGMA)[1] > 2 / 20.0


def test_no_hop_is_confinement_once_it_excludes_one_hop_in_the_studys_length():
    never = hops(0, 10.0, "b")
    needed_ps = -math.log(norm.sf(SIGMA)) * WATCH
    assert confined(hops(0, needed_ps * 1.01), never, SIGMA, WATCH).status == HOLDS
    assert confined(hops(0, needed_ps * 0.99), never, SIGMA, WATCH).status == UNDECIDED


def test_no_hop_is_confinement_where_ions_hop_elsewhere_in_as_short_a_time():
    assert confined(hops(0, 95.0), hops(30, 95.0, "b"), SIGMA, WATCH).status == HOLDS
    assert confined(hops(0, 95.0), hops(2, 95.0, "b"), SIGMA, WATCH).status == UNDECIDED


def test_ions_that_hop_are_not_confined_however_many_hop_elsewhere():
    assert confined(hops(9, 95.0), hops(900, 95.0, "b"), SIGMA, WATCH).status == FAILS
    assert confined(hops(1, 95.0), hops(90, 95.0, "b"), SIGMA, WATCH).status == UNDECIDED


def test_ions_that_hop_rarely_but_more_often_than_elsewhere_are_not_confined():
    assert confined(hops(9, 9500.0), hops(0, 9500.0, "b"), SIGMA, WATCH).status == FAILS


@pytest.mark.parametrize("rate", [0.0, 0.002, 0.05])
def test_more_data_only_turns_an_open_question_into_an_answer(rate):
    """With counts as expected, no answer is taken back as the time grows."""
    elsewhere_rate = 0.1
    for judge in (
        lambda t: confined(hops(rate * t, t), hops(elsewhere_rate * t, t), SIGMA, WATCH),
        lambda t: hopping(hops(rate * t, t), SIGMA, WATCH),
        lambda t: slower(hops(rate * t, t), hops(elsewhere_rate * t, t), SIGMA),
        lambda t: less(number(rate, 0.3 / math.sqrt(t)), number(0.1, 0.3 / math.sqrt(t)), SIGMA),
    ):
        found = [judge(t).status for t in np.geomspace(0.5, 5000.0, 60)]
        assert found[0] == UNDECIDED
        changes = [b for a, b in itertools.pairwise(found) if a != b]
        assert len(changes) == 1, found
        assert changes[0] != UNDECIDED


def test_a_claim_holds_only_if_all_parts_do_and_fails_if_one_does():
    parts = {status: Part(status, "") for status in (HOLDS, FAILS, UNDECIDED, NOT_RUN)}
    assert conclude([parts[HOLDS], parts[HOLDS]]) == HOLDS
    assert conclude([parts[HOLDS], parts[UNDECIDED]]) == UNDECIDED
    assert conclude([parts[HOLDS], parts[NOT_RUN], parts[UNDECIDED]]) == NOT_RUN
    assert conclude([parts[NOT_RUN], parts[FAILS]]) == FAILS


def test_of_two_asks_of_one_system_the_larger_is_told():
    parts = [
        Part(UNDECIDED, "", (Need("a", "5 ps more of a", 5.0), Need("b", "9 ps of b", 9.0))),
        Part(UNDECIDED, "", (Need("a", "70 ps more of a", 70.0),)),
    ]
    assert needed(parts) == "70 ps more of a; 9 ps of b"


def test_what_no_sampling_can_decide_is_said_so():
    same = less(number(4.0, 0.1, sample_ps=10.0), number(4.0, 0.1, "b", sample_ps=10.0), SIGMA)
    assert same.status == UNDECIDED
    assert "lies too near" in needed([same])
    assert "none was seen" in needed([slower(hops(0, 9.0), hops(0, 9.0, "b"), SIGMA)])


def test_a_word_decides_by_itself_and_an_open_word_does_not():
    said = Quantity("s", "phonons", Case("a"), "kind", None, word="stable")
    assert word(said, ["stable"]).status == HOLDS
    assert word(said, ["other"]).status == FAILS
    assert word(said, ["other"], ["stable"]).status == UNDECIDED
