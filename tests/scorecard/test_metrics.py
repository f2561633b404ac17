"""Metrics: each number by a second route, grades at their limits, and a reason for every gap."""

import dataclasses
import json

import numpy as np
import pytest
import yaml
from places import REFERENCE
from scipy.stats import norm, poisson
from scored import (
    MODEL,
    OMAT,
    PBE,
    STAGES,
    adhesion,
    check,
    comparison,
    convergence,
    dynamics,
    ensemble,
    metrics,
    published,
    quantities,
    read,
    study,
    verdict,
    voltages,
)

from anodeflow.errors import ReferenceDataError
from anodeflow.scorecard.metrics import Grading, read_metrics, score
from anodeflow.scorecard.results import Score


def graded(rows, *, asked=None, sigma=2.0, only=None):
    """Return the rows of the scorecard by source, metric, system and ions."""
    grading = Grading(quantities(rows, published()), asked or study(MODEL), sigma)
    found = score(only or metrics(), grading).to_dict("records")
    assert json.loads(json.dumps(found)) == found
    assert [Score(**row).model_dump() for row in found] == found
    return {(r["source"], r["metric"], r["system"], r["ions"]): r for r in found}


def structure(**lengths):
    return read("relaxation", check(**lengths), system="ti2co2", is_unit=True)


def test_published_mpa_0_has_the_errors_of_the_studys_table_1():
    found = graded([])
    # Differences of the columns of the study's table, by hand.
    for metric, difference in (
        ("thickness", 4.463 - 4.45),
        ("metal_x", 2.187 - 2.186),
        ("metal_termination", 1.976 - 1.972),
        ("metal_metal", 3.030 - 3.032),
    ):
        row = found["MACE-MPA-0 (published)", metric, "ti2co2", None]
        assert row["value"] == pytest.approx(difference)
        assert row["grade"] == "good"


def test_verdicts_published_without_hop_counts_leave_the_grade_of_mobility_open():
    """They were good, good and poor by their words, as if 20 ps had to show what 95 ps did not."""
    found = graded([])
    for stack in ("m-g", "m-go", "m-goh"):
        row = found[OMAT, "mobility", stack, 1]
        assert (row["status"], row["grade"], row["certain"]) == ("ok", "undecided", None)
        assert row["reason"].startswith("no counts of hops, so no rate; ")
    assert found[OMAT, "mobility", "m-g", 8]["status"] == "no reference"


def test_the_error_of_a_difference_and_of_a_ratio_is_that_of_random_numbers():
    rng = np.random.default_rng(3)
    own, pbe = rng.normal(2.0, 0.05, 200_000), rng.normal(2.28, 0.01, 200_000)
    rows = read("adhesion", adhesion(2.0, 3.9, errors=(0.05, 0.02)), system="m-g")
    found = graded(rows)
    height = found[MODEL, "adhesion_height", "m-g", None]
    assert height["value"] == pytest.approx(np.mean(own / pbe) - 1, abs=1e-3)
    assert height["error"] == pytest.approx(np.std(own / pbe), rel=0.02)
    place = found[MODEL, "adhesion_place", "m-g", None]
    assert place["error"] == pytest.approx(np.hypot(0.02, 0.1))


@pytest.mark.parametrize(
    ("thickness", "grade", "certain"),
    [
        (4.4501, "good", False),
        (4.4301, "good", False),
        (4.4299, "fair", False),
        (4.3999, "poor", False),
        (4.3, "poor", True),
    ],
)
def test_a_grade_changes_at_its_limits_and_is_certain_away_from_them(thickness, grade, certain):
    # The reference's error, 0.01, leaves no thickness that is certainly within 0.02.
    row = graded(structure(thickness=thickness))[MODEL, "thickness", "ti2co2", None]
    assert (row["grade"], row["certain"]) == (grade, certain)


def test_a_value_with_a_small_error_is_graded_with_certainty():
    checked = {"system": "graphene", "convergence": convergence(0.05)}
    rows = read("phonons", verdict(reference=comparison(3.0, 0.2)), **checked)
    found = graded(rows)
    mean = found[MODEL, "phonon_mean", "graphene", None]
    assert mean["error"] == pytest.approx(np.hypot(0.05, 0.2))
    assert (mean["grade"], mean["certain"]) == ("poor", True)
    assert found[MODEL, "phonon_max", "graphene", None]["grade"] == "good"


def test_the_highest_frequency_is_compared_with_the_published_one():
    rows = read("phonons", verdict(highest_THz=46.3), system="graphene")
    row = graded(rows)[MODEL, "phonon_highest", "graphene", None]
    assert row["value"] == pytest.approx(46.3 - 47.8)
    assert row["grade"] == "fair"


@pytest.mark.parametrize(
    ("kind", "grade"),
    [("stable", "good"), ("acoustic residue near Gamma", "fair"), ("unstable", "poor")],
)
def test_imaginary_modes_are_graded_by_the_verdict(kind, grade):
    rows = read("phonons", verdict(kind), system="ti2co2")
    assert graded(rows)[MODEL, "imaginary", "ti2co2", None]["grade"] == grade


def test_an_overlap_is_better_the_larger_it_is_and_its_error_is_said_to_be_unknown():
    for overlap, grade in ((0.95, "good"), (0.8, "fair"), (0.2, "poor")):
        path = comparison(0.1, 0.2, kind="path", qpoints=151, dos_overlap=overlap)
        rows = read("phonons", verdict(reference=path), system="ti2co2")
        row = graded(rows)[MODEL, "dos_overlap", "ti2co2", None]
        assert (row["grade"], row["error"], row["certain"]) == (grade, None, None)
        assert "no error known" in row["reason"]


def test_a_change_of_structure_is_poor_and_told():
    rows = read("relaxation", check(changes=("It fell.",)), system="m-g", is_unit=False)
    row = graded(rows)[MODEL, "changed", "m-g", None]
    assert (row["grade"], row["word"], row["reason"]) == ("poor", "yes", "It fell.")


def test_the_voltage_is_compared_content_by_content_as_far_as_both_go():
    rows = read("voltage", voltages(1.91, 1.61), system="m-go", host="frozen")
    row = graded(rows)[MODEL, "voltage", "m-go", None]
    assert row["value"] == pytest.approx(np.mean([1.91 - 1.81, 1.71 - 1.61]))
    assert row["error"] == pytest.approx(np.hypot(0.01, 0.01) / np.sqrt(2))
    assert row["reason"] == "over 1, 2 ions"


def test_numbers_of_another_convention_are_shown_but_not_graded():
    rows = read("voltage", voltages(1.91), system="m-go", host="relaxed")
    row = graded(rows)[MODEL, "voltage", "m-go", None]
    assert (row["status"], row["grade"]) == ("other convention", None)
    assert row["value"] == pytest.approx(0.1)
    assert "relaxed here, frozen in the reference" in row["reason"]


@pytest.mark.parametrize(
    ("stack", "hops", "watched_ps", "grade"),
    [
        # PBE's ion stays in m-g for 20 ps: P = exp(−20 Γ).
        ("m-g", 0, 0.5, "undecided"),  # it was good, though such a run says nothing
        ("m-g", 0, 95.0, "good"),
        ("m-g", 1, 95.0, "good"),  # it was poor: Γ is at most 0.06, so P at least 0.29
        ("m-g", 20, 95.0, "undecided"),
        ("m-g", 60, 95.0, "poor"),
        # PBE's ion hops in m-go within 20 ps: 1 − P.
        ("m-go", 0, 95.0, "undecided"),
        ("m-go", 0, 2000.0, "poor"),
        ("m-go", 3, 95.0, "good"),
        ("m-go", 60, 95.0, "good"),
    ],
)
def test_mobility_is_graded_by_how_likely_the_reference_is_at_every_rate_of_the_interval(
    stack, hops, watched_ps, grade
):
    rows = dynamics(stack, 1, ensemble(hops=hops, watched_ps=watched_ps))
    row = graded(rows)[MODEL, "mobility", stack, 1]
    assert (row["grade"], row["certain"]) == (grade, grade != "undecided")
    # By drawing: rates that would give as few, or as many, hops once in 44 runs, and references.
    rng = np.random.default_rng(7)
    ends = [rate for rate in np.geomspace(1e-6, 50, 4000) if _allows(rate, hops, watched_ps)]
    seen = [np.mean((rng.poisson(20 * rate, 4000) > 0) == (stack == "m-go")) for rate in ends]
    enough = {bool(share >= 0.05) for share in (seen[0], seen[-1])}
    assert grade == {1: "good" if enough == {True} else "poor", 2: "undecided"}[len(enough)]


def _allows(rate, hops, watched_ps):
    beyond, expected = norm.sf(2.0), rate * watched_ps
    return poisson.cdf(hops, expected) > beyond and poisson.sf(hops - 1, expected) > beyond


def test_replicas_that_differ_in_verdict_are_graded_by_their_rate_and_open_ones_are_not():
    mixed = dynamics("m-g", 1, ensemble(hops=2, watched_ps=285.0, said="mixed"))
    row = graded(mixed)[MODEL, "mobility", "m-g", 1]
    assert (row["word"], row["grade"]) == ("mixed", "good")
    assert row["reason"].startswith(
        "no hop in 20 ps, as in the reference, has a probability of 0.6"
    )
    open_run = dynamics("m-g", 1, ensemble(said="undetermined"))
    row = graded(open_run)[MODEL, "mobility", "m-g", 1]
    assert (row["status"], row["grade"]) == ("no value", None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reference_ps": None}, "needs the length of the reference's run"),
        ({"good": None}, "needs a probability as good"),
        ({"fair": 0.01}, "null as fair and better"),
    ],
)
def test_a_metric_of_mobility_needs_a_probability_and_a_time(tmp_path, change, said):
    raw = yaml.safe_load((REFERENCE / "metrics.yaml").read_text())
    raw["mobility"] |= change
    path = tmp_path / "metrics.yaml"
    path.write_text(yaml.safe_dump(raw))
    with pytest.raises(ReferenceDataError, match=said):
        read_metrics(path)


def test_what_was_not_run_or_has_no_reference_is_no_number_and_says_why():
    asked = study(MODEL, "short", stages=STAGES)
    asked.stages["short"] = ["relaxation"]
    rows = dynamics("m-g", 0, ensemble()) + dynamics("m-g", 1, ensemble(hops=0))
    found = graded(rows, asked=asked)
    gone = found["short", "spacing", "m-g", 0]
    assert (gone["status"], gone["value"], gone["grade"]) == ("not run", None, None)
    assert "stage dynamics" in gone["reason"]
    without = found[MODEL, "spacing", "m-g", 1]
    assert (without["status"], without["value"]) == ("no reference", None)
    assert PBE in without["reason"]


def test_every_metric_of_every_model_has_a_value_or_a_reason():
    rows = structure(thickness=4.4) + read("phonons", verdict(), system="ti2co2")
    for row in graded(rows).values():
        has = row["value"] is not None or row["word"] is not None
        assert has == (row["status"] in ("ok", "other convention")) or row["reason"], row
        if row["status"] not in ("ok", "other convention"):
            assert row["value"] is None
            assert row["reason"]


def test_a_study_of_other_materials_is_scored_without_reference_values():
    asked = study(MODEL, stacks=("v-hbn",))
    asked.cases["relaxation"][:] = [["v2co2", None, None]]
    asked.cases["voltage"][:] = []
    rows = read("relaxation", check(), system="v2co2", is_unit=True)
    rows += dynamics("v-hbn", 0, ensemble())
    found = graded(rows, asked=asked)
    assert found[MODEL, "thickness", "v2co2", None]["status"] == "no reference"
    assert found[MODEL, "changed", "v2co2", None]["grade"] == "good"
    assert not [key for key in found if key[2] in ("m-g", "m-go", "m-goh")]


def test_reading_the_projects_metrics_gives_every_one_a_definition_and_a_reason():
    for metric in metrics().values():
        assert metric.definition
        assert metric.why


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"good": 0.1}, "not better than fair"),
        ({"good": None, "fair": None}, "needs numbers"),
        ({"reference": None}, "needs a reference"),
        ({"measure": "value"}, "takes no reference"),
        ({"goood": 1}, "Extra inputs"),
        ({"better": "high"}, "not better than fair"),
        ({"good": ["a"], "fair": ["b"]}, "must both be numbers"),
    ],
)
def test_a_mistake_in_the_metrics_is_one_sentence(tmp_path, change, said):
    raw = yaml.safe_load((REFERENCE / "metrics.yaml").read_text())
    raw["thickness"] |= change
    path = tmp_path / "metrics.yaml"
    path.write_text(yaml.safe_dump(raw))
    with pytest.raises(ReferenceDataError, match=said) as caught:
        read_metrics(path)
    assert "\n" not in str(caught.value)
    assert "thickness" in str(caught.value)


@pytest.mark.parametrize("text", ["", "a: [", "- 1"])
def test_a_file_that_holds_no_metrics_is_refused(tmp_path, text):
    path = tmp_path / "metrics.yaml"
    path.write_text(text)
    with pytest.raises(ReferenceDataError, match="metrics"):
        read_metrics(path)


def test_a_published_word_where_a_number_is_needed_is_refused():
    rows = dynamics("m-g", 0, ensemble())
    wrong = dataclasses.replace(rows[0], source=PBE, value=None, word="near", published=True)
    grading = Grading(quantities(rows, [wrong]), study(MODEL), 2.0)
    with pytest.raises(ReferenceDataError, match="hold 'near' as mean of m-g, 0 ions by PBE"):
        score(metrics(), grading)


def test_voltages_of_other_contents_than_the_published_ones_have_no_reference():
    table = voltages(1.8).assign(n=12)
    row = graded(read("voltage", table, system="m-go", host="frozen"))
    assert row[MODEL, "voltage", "m-go", None]["status"] == "no reference"


def test_a_metric_that_stands_twice_and_one_of_no_table_are_refused_in_a_sentence(tmp_path):
    text = (REFERENCE / "metrics.yaml").read_text()
    path = tmp_path / "metrics.yaml"
    entry = text[text.index("\nthickness:") : text.index("\nmetal_x:")]
    path.write_text(f"{text}{entry}\n")
    with pytest.raises(ReferenceDataError, match="'thickness' stands twice"):
        read_metrics(path)
    path.write_text(text.replace("table: relaxation", "table: structure"))
    grading = Grading(quantities(), study(MODEL), 2.0)
    with pytest.raises(ReferenceDataError, match="the table structure, which is relaxation now"):
        score(read_metrics(path), grading)
