"""The claim that compares a model with all others of the study."""

import pytest
from judged import judge
from scored import LAYERS, comparison, convergence, quantities, read, study, verdict


def deviations(of_each):
    """Return mean deviations (THz) from the reference in both layers, by model; None: not run."""
    return [
        row
        for source, of_layers in of_each.items()
        for layer, off in zip(LAYERS, of_layers, strict=True)
        if off is not None
        for row in read(
            "phonons",
            verdict(reference=comparison(off, 3 * off)),
            system=layer,
            source=source,
            convergence=convergence(0.02),
        )
    ]


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({"b": (0.6, 0.6)}, "holds"),
        ({"b": (0.6, 0.6), "c": (0.3, 0.6)}, "fails"),
        ({"b": (0.6, 0.6), "c": (0.6, 0.42)}, "undecided"),
        ({"b": (0.6, 0.6), "c": (None, None)}, "holds"),
        ({"b": (None, None), "c": (None, None)}, "not run"),
    ],
    ids=["of two", "not in one layer", "within errors", "one without phonons", "alone"],
)
def test_the_best_of_all_models_is_below_each_other_in_both_layers(others, expected):
    asked = study("a", *others)
    rows = quantities(deviations({"a": (0.4, 0.4)} | others))
    row = judge(rows, asked, source="a")["best-phonons"]
    assert row.status == expected
    assert ("not compared with" in row.says) == ((None, None) in others.values())


def test_no_two_models_are_the_best():
    rows = quantities(deviations({"a": (0.4, 0.4), "b": (0.6, 0.6), "c": (0.2, 0.9)}))
    asked = study("a", "b", "c")
    found = {name: judge(rows, asked, source=name)["best-phonons"] for name in "abc"}
    assert {row.status for row in found.values()} == {"fails"}
    assert [part.status for part in found["c"].parts] == ["holds", "fails"]
    # By hand: 0.2 THz between errors of 0.02 each.
    assert "a 0.400 ± 0.020 THz (-7.1)" in found["b"].says
