"""A study beside every published value: what is met and missed by hand, and nothing left out."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from places import REFERENCE
from scored import (
    OMAT,
    PBE,
    adhesion,
    check,
    dynamics,
    ensemble,
    published,
    quantities,
    read,
    study,
    verdict,
    voltages,
)

from anodeflow.errors import ReferenceDataError
from anodeflow.scorecard.comparison import (
    NO_QUANTITY,
    SUFFIX,
    VERDICTS,
    compare_with_published,
    comparison_markdown,
)
from anodeflow.scorecard.results import COMPARISON_CSV
from anodeflow.tables.published import read_published

LABEL = OMAT.removesuffix(SUFFIX)
VOLTAGES = (1.81, 1.71, 1.53, 1.58, 1.46, 1.49, 1.39, 1.30, 1.24)
FILE = read_published(REFERENCE / "published.csv")


def compared(*rows, labels=(LABEL,), sigma=2.0, **of_study):
    found = compare_with_published(
        quantities(*rows, published()), study(*labels, **of_study), sigma=sigma
    )
    return found.to_dict("records")


def of(rows, table, quantity, system, ions=None, source=OMAT):
    (row,) = [
        row
        for row in rows
        if (row["table"], row["quantity"], row["system"]) == (table, quantity, system)
        and row["source"] == source
        and ions in (None, row["ions"])
    ]
    return row


def whole_run():
    """Return results of every stage under the published label, as the published protocol's."""
    lengths = {"metal_x": 2.174, "metal_termination": 1.986, "metal_metal": 3.03}
    rows = read("relaxation", check(**lengths), system="ti2co2", is_unit=True, source=LABEL)
    for layer, lowest in (("ti2co2", 0.011), ("graphene", -0.010)):
        rows += read("phonons", verdict(minimum_THz=lowest), system=layer, source=LABEL)
    peaks = {"m-g": (1.79, 3.963), "m-go": (1.61, 3.995), "m-goh": (2.0, 3.892)}
    for stack, peak in peaks.items():
        curve = adhesion(*peak, layers="own", spacing_convention="nominal")
        rows += read("adhesion", curve, system=stack, source=LABEL)
    for stack, mean in (("m-g", 3.96), ("m-go", 4.03), ("m-goh", 4.04)):
        one = 3 if stack == "m-go" else 0
        for ions, hops in ((0, None), (1, one), (8, 20)):
            group = ensemble(spacing=mean, hops=hops, widths=(0.27, 0.3, 0.02), maps="windows")
            rows += dynamics(stack, ions, group, source=LABEL)
    return rows + read("voltage", voltages(*VOLTAGES), system="m-go", host="frozen", source=LABEL)


def test_every_published_value_is_one_row_in_its_order_whatever_was_run():
    wanted = [
        (row.table, row.system, row.model.replace(" + D3", ""), row.quantity, str(row.ions))
        for row in FILE.itertuples()
    ]
    assert len(wanted) == len(set(wanted)) > 70
    for rows in (compared(), compared(whole_run()), compared(labels=())):
        found = [
            (r["table"], r["system"], r["source"], r["quantity"], str(r["ions"] or pd.NA))
            if r["ions"] != 0
            else (r["table"], r["system"], r["source"], r["quantity"], "0")
            for r in rows
        ]
        assert found == wanted
        assert {row["verdict"] for row in rows} <= {*VERDICTS}


def test_without_a_run_no_value_is_met_and_each_says_why():
    for rows in (compared(labels=()), compared(labels=("another",))):
        assert {row["verdict"] for row in rows} == {"not run", "no counterpart"}
        assert all(row["reason"] for row in rows)
    rows = compared(labels=("another",))
    assert of(rows, "spacing", "mean", "m-g")["reason"].startswith(
        "no model of the study has the label MACE-OMAT-0; estimate: the means of 20 ps"
    )
    rows = compared(stages=["relaxation"])
    row = of(rows, "voltage", "average_V", "m-go", 1)
    assert (row["verdict"], row["model"]) == ("not run", LABEL)
    assert "stage voltage is not among" in row["reason"]
    # Relaxed, but the cell's thickness was not among the results.
    row = of(rows, "relaxation", "thickness", "ti2co2")
    assert row["verdict"] == "not comparable"
    assert row["reason"].startswith("the results hold none")


def test_a_whole_run_that_repeats_the_published_numbers_meets_all_that_have_a_counterpart():
    rows = compared(whole_run())
    own = [row for row in rows if row["source"] == OMAT and row["verdict"] != "no counterpart"]
    open_ones = [row for row in own if row["verdict"] != "met"]
    # Whatever a run of the stack's own hydroxyl gives, it says nothing of a height above another's.
    (other,) = [row for row in open_ones if row["quantity"] == "height"]
    assert (other["system"], other["verdict"]) == ("m-goh", "not comparable")
    assert "is another hydroxyl apart" in other["reason"]
    open_ones.remove(other)
    # The published protocol does not vary displacement and supercell, so frequencies lack errors.
    assert {row["quantity"] for row in open_ones} == {"minimum_THz"}
    assert {row["verdict"] for row in open_ones} == {"not comparable"}
    assert all("displacement and supercell were not varied" in row["reason"] for row in open_ones)
    assert len(own) - len(open_ones) > 30
    assert {row["model"] for row in own} == {LABEL}


def test_published_values_of_the_model_fed_as_its_own_are_all_met():
    mine = [
        dataclasses.replace(row, source=LABEL, published=False)
        for row in published()
        if row.source == OMAT
    ]
    found = [row for row in compared(mine) if row["source"] == OMAT]
    assert {row["verdict"] for row in found} == {"met", "no counterpart"}


@pytest.mark.parametrize(
    ("mean", "error", "expected"),
    [
        (3.98, 0.001, "met"),  # 0.020 apart; published error 0.011: 1.8
        (3.99, 0.001, "missed"),  # 2.7
        (3.99, 0.02, "met"),  # 1.3, by the error of the run
        (3.99, None, "not comparable"),
        (None, None, "not comparable"),
    ],
)
def test_a_number_is_met_within_the_errors_of_both(mean, error, expected):
    rows = dynamics("m-g", 0, ensemble(spacing=mean, error=error), source=LABEL)
    row = of(compared(rows), "spacing", "mean", "m-g")
    assert row["verdict"] == expected
    if expected in ("met", "missed"):
        assert row["sigmas"] == pytest.approx((mean - 3.96) / np.hypot(error, 0.011))
        assert row["difference"] == pytest.approx(mean - 3.96)
    assert of(compared(rows, sigma=30.0), "spacing", "mean", "m-g")["verdict"] != "missed"


@pytest.mark.parametrize(
    ("said", "in_m_g", "in_m_go"),
    [
        ("confined", "met", "missed"),
        ("hopping", "missed", "met"),
        ("diffusive", "missed", "met"),
        ("undetermined", "not comparable", "not comparable"),
        ("mixed", "not comparable", "not comparable"),
    ],
)
def test_a_verdict_is_met_by_a_word_that_says_the_same(said, in_m_g, in_m_go):
    rows = [
        row
        for stack in ("m-g", "m-go")
        for row in dynamics(stack, 1, ensemble(hops=2, said=said), source=LABEL)
    ]
    found = compared(rows)
    assert of(found, "diffusion", "verdict", "m-g", 1)["verdict"] == in_m_g
    assert of(found, "diffusion", "verdict", "m-go", 1)["verdict"] == in_m_go
    assert of(found, "diffusion", "verdict", "m-goh", 1)["verdict"] == "not comparable"


def test_another_convention_is_not_compared_and_named():
    rows = read("adhesion", adhesion(1.79, 3.963), system="m-g", source=LABEL)
    row = of(compared(rows), "adhesion", "spacing", "m-g")
    assert row["verdict"] == "not comparable"
    assert row["reason"] == f"{OMAT} is nominal, {LABEL} sheet"
    assert of(compared(rows), "adhesion", "height", "m-g")["verdict"] == "met"


def test_values_of_no_model_are_left_to_the_scorecard_and_say_so():
    rows = compared(whole_run())
    literature = [row for row in rows if not row["source"].endswith(SUFFIX)]
    assert {row["source"] for row in literature} == {PBE, "Reference (literature)"}
    assert {row["verdict"] for row in literature} == {"no counterpart"}
    assert {row["reason"] for row in literature} == {
        "of no model: scorecard.csv compares models with it"
    }


def test_what_has_no_quantity_is_published_and_no_quantity_of_a_run():
    named = {(row.table, row.quantity) for row in FILE.itertuples()}
    assert NO_QUANTITY.keys() <= named
    assert not {(row.table, row.name) for row in whole_run()} & NO_QUANTITY.keys()
    tables = {row["table"] for row in compared(whole_run()) if "has no table" in row["reason"]}
    assert tables == set()


def test_the_table_survives_its_file_and_the_page_counts_every_row(tmp_path):
    missed = dynamics("m-g", 0, ensemble(spacing=3.5), source=LABEL)
    others = [row for row in whole_run() if (row.name, row.case.system) != ("mean", "m-g")]
    rows = quantities(others, [one for one in missed if one.name == "mean"], published())
    table = compare_with_published(rows, study(LABEL), sigma=2.0)
    COMPARISON_CSV.write(table, tmp_path / "comparison.csv")
    back = COMPARISON_CSV.read(tmp_path / "comparison.csv")
    assert back["verdict"].tolist() == table["verdict"].tolist()
    page = comparison_markdown(table)
    assert sum(line.startswith("| ") for line in page.splitlines()) == len(table) + page.count(
        "| quantity | of |"
    )
    assert "## Missed: 1\n" in page
    assert (
        "| spacing, mean | m-g, 0 ions | MACE-OMAT-0 (published) | 3.960 ± 0.011 angstrom" in page
    )


def test_a_study_without_published_values_is_told_where_to_name_them():
    with pytest.raises(ReferenceDataError, match=r"as reference\.published in the configuration"):
        compare_with_published(quantities(whole_run()), study(LABEL), sigma=2.0)


def test_a_published_value_that_does_not_say_its_temperature_is_that_of_the_only_one():
    """As the file of a user may have it; of two temperatures it does not say which it is of."""
    unsaid = [
        dataclasses.replace(row, case=row.case._replace(temperature_K=None))
        for row in published()
        if (row.table, row.name, row.source) == ("spacing", "mean", OMAT)
    ]
    rows = dynamics("m-g", 0, ensemble(spacing=3.96), source=LABEL)
    held, asked = quantities(rows, unsaid), study(LABEL)
    one, *_ = compare_with_published(held, asked, sigma=2.0).to_dict("records")
    assert (one["system"], one["verdict"]) == ("m-g", "met")
    cases = {"spacing": [*asked.cases["spacing"], ("m-g", 0, 400.0)]}
    hotter = dataclasses.replace(asked, cases={**asked.cases, **cases})
    one, *_ = compare_with_published(held, hotter, sigma=2.0).to_dict("records")
    assert one["verdict"] == "not comparable"
    assert "is not said" in one["reason"]
