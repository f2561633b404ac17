"""The study's claims: known verdicts from published values, and made-up models for each verdict."""

import dataclasses
import re

import pytest
import yaml
from scored import (
    LAYERS,
    MODEL,
    OMAT,
    PBE,
    REFERENCE,
    STACKS,
    adhesion,
    check,
    claims,
    dynamics,
    ensemble,
    gathered,
    published,
    quantities,
    read,
    study,
    verdict,
)

from anodeflow.errors import ReferenceDataError, ResultFileError
from anodeflow.scorecard.claims import (
    check_claims,
    claims_markdown,
    claims_table,
    read_claims,
    warn_of_unknown,
)
from anodeflow.scorecard.quantities import Quantities
from anodeflow.scorecard.results import CLAIMS

DECLARED = claims()
LIMITS = {"sigma": 2.0, "confined_ps": 95.0, "imaginary_THz": -0.1}
MP, MPA = "MACE-MP-0 (published)", "MACE-MPA-0 (published)"


def judge(rows, asked=None, source=MODEL, declared=DECLARED, **limits):
    """Return the verdict on every claim for one source."""
    found = rows if isinstance(rows, Quantities) else Quantities(rows)
    judged = check_claims(declared, found, asked or study(MODEL), **LIMITS | limits)
    return {row.claim: row for row in judged if row.source == source}


def status(rows, claim, **more):
    return judge(rows, **more)[claim].status


def test_the_published_values_of_omat_reproduce_what_the_study_concluded():
    found = judge(published(), source=OMAT)
    assert {claim: row.status for claim, row in found.items()} == dict.fromkeys(DECLARED, "holds")


def test_the_published_values_fed_as_those_of_a_model_reproduce_it_as_well():
    rows = [row for row in published() if row.source == OMAT]
    asked = study(OMAT)
    found = judge(rows, asked, source=OMAT)
    assert {row.status for row in found.values()} == {"holds"}
    assert not any(row.published for row in found.values())


def test_the_published_values_of_mp_0_fail_on_structure_and_phonons():
    found = judge(published(), source=MP)
    assert found["structure-kept"].status == "fails"
    assert found["no-imaginary-mode-ti2co2"].status == "fails"
    assert found["no-imaginary-mode-graphene"].status == "fails"
    assert judge(published(), source=MPA)["no-imaginary-mode-graphene"].status == "holds"


def test_pbe_agrees_with_the_study_but_on_the_ion_in_the_hydroxyl_stack():
    found = {claim: row.status for claim, row in judge(published(), source=PBE).items()}
    assert found == {
        "spacing-order": "holds",
        "adhesion-weaker-and-farther": "holds",
        "one-ion": "holds",
        "one-ion-hydroxyl": "fails",
    }


def test_verdicts_by_published_words_are_told_apart_from_those_by_numbers():
    basis = {claim: row.basis for claim, row in judge(published(), source=OMAT).items()}
    assert {claim for claim, kind in basis.items() if kind == "words"} == {
        "one-ion",
        "one-ion-hydroxyl",
        "eight-ions",
    }


def test_a_realistic_error_leaves_the_published_order_of_two_spacings_open():
    """The errors of the file are those of rounding; 20 ps of one trajectory know less."""
    rows = []
    for stack, mean in zip(STACKS, (3.96, 4.03, 4.04), strict=True):
        rows += dynamics(stack, 0, ensemble(spacing=mean, error=0.015))
    row = judge(rows)["spacing-order"]
    assert row.status == "undecided"
    assert [part.status for part in row.parts] == ["holds", "undecided"]
    assert "m-goh" in row.decides


@pytest.mark.parametrize(
    ("spacings", "error", "expected"),
    [
        ((3.9, 4.0, 4.1), 0.01, "holds"),
        ((3.9, 4.1, 4.0), 0.01, "fails"),
        ((3.9, 4.0, 4.1), 0.2, "undecided"),
        ((3.9, 4.0, 4.1), None, "undecided"),
    ],
)
def test_the_order_of_spacings_holds_fails_or_stays_open(spacings, error, expected):
    rows = []
    for stack, mean in zip(STACKS, spacings, strict=True):
        rows += dynamics(stack, 0, ensemble(spacing=mean, error=error))
    assert status(rows, "spacing-order") == expected


@pytest.mark.parametrize(
    ("plain", "epoxide", "expected"),
    [
        ((2.0, 3.9), (1.8, 4.0), "holds"),
        ((2.0, 3.9), (2.2, 4.0), "fails"),
        ((2.0, 3.9), (1.8, 3.8), "fails"),
        ((2.0, 3.9), (1.99, 4.0), "undecided"),
    ],
)
def test_weaker_and_farther_needs_both(plain, epoxide, expected):
    rows = read("adhesion", adhesion(*plain), system="m-g")
    rows += read("adhesion", adhesion(*epoxide), system="m-go")
    assert status(rows, "adhesion-weaker-and-farther") == expected


def test_strain_decides_which_of_two_strained_heights_is_the_larger():
    rows = read("adhesion", adhesion(2.0, 3.9, strain=0.9), system="m-g")
    rows += read("adhesion", adhesion(1.8, 4.0, strain=0.2), system="m-go")
    assert status(rows, "adhesion-weaker-and-farther") == "fails"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, "holds"),
        ({"site": "hcp", "changes": ("The site changed.",)}, "fails"),
        ({"coordination": ((2, 3), (3, 3))}, "fails"),
        ({"changes": ("6 bonds formed inside the bottom layer.",)}, "holds"),
    ],
    ids=["kept", "hcp", "lost bonds", "far start"],
)
def test_another_polytype_fails_the_claim_on_structure_and_a_far_start_does_not(found, expected):
    rows = read("relaxation", check(**found), system="ti2co2", is_unit=True)
    row = judge(rows)["structure-kept"]
    assert row.status == expected
    assert all(change in row.says for change in found.get("changes", ()))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("stable", "holds"),
        ("unstable", "fails"),
        ("acoustic residue near Gamma", "undecided"),
    ],
)
def test_an_imaginary_mode_fails_the_claim_and_a_residue_leaves_it_open(kind, expected):
    rows = read("phonons", verdict(kind), system="graphene")
    row = judge(rows)["no-imaginary-mode-graphene"]
    assert row.status == expected
    assert ("supercell" in row.decides) == (expected == "undecided")


def one_ion(in_m_g, in_m_go, watched_ps=285.0):
    rows = dynamics("m-g", 1, ensemble(hops=in_m_g, watched_ps=watched_ps, replicas=3))
    return rows + dynamics("m-go", 1, ensemble(hops=in_m_go, watched_ps=watched_ps, replicas=3))


@pytest.mark.parametrize(
    ("hops", "watched_ps", "expected"),
    [
        ((0, 12), 285.0, "holds"),
        ((15, 12), 285.0, "fails"),
        ((0, 0), 950.0, "fails"),
        ((0, 2), 95.0, "undecided"),
        ((0, 0), 0.5, "undecided"),
    ],
)
def test_one_ion_is_confined_in_one_stack_and_hops_in_the_other(hops, watched_ps, expected):
    row = judge(one_ion(*hops, watched_ps))["one-ion"]
    assert row.status == expected
    assert bool(row.decides) == (expected == "undecided")


def test_a_demo_of_half_a_picosecond_confirms_nothing_about_ions():
    rows = []
    for stack in STACKS:
        rows += dynamics(stack, 1, ensemble(hops=0, watched_ps=0.5))
        rows += dynamics(stack, 8, ensemble(hops=0, watched_ps=4.0))
    found = judge(rows)
    assert {found[name].status for name in ("one-ion", "one-ion-hydroxyl", "eight-ions")} == {
        "undecided"
    }
    assert "ps more of m-g, 1 ion" in found["one-ion"].decides


def eight_ions(counts, watched_ps=95.0):
    """Return hops with one and with eight ions, by stack; watched as long."""
    rows = []
    for stack, (one, eight) in zip(STACKS, counts, strict=True):
        rows += dynamics(stack, 1, ensemble(hops=one, watched_ps=watched_ps))
        rows += dynamics(stack, 8, ensemble(hops=eight, watched_ps=8 * watched_ps))
    return rows


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (((1, 80), (40, 80), (1, 80)), "holds"),
        (((1, 80), (5, 200), (1, 80)), "fails"),
        (((1, 10), (4, 20), (1, 10)), "undecided"),
    ],
)
def test_eight_ions_gain_or_lose_per_ion_and_time(counts, expected):
    assert status(eight_ions(counts), "eight-ions") == expected


def complete_model():
    """Return a model for which every claim holds."""
    rows = eight_ions(((0, 80), (40, 80), (0, 80)), 285.0)
    for stack, mean in zip(STACKS, (3.9, 4.0, 4.1), strict=True):
        rows += dynamics(stack, 0, ensemble(spacing=mean))
    rows += read("adhesion", adhesion(2.0, 3.9), system="m-g")
    rows += read("adhesion", adhesion(1.8, 4.0), system="m-go")
    for layer in ("ti2co2", "graphene"):
        rows += read("phonons", verdict(), system=layer)
    return rows + read("relaxation", check(), system="ti2co2", is_unit=True)


def asks(claim, table, case):
    """Return whether a part of a claim is about a case."""
    return any(
        part.table == table and case.fits(asked)
        for part in claim.parts
        for asked in part.cases_in(study(MODEL), claim.temperature_K)
    )


def test_no_claim_holds_once_a_result_that_it_needs_is_missing():
    rows = complete_model()
    assert {row.status for row in judge(rows).values()} == {"holds"}
    concerned = set()
    for table, case in {(row.table, row.case) for row in rows}:
        found = judge([row for row in rows if (row.table, row.case) != (table, case)])
        lost = {claim for claim, row in found.items() if row.status != "holds"}
        asked = {name for name, claim in DECLARED.items() if asks(claim, table, case)}
        assert lost == asked
        assert {found[claim].status for claim in lost} <= {"not run"}
        assert all(f"{case}: the results hold none" in found[claim].says for claim in lost)
        concerned |= lost
    assert concerned == set(DECLARED)


def test_no_claim_on_numbers_holds_once_their_uncertainty_is_missing():
    found = judge([dataclasses.replace(row, error=None) for row in complete_model()])
    for claim in ("spacing-order", "adhesion-weaker-and-farther"):
        assert found[claim].status == "undecided"
        assert "an uncertainty of" in found[claim].decides


def test_no_claim_holds_on_a_result_without_its_number():
    rows = [dataclasses.replace(row, value=None, note="lost") for row in complete_model()]
    found = judge(rows)
    assert {row.status for row in found.values()} == {"undecided"}
    assert all("lost" in row.says for row in found.values())


def test_a_model_that_is_not_run_for_a_stage_is_not_judged_on_it():
    rows = [row for row in complete_model() if row.table in ("relaxation", "phonons")]
    found = judge(rows, study(MODEL, stages=["relaxation", "phonons"]))
    assert found["structure-kept"].status == "holds"
    assert found["one-ion"].status == "not run"
    assert "stage dynamics is not among" in found["one-ion"].says


def test_claims_on_systems_that_the_study_lacks_are_left_out_with_the_reason():
    asked = study(MODEL, stacks=("v-hbn",))
    found = judge(published() + dynamics("v-hbn", 1, ensemble(hops=3)), asked)
    for claim in ("spacing-order", "adhesion-weaker-and-farther", "one-ion", "eight-ions"):
        assert found[claim].status == "left out"
        assert "not in this study: m-g" in found[claim].says
    found = judge(complete_model(), study(MODEL, ion="Li"))
    assert found["one-ion"].status == "left out"
    assert found["one-ion"].says == "the claim is on Na, the study on Li"
    assert found["spacing-order"].status == "holds"


def test_dynamics_at_another_temperature_say_nothing_on_the_studys():
    asked = study(MODEL)
    for table in ("spacing", "diffusion"):
        for case in asked.cases[table]:
            case[2] = 350.0
    found = judge(dynamics("m-g", 0, ensemble(), temperature_K=350.0), asked)
    assert found["spacing-order"].status == "left out"
    assert "at 300 K" in found["spacing-order"].says


def test_a_larger_sigma_opens_what_was_decided_and_decides_nothing():
    rows = complete_model()
    stricter = {row.status for row in judge(rows, sigma=30.0).values()}
    assert stricter == {"holds", "undecided"}


def test_the_rows_survive_their_file_and_read_as_one_table_a_claim(tmp_path):
    found = quantities(complete_model(), published())
    rows = check_claims(DECLARED, found, study(MODEL), **LIMITS)
    CLAIMS.write(rows, tmp_path / "claims.json")
    assert CLAIMS.read(tmp_path / "claims.json") == rows
    assert "parts" not in claims_table(rows)
    text = claims_markdown(rows)
    assert text.count("\n## ") == len(DECLARED)
    assert "| MACE-OMAT-0 (published) | holds (by its words) |" in text


@pytest.mark.parametrize("text", ["{", "{}", '[{"claim": "one-ion"}]'])
def test_a_damaged_file_of_judged_claims_is_one_sentence(tmp_path, text):
    (tmp_path / "claims.json").write_text(text)
    with pytest.raises(ResultFileError, match="holds no rows of JudgedClaim") as caught:
        CLAIMS.read(tmp_path / "claims.json")
    assert "\n" not in str(caught.value)


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
    asked = study(MODEL, stacks=("m-g", "m-go-new", "m-goh"))
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
    asked = study(MODEL, stacks=("m-g", "m-x", "m-goh"))
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
    row = judge(rows, asked, declared=free)["one-ion"]
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
    rows = read("phonons", verdict(), system="ti2co2")
    row = judge(rows + read("phonons", verdict(), system="graphene"), declared=every)["all-stable"]
    assert row.status == "holds"
    assert [part.says.partition(",")[0] for part in row.parts] == ["ti2co2", "graphene"]
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
