"""Claims on how stacks open and how ions step back, on made-up models."""

import numpy as np
import pytest
from judged import eight_ions, judge, status
from scipy.stats import binom
from scored import STACKS, dynamics, ensemble

from anodeflow.stages.motion.hops import backward_share


@pytest.mark.parametrize(
    ("one", "eight", "expected"),
    [
        ((3.9, (0.2, 0.6, 0.06)), (4.5, (0.1, 0.1, 0.01)), "holds"),
        ((3.9, (0.2, 0.6, 0.06)), (4.5, (0.1, 0.5, 0.14)), "fails"),  # less evenly
        ((3.9, (0.2, 0.6, 0.06)), (4.5, (0.9, 0.1, 0.01)), "fails"),  # not everywhere
        ((3.9, (0.2, 0.1, 0.06)), (4.5, (0.1, 0.1, 0.01)), "fails"),  # nowhere wide with one
        ((3.7, (0.2, 0.6, 0.06)), (4.5, (0.1, 0.1, 0.01)), "fails"),  # no wider with one
        ((3.9, (0.2, 0.6, 0.04)), (4.5, (0.1, 0.1, 0.03)), "undecided"),  # within errors of 0.01
        ((3.9, (0.2, 0.6, 0.02)), (4.5, (0.1, 0.1, 0.01)), "undecided"),  # lifted as a whole by one
    ],
)
def test_one_ion_pries_apart_locally_and_eight_everywhere(one, eight, expected):
    rows = eight_ions([(0, 80)] * 3, one=one, eight=eight)
    for stack in STACKS:
        rows += dynamics(stack, 0, ensemble(spacing=3.8))
    assert status(rows, "pillaring") == expected


def back_in_m_go(backward, pairs):
    group = ensemble(hops=pairs + 1)
    share = dict(backward_share(backward=backward, pairs=pairs))
    mobility = group.mobility.model_copy(update=share)
    return dynamics("m-go", 1, group.model_copy(update={"mobility": mobility}))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [((20, 30), "holds"), ((1, 30), "undecided"), ((12, 30), "undecided"), ((0, 0), "undecided")],
)
def test_hops_are_taken_back_more_often_than_by_an_ion_without_memory(counts, expected):
    row = judge(back_in_m_go(*counts))["hops-go-back"]
    assert row.status == expected
    assert ("no hop follows another" in row.says) == (counts == (0, 0))
    assert ("below which nothing is decided" in row.says) == (counts == (1, 30))


def test_an_ion_without_memory_seldom_decides_the_claim_on_hops_back():
    """Second route: the exact chance of a verdict, over all counts of the binomial distribution."""
    for pairs in (1, 2, 5, 10, 20, 50, 100):
        verdicts = [status(back_in_m_go(k, pairs), "hops-go-back") for k in range(pairs + 1)]
        assert set(verdicts) <= {"holds", "undecided"}
        for without_memory in (1 / 3, 1 / 6):
            chances = binom.pmf(np.arange(pairs + 1), pairs, without_memory)
            assert chances[[verdict == "holds" for verdict in verdicts]].sum() < 0.025, pairs
