"""The default study can decide its claim on one ion: how probably, by the claim's own rule."""

import re

import numpy as np
import pytest
from judged import judge
from places import ROOT
from scipy.stats import poisson
from scored import dynamics, ensemble

RUN_PS = 95.0
COUNTS = np.arange(120)
RATES = (1, 2, 3, 4, 8)  # hops of m-go expected in 95 ps


def decided(in_m_g, in_m_go, replicas, *, watched_ps=RUN_PS, **limits):
    """Return whether hops counted in both stacks decide the claim, one way or the other."""
    about = {"watched_ps": replicas * watched_ps, "replicas": replicas}
    rows = dynamics("m-g", 1, ensemble(hops=int(in_m_g), **about))
    rows += dynamics("m-go", 1, ensemble(hops=int(in_m_go), **about))
    return judge(rows, **limits)["one-ion"].status in ("holds", "fails")


def power(replicas, rates=RATES, *, watched_ps=RUN_PS, **limits):
    """Return the probability that the claim is decided, for each rate of m-go."""
    options = {"watched_ps": watched_ps} | limits
    verdicts = np.array([decided(0, count, replicas, **options) for count in COUNTS])
    hops = replicas * watched_ps / RUN_PS
    return [float(verdicts @ poisson.pmf(COUNTS, hops * rate)) for rate in rates]


@pytest.fixture
def replicas(study_config):
    """Return the replicas with one ion of the default study, whose runs are as long as here."""
    (runs,) = [runs for runs in study_config["dynamics"]["runs"] if runs["ions"] == 1]
    assert runs["production_ps"] == RUN_PS
    return runs["replicas"]


def test_the_default_study_decides_the_claim_at_three_hops_a_run(replicas, study_config):
    limits = {key: study_config["scorecard"][key] for key in ("sigma", "confined_ps")}
    (found,) = power(replicas, [3], **limits)
    assert found >= 0.9
    assert found == pytest.approx(0.945, abs=5e-4)
    unwatched = 2 * study_config["diffusion"]["residence_ps"]
    (less,) = power(replicas, [3], watched_ps=RUN_PS - unwatched, **limits)
    assert 0.9 <= found - 0.006 < less < found


def test_three_replicas_would_not():
    assert power(3) == pytest.approx([0.01, 0.26, 0.68, 0.91, 1.00], abs=0.005)


def test_hops_drawn_at_random_are_decided_as_often(replicas):
    """A second route to the sum over counts: runs drawn one by one."""
    rng = np.random.default_rng(11)
    drawn = rng.poisson(3.0, size=(4000, replicas)).sum(axis=1)
    verdicts = {count: decided(0, count, replicas) for count in np.unique(drawn)}
    share = np.mean([verdicts[count] for count in drawn])
    (expected,) = power(replicas, [3])
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / len(drawn))


def test_the_least_hops_and_the_least_time_of_the_page_are_where_the_verdict_turns():
    page = " ".join((ROOT / "docs/uncertainty.md").read_text().split())
    assert "Six runs (t = 570 ps) need n ≥ 12, three (285 ps) n ≥ 8." in page
    for replicas, hops in {3: 8, 6: 12}.items():
        assert decided(0, hops, replicas) and not decided(0, hops - 1, replicas)
    assert "for which 359 ps are needed" in page
    for watched_ps, status in {358.5: "undecided", 359.5: "holds"}.items():
        in_m_g = ensemble(hops=0, watched_ps=watched_ps)
        in_m_go = ensemble(hops=2, watched_ps=95.0)  # too few to say that m-g is slower
        rows = dynamics("m-g", 1, in_m_g) + dynamics("m-go", 1, in_m_go)
        confined, _ = judge(rows)["one-ion"].parts
        assert confined.status == status


def test_the_table_of_the_page_is_what_the_rule_gives():
    page = (ROOT / "docs/uncertainty.md").read_text().split("## How many replicas")[1]
    for replicas in (3, 6):
        (row,) = re.findall(rf"^\| {replicas} \| (.*) \|$", page, re.MULTILINE)[:1]
        stated = [float(cell) for cell in row.split(" | ")]
        assert stated == pytest.approx(power(replicas), abs=0.0051)
