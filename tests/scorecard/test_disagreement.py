"""Disagreement: pairs that differ, by a second route, sorted, and what cannot be compared."""

import itertools
import json

import numpy as np
import pytest
from scored import (
    PBE,
    adhesion,
    check,
    convergence,
    dynamics,
    ensemble,
    no_peak,
    published,
    quantities,
    read,
    study,
    verdict,
    voltages,
)

from anodeflow.scorecard.disagreement import disagreement_markdown, disagreements
from anodeflow.scorecard.results import DISAGREEMENTS, DISAGREEMENTS_CSV, Disagreement


def compare(*rows, sigma=2.0):
    return disagreements(quantities(*rows), study("a", "b", "c"), sigma=sigma)


def spacing(source, mean, error, stack="m-g"):
    rows = dynamics(stack, 0, ensemble(spacing=mean, error=error), source=source)
    return [row for row in rows if row.name == "mean"]


def test_rows_come_back_from_their_files_as_they_were(tmp_path):
    words = read(
        "relaxation", check(changes=("It changed.",)), system="m-g", is_unit=False, source="a"
    )
    words += read("relaxation", check(), system="m-g", is_unit=False, source="b")
    found = compare(spacing("a", 3.9, 0.03), spacing("b", 4.0, 0.04), words)
    rows = [Disagreement(**row) for row in found.to_dict("records")]
    assert {row.verdict for row in rows} >= {"differ", "differ in kind"}
    DISAGREEMENTS.write(rows, tmp_path / "rows.json")
    assert DISAGREEMENTS.read(tmp_path / "rows.json") == rows
    DISAGREEMENTS_CSV.write(found, tmp_path / "rows.csv")
    assert len(DISAGREEMENTS_CSV.read(tmp_path / "rows.csv")) == len(rows)


def test_pairs_are_sorted_by_how_many_combined_errors_they_are_apart():
    means = {"a": (3.9, 0.03), "b": (4.0, 0.04), "c": (5.0, 0.01)}
    found = compare(*(spacing(source, *value) for source, value in means.items()))
    expected = {
        (p, q): abs(means[p][0] - means[q][0]) / np.hypot(means[p][1], means[q][1])
        for p, q in itertools.combinations("abc", 2)
    }
    rows = found.to_dict("records")
    assert {(r["first"], r["second"]): pytest.approx(r["sigmas"]) for r in rows} == expected
    assert [r["sigmas"] for r in rows] == sorted(expected.values(), reverse=True)
    assert [r["verdict"] for r in rows] == ["differ", "differ", "differ"]
    assert compare(*(spacing(s, *v) for s, v in means.items()), sigma=3.0)["verdict"].tolist() == [
        "differ",
        "differ",
        "agree within errors",
    ]


def test_two_models_of_one_truth_differ_as_often_as_two_sigma_says():
    rng = np.random.default_rng(2)
    draws = rng.normal(4.0, 0.05, (300, 2))
    differ = sum(
        compare(spacing("a", x, 0.05), spacing("b", y, 0.05))["verdict"].item() == "differ"
        for x, y in draws
    )
    assert differ / len(draws) == pytest.approx(0.0455, abs=0.03)


def test_published_values_are_compared_with_models_but_not_with_each_other():
    found = compare(spacing("a", 3.11, 0.01), published())
    sources = set(map(tuple, found[["first", "second"]].to_numpy()))
    assert all(first == "a" for first, _ in sources)
    (row,) = found[(found["second"] == PBE) & (found["table"] == "spacing")].to_dict("records")
    assert row["verdict"] == "agree within errors"
    assert (row["ions"], row["temperature_K"]) == (0, 300.0)


def test_hop_rates_are_compared_as_counts_per_ion_and_time():
    def moving(source, hops, watched_ps):
        return dynamics("m-g", 8, ensemble(hops=hops, watched_ps=watched_ps), source=source)

    def hops(*rows):
        found = compare(*rows)
        return found[found["quantity"] == "hops"]

    found = hops(moving("a", 4, 100.0), moving("b", 40, 1000.0))
    assert found["difference"].item() == pytest.approx(0.0)
    assert found["verdict"].item() == "agree within errors"
    assert hops(moving("a", 40, 100.0), moving("b", 40, 1000.0))["verdict"].item() == "differ"


def test_words_that_differ_are_listed_after_the_numbers_that_do():
    rows = [
        read(
            "phonons",
            verdict(kind, minimum_THz=lowest),
            system="graphene",
            source=source,
            convergence=convergence(),
        )
        for source, kind, lowest in (("a", "stable", 0.0), ("b", "unstable", -3.0))
    ]
    found = compare(*rows)
    assert found["quantity"].tolist() == ["minimum_THz", "kind", "highest_THz"]
    assert found["verdict"].tolist() == ["differ", "differ in kind", "agree within errors"]


def test_what_cannot_be_compared_comes_last_and_says_why():
    first = read("adhesion", adhesion(2.0, 3.9), system="m-g", source="a")
    none = adhesion(2.0, 3.9, peak=no_peak("No peak."))
    second = read("adhesion", none, system="m-g", source="b")
    other = adhesion(2.0, 3.9, spacing_convention="all")
    third = read("adhesion", other, system="m-g", source="c")
    unsure = [spacing("a", 3.9, None), spacing("b", 3.8, 0.01)]
    found = compare(first, second, third, *unsure)
    closed = found[found["verdict"] == "not comparable"]
    assert found["verdict"].tolist().index("not comparable") == len(found) - len(closed)
    text = disagreement_markdown(found)
    assert "No peak." in text
    assert "a is sheet, c all" in text
    assert "a and b, spacing mean of m-g, 0 ions: no error is known" in text


def test_the_page_shows_values_with_errors_and_counts_the_rest():
    found = compare(
        spacing("a", 3.9, 0.01),
        spacing("b", 4.0, 0.01),
        read("voltage", voltages(1.8, 1.7), system="m-go", host="frozen", source="a"),
        read("voltage", voltages(1.8, 1.7), system="m-go", host="frozen", source="b"),
        read("relaxation", check(), system="ti2co2", is_unit=True, source="a"),
        read("relaxation", check(), system="ti2co2", is_unit=True, source="b"),
    )
    assert json.loads(json.dumps(found.to_dict("records")))
    text = disagreement_markdown(found)
    assert "| spacing, mean | m-g, 0 ions | a: 3.900 ± 0.010 angstrom |" in text
    assert "## Agree within errors: 5" in text


def test_one_model_alone_disagrees_with_nobody():
    found = compare(spacing("a", 3.9, 0.01))
    assert found.empty
    assert "## Differ: 0" in disagreement_markdown(found)
