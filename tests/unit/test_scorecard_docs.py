"""docs/scorecard.md defines what the files and the library declare."""

import re

import pytest
from scored import metrics

from anodeflow.scorecard.claims import CLAIMS


@pytest.fixture
def page(root):
    return (root / "docs/scorecard.md").read_text()


def rows(page):
    """Return the cells of every table row that begins with a name, by that name."""
    found = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if match := re.fullmatch(r"`([\w-]+)`", cells[0]):
            found[match[1]] = cells[1:]
    return found


def test_every_metric_is_defined_with_the_limits_and_reasons_of_its_file(page):
    found = rows(page)
    for name, metric in metrics().items():
        definition, _, measure, limits, why = found[name]
        assert (definition, why) == (metric.definition, metric.why)
        assert measure.startswith(metric.measure)
        assert metric.reference is None or metric.reference in measure
        if isinstance(metric.good, float):
            assert limits == f"{metric.good:g}, {metric.fair:g}"


def test_every_claim_is_defined_and_no_other(page):
    names = set(rows(page)) - set(metrics())
    assert names == set(CLAIMS)
    for name, claim in CLAIMS.items():
        assert rows(page)[name][0] == claim.statement


def test_the_times_and_probabilities_of_the_page_are_those_of_the_code(page):
    from math import log

    from scipy.stats import norm

    assert f"({norm.sf(2.0):.3f} for s = 2)" in page
    assert f"= {95 * log(1 / norm.sf(2.0)):.0f} ps" in page
