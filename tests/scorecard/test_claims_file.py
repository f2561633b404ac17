"""The file of claims: systems it names that are not defined, defaults of its entries, mistakes."""

import dataclasses
import re

import pytest
import yaml
from judged import DECLARED, LIMITS, WORSE, complete_model, judge
from places import REFERENCE
from scored import (
    LAYERS,
    MODEL,
    STACKS,
    dynamics,
    ensemble,
    gathered,
    published,
    quantities,
    read,
    study,
    verdict,
)

from anodeflow.errors import ReferenceDataError
from anodeflow.scorecard.claims import (
    check_claims,
    claims_markdown,
    claims_table,
    read_claims,
    warn_of_unknown,
)


def declared(tmp_path, **changed):
    """Return the project's claims, read from a file in which entries are changed or new."""
    raw = yaml.safe_load((REFERENCE / "claims.yaml").read_text())
    for name, change in changed.items():
        name = name.replace("_", "-")
        raw[name] = raw.get(name, {}) | change
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(raw))
    return read_claims(path)


def renamed(rows, old, new):
    """Return the quantities of a study in which a stack has another name."""
    return [
        dataclasses.replace(row, case=row.case._replace(system=new))
        if row.case.system == old
        else row
        for row in rows
    ]


def test_a_renamed_stack_is_told_with_its_nearest_name_and_the_claims_that_it_leaves_out():
    asked = study(MODEL, WORSE, stacks=("m-g", "m-go-new", "m-goh"))
    (told,) = warn_of_unknown(DECLARED, [*LAYERS, "m-g", "m-go-new", "m-goh"])
    assert told.startswith(
        "m-go is no layer or stack of the configuration (did you mean 'm-go-new'?)"
    )
    found = judge(renamed(complete_model(), "m-go", "m-go-new"), asked)
    left = [name for name, row in found.items() if row.status == "left out"]
    assert f"left out ({', '.join(left)}): " in told
    assert left == [
        name for name, row in found.items() if "m-go" in row.says and "not in" in row.says
    ]
    assert set(found) - set(left) == {
        "structure-kept",
        "no-imaginary-mode-ti2co2",
        "no-imaginary-mode-graphene",
        "highest-branch",
        "best-phonons",
        "no-imaginary-mode-ti2co2-own-lattice",
        "no-imaginary-mode-graphene-own-lattice",
    }


def test_a_stack_that_is_not_defined_is_told_without_the_name_of_another_that_claims_use():
    (told,) = warn_of_unknown(DECLARED, [*LAYERS, "m-g", "m-go"])
    assert told.startswith("m-goh is no layer or stack of the configuration, so the claims")


def test_a_stack_that_is_defined_and_not_studied_leaves_claims_out_without_a_warning():
    found = judge(complete_model(), study(MODEL, stacks=("m-g",)))
    assert found["spacing-order"].status == "left out"
    assert warn_of_unknown(DECLARED, gathered(stacks=("m-g",)).defined_systems) == []


def test_a_configuration_that_has_all_that_is_claimed_is_told_nothing():
    assert warn_of_unknown(DECLARED, [*LAYERS, *STACKS]) == []


def test_claims_renamed_with_the_stack_hold_as_before(tmp_path):
    text = (REFERENCE / "claims.yaml").read_text().replace("m-go,", "m-x,").replace("m-go}", "m-x}")
    (tmp_path / "claims.yaml").write_text(text)
    asked = study(MODEL, WORSE, stacks=("m-g", "m-x", "m-goh"))
    found = judge(
        renamed(complete_model(), "m-go", "m-x"),
        asked,
        declared=read_claims(tmp_path / "claims.yaml"),
    )
    assert {row.status for row in found.values()} == {"holds"}


def test_claims_on_another_ion_are_judged_for_it_and_for_no_other(tmp_path):
    lithium = declared(tmp_path, one_ion={"ion": "Li"})
    found = judge(complete_model(), study(MODEL, ion="Li"), declared=lithium)
    assert found["one-ion"].status == "holds"
    assert found["one-ion-hydroxyl"].status == "left out"
    assert judge(complete_model(), declared=lithium)["one-ion"].status == "left out"


def test_a_claim_without_ion_and_temperature_takes_those_of_the_study(tmp_path):
    free = declared(tmp_path, one_ion={"ion": None, "temperature_K": None})
    asked = study(MODEL, ion="Li")
    for case in asked.cases["diffusion"]:
        case[2] = 350.0
    rows = dynamics("m-g", 1, ensemble(hops=0, watched_ps=285.0), temperature_K=350.0)
    rows += dynamics("m-go", 1, ensemble(hops=12, watched_ps=285.0), temperature_K=350.0)
    assert judge(rows, asked, declared=free)["one-ion"].status == "holds"
    asked.cases["diffusion"].append(["m-g", 1, 300.0])
    of_some_runs_alone = dataclasses.replace(asked, temperatures_K=[350.0])
    assert judge(rows, of_some_runs_alone, declared=free)["one-ion"].status == "holds"
    of_all = dataclasses.replace(asked, temperatures_K=[300.0, 350.0])
    row = judge(rows, of_all, declared=free)["one-ion"]
    assert row.status == "left out"
    assert row.says.startswith("the study runs at 300 and 350 K: give the claim one")


STABLE = {"predicate": "word", "table": "phonons", "quantity": "kind", "words": ["stable"]}


def test_a_part_that_names_no_system_is_asked_of_each_of_the_study(tmp_path):
    part = STABLE | {
        "cases": [{}],
        "open": ["acoustic residue near Gamma"],
        "decides": "a larger {system}",
    }
    claim = {"statement": "All are stable", "criterion": "verdict stable", "parts": [part]}
    every = declared(tmp_path, all_stable=claim)
    names = ("ti2co2", "ti2co2, own lattice", "graphene, own lattice")
    rows = [row for name in names for row in read("phonons", verdict(), system=name)]
    row = judge(rows + read("phonons", verdict(), system="graphene"), declared=every)["all-stable"]
    assert row.status == "holds"
    asked = ["ti2co2", "graphene", "ti2co2, own lattice", "graphene, own lattice"]
    assert all(x.says.startswith(f"{name}, ") for x, name in zip(row.parts, asked, strict=True))
    row = judge(
        rows + read("phonons", verdict("acoustic residue near Gamma"), system="graphene"),
        declared=every,
    )
    assert row["all-stable"].decides == "a larger graphene"
    none = study(MODEL)
    none.cases["phonons"].clear()
    row = judge(rows, none, declared=every)["all-stable"]
    assert (row.status, row.says) == ("left out", "the study has no system in the table phonons")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"predicate": "wrod"},
            "is called 'wrod' .did you mean 'word'..; known: less",
        ),
        ({"predicate": None}, "parts.0: "),
        ({"words": None}, "words: Input should be a valid list"),
        ({"quantity": None}, "quantity: Input should be a valid string"),
        ({"cases": [{}, {}]}, "cases: List should have at most 1 item"),
        ({"cases": [{"stack": "m-g"}]}, "cases.0.stack: Extra inputs are not permitted"),
        ({"published": {"predicate": "word"}}, "published.word.quantity: Field required"),
    ],
)
def test_a_mistake_in_the_claims_is_one_sentence(tmp_path, change, said):
    part = STABLE | {"cases": [{"system": "ti2co2"}]} | change
    with pytest.raises(ReferenceDataError, match=said) as caught:
        declared(tmp_path, structure_kept={"parts": [part]})
    assert "\n" not in str(caught.value)
    assert "claims.yaml: structure-kept.parts.0" in str(caught.value)


@pytest.mark.parametrize("argument", ["predicate", "table", "quantity", "cases", "words"])
def test_a_missing_argument_is_named(tmp_path, argument):
    part = STABLE | {"cases": [{"system": "ti2co2"}]}
    del part[argument]
    with pytest.raises(ReferenceDataError, match=argument):
        declared(tmp_path, structure_kept={"parts": [part]})


@pytest.mark.parametrize(
    "change", [{"table": "phonosn"}, {"published": STABLE | {"table": "phonosn"}}]
)
def test_a_claim_about_a_table_that_there_is_not_is_refused(tmp_path, change):
    part = STABLE | {"cases": [{"system": "ti2co2"}]} | change
    claims_of_it = declared(tmp_path, structure_kept={"parts": [part]})
    with pytest.raises(ReferenceDataError, match="did you mean 'phonons'") as caught:
        judge(complete_model(), declared=claims_of_it)
    assert str(caught.value).startswith("The claim structure-kept is about the table phonosn")
    assert "scorecard.claims" in str(caught.value)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("structure", "the table structure, which is relaxation now: rename it in the file that"),
        (
            "spacing_ensembles",
            "the table spacing_ensembles; tables of the scorecard are relaxation, ",
        ),
    ],
)
def test_a_claim_about_a_renamed_table_and_one_that_is_not_scored_are_told_what_to_name(
    tmp_path, table, said
):
    part = STABLE | {"cases": [{"system": "ti2co2"}], "table": table}
    with pytest.raises(ReferenceDataError, match=re.escape(said)):
        judge(complete_model(), declared=declared(tmp_path, structure_kept={"parts": [part]}))


@pytest.mark.parametrize("text", ["", "a: [", "- 1"])
def test_a_file_that_holds_no_claims_is_refused(tmp_path, text):
    (tmp_path / "claims.yaml").write_text(text)
    with pytest.raises(ReferenceDataError, match="claims") as caught:
        read_claims(tmp_path / "claims.yaml")
    assert "\n" not in str(caught.value)


def test_a_file_without_claims_gives_tables_without_rows(tmp_path):
    (tmp_path / "claims.yaml").write_text("{}")
    rows = check_claims(
        read_claims(tmp_path / "claims.yaml"), quantities(published()), study(MODEL), **LIMITS
    )
    assert rows == []
    assert list(claims_table(rows))[:2] == ["claim", "statement"]
    assert claims_markdown(rows) == "# Claims of the study\n"
