"""docs/scorecard.md and docs/definitions.md define what the files and the library declare."""

import ast
import re
import typing

import pytest
from scored import LAYERS, claims, metrics

from anodeflow.scorecard.claims import warn_of_unknown
from anodeflow.scorecard.definitions import definitions_page
from anodeflow.scorecard.predicates import Predicate


@pytest.fixture
def page(root):
    return (root / "docs/scorecard.md").read_text()


@pytest.fixture
def definitions(root):
    return (root / "docs/definitions.md").read_text()


def rows(page):
    """Return the cells of every table row that begins with a name, by that name."""
    found = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if match := re.fullmatch(r"`([\w-]+)`", cells[0]):
            found[match[1]] = cells[1:]
    return found


def test_every_metric_is_defined_with_the_limits_and_reasons_of_its_file(definitions):
    found = rows(definitions)
    for name, metric in metrics().items():
        definition, _, measure, limits, why = found[name]
        assert (definition, why) == (metric.definition, metric.why)
        assert measure.startswith(metric.measure)
        assert metric.reference is None or metric.reference in measure
        if metric.measure == "mobility":
            assert limits == f"P ≥ {metric.good:g} in {metric.reference_ps:g} ps"
        elif isinstance(metric.good, float):
            assert limits == f"{metric.good:g}, {metric.fair:g}"


def test_every_claim_is_defined_as_in_its_file_and_no_other(definitions):
    found = {name: cells for name, cells in rows(definitions).items() if name not in metrics()}
    assert found == {
        name: [
            claim.statement,
            claim.criterion,
            ", ".join(part.predicate for part in claim.parts),
        ]
        for name, claim in claims().items()
    }


def test_the_definitions_are_those_that_the_command_writes(definitions):
    assert definitions == definitions_page(metrics(), claims())


def test_every_predicate_is_defined_where_and_how_it_is_named(page, root):
    kinds = typing.get_args(typing.get_args(Predicate)[0])
    names = [typing.get_args(kind.model_fields["predicate"].annotation)[0] for kind in kinds]
    comments = (root / "resources/reference/claims.yaml").read_text()
    assert len(names) == 9
    for name in names:
        assert f"\n- `{name}`, of a" in page or f"\n- `{name}`, of two" in page
        assert re.search(rf"^# (predicate)? +{name}: ", comments, re.MULTILINE)


def test_the_warning_of_a_renamed_stack_is_the_one_that_is_shown(page):
    (told,) = warn_of_unknown(claims(), [*LAYERS, "m-g", "m-go-new", "m-goh"])
    assert f"\nWARNING: resources/reference/claims.yaml: {told}\n" in page


def test_the_library_of_the_scorecard_knows_no_stack_layer_ion_or_temperature(root):
    known = re.compile(r"\b(m-go?h?|ti2co2|graphene|Na|300)\b")
    files = sorted((root / "src/anodeflow/scorecard").glob("*.py"))
    assert len(files) > 5
    for file in files:
        tree = ast.parse(file.read_text())
        # Strings that stand alone are documentation.
        told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and id(node) not in told:
                assert not known.search(str(node.value)), f"{file.name}, line {node.lineno}"
                assert node.value != 300, f"{file.name}, line {node.lineno}"


def test_the_times_and_probabilities_of_the_page_are_those_of_the_code(page):
    from math import log

    from scipy.stats import norm

    assert f"({norm.sf(2.0):.3f} for s = 2)" in page
    assert f"= {95 * log(1 / norm.sf(2.0)):.0f} ps" in page
