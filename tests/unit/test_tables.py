from pathlib import Path

import pandas as pd
import pytest

from anodeflow.errors import ReferenceDataError
from anodeflow.plots import COLUMN_MM, figure, save_figure
from anodeflow.tables import (
    PUBLISHED_COLUMNS,
    adhesion_table,
    diffusion_table,
    phonon_table,
    published_spacings,
    published_voltages,
    read_published,
    spacing_table,
    structure_table,
    to_markdown,
    voltage_table,
    write_table,
)

PUBLISHED = Path(__file__).parents[2] / "resources" / "reference" / "published.csv"


@pytest.fixture
def published():
    return read_published(PUBLISHED)


def check(**changed):
    return {
        "thickness": 4.4555512345,
        "spacing": None,
        "bonds": {"metal_x": {"mean": 2.1719, "std": 0.0004, "count": 6}},
        "coordination": [{"x": 3, "termination": 3}],
        "termination_site": "fcc",
        "changed": False,
        "changes": [],
        **changed,
    }


def row_of(table, model):
    (row,) = table[table["model"] == model].to_dict("records")
    return row


def test_table_1_sets_any_number_of_models_beside_the_published_values(published):
    rows = [{"model": f"model {i}", "system": "ti2co2", "result": check()} for i in range(3)]
    table = structure_table(rows, published)
    assert table["model"].tolist()[:3] == ["model 0", "model 1", "model 2"]
    assert row_of(table, "model 1")["coordination"] == "3 X + 3 T"
    assert row_of(table, "MACE-MPA-0 (published)")["thickness"] == 4.463
    assert row_of(table, "Reference (literature)")["metal_termination"] == 1.972
    assert set(table.loc[:2, "source"]) == {"computed"}


def test_a_change_of_structure_is_told_in_table_1():
    sentence = "the thickness fell by 14 %"
    changed = check(changed=True, changes=[sentence])
    rows = [{"model": "m", "system": "ti2co2", "result": changed}]
    assert row_of(structure_table(rows, None), "m")["changed"] == sentence


def test_a_layer_without_published_values_gets_no_published_rows(published):
    table = structure_table([{"model": "m", "system": "mo2cf2", "result": check()}], published)
    assert table["model"].tolist() == ["m"]


def test_published_values_are_those_of_the_study(published):
    def value(table, system, model, quantity, ions=None):
        rows = published[
            (published["table"] == table)
            & (published["system"] == system)
            & (published["model"] == model)
            & (published["quantity"] == quantity)
        ]
        rows = rows if ions is None else rows[rows["ions"] == ions]
        (found,) = rows["value"]
        return found

    omat = "MACE-OMAT-0 (published)"
    assert value("phonons", "ti2co2", "MACE-MP-0 (published)", "minimum_THz") == -3.31
    assert value("adhesion", "m-goh", "MACE-OMAT-0 + D3 (published)", "spacing") == 3.892
    assert value("spacing", "m-g", "PBE (literature)", "mean") == 3.11
    assert value("diffusion", "m-go", omat, "verdict", ions=1) == "hopping"
    averages = [value("voltage", "m-go", omat, "average_V", ions=n) for n in range(1, 10)]
    assert averages == [1.81, 1.71, 1.53, 1.58, 1.46, 1.49, 1.39, 1.30, 1.24]


def test_phonons_without_a_reference_leave_the_deviation_empty(published):
    verdict = {"kind": "stable", "minimum_THz": 0.06, "sentence": "Stable."}
    comparison = {"kind": "points", "mean_abs_THz": 1.27, "max_abs_THz": 4.0, "qpoints": 3}
    verdict["highest_THz"] = 22.0
    rows = [
        {"model": "a", "system": "ti2co2", "result": verdict | {"reference": comparison}},
        {"model": "b", "system": "ti2co2", "result": verdict},
    ]
    table = phonon_table(rows, published)
    assert row_of(table, "a")["mean_abs_THz"] == 1.27
    assert pd.isna(row_of(table, "b")["mean_abs_THz"])
    assert row_of(table, "PBE (literature)")["highest_THz"] == 21.9


def adhesion(peak):
    return {
        "layers": "own",
        "spacing_convention": "sheet",
        "peak": peak,
        "peak_no_dispersion": {"found": False, "points": 3, "sentence": "No peak."},
        "peak_published_spline": {"found": True, "points": 11, "spacing": 3.96, "height": 1.8},
        "strain_energy": {"bottom_eV_nm2": 0.0, "top_eV_nm2": 0.89, "total_eV_nm2": 0.89},
    }


def test_an_adhesion_row_gives_the_peak_in_both_units(published):
    peak = {"found": True, "points": 9, "spacing": 3.97, "spacing_error": 0.01}
    peak |= {"height": 1.79, "height_error": 0.02}
    rows = [{"model": "m", "system": "m-g", "result": adhesion(peak)}]
    row = row_of(adhesion_table(rows, published), "m")
    assert row["height_J_m2"] == pytest.approx(1.79 * 0.16022, rel=1e-4)
    assert row["strain_energy_eV_nm2"] == 0.89


def test_a_missing_peak_leaves_its_sentence_in_the_table(published):
    none = {"found": False, "points": 9, "sentence": "No peak in the window."}
    rows = [{"model": "m", "system": "m-g", "result": adhesion(none)}]
    row = row_of(adhesion_table(rows, published), "m")
    assert row["note"] == "No peak in the window."
    assert pd.isna(row["height"])


def test_dynamics_tables_are_sorted_by_stack_and_number_of_ions(published):
    run = {"model": "m", "temperature": 300.0, "replica": 0}
    spacing = {"mean": 3.9, "standard_error": 0.01, "correlation_time_ps": 0.2, "frames": 90}
    diffusion = {"verdict": "confined", "criterion": "no hop", "D_upper_bound_cm2_s": 1e-7}
    systems = [("m-go", 8), ("m-g", 1), ("m-go", 1)]
    for function, result in ((spacing_table, spacing), (diffusion_table, diffusion)):
        rows = [run | {"system": s, "ions": n, "result": result} for s, n in systems]
        table = function(rows, published)
        computed = table[table["source"] == "computed"]
        assert list(zip(computed["system"], computed["ions"], strict=True)) == [
            ("m-go", 1),
            ("m-go", 8),
            ("m-g", 1),
        ]
        assert list(dict.fromkeys(table["system"])) == ["m-go", "m-g"]


def test_voltages_of_models_stand_beside_published_ones_at_each_content(published):
    voltages = pd.DataFrame({"n": [1, 2], "average_V": [1.8, 1.7], "step_V": [1.8, 1.6]})
    table = voltage_table([{"model": "m", "system": "m-go", "result": voltages}], published)
    second = table[table["ions"] == 2].set_index("model")["average_V"]
    assert second.to_dict() == {"m": 1.7, "MACE-OMAT-0 (published)": 1.71}
    assert voltages["n"].tolist() == [1, 2]


def test_a_table_of_nothing_is_empty(published):
    assert structure_table([], published).empty


def test_csv_keeps_full_precision_and_markdown_four_digits(tmp_path):
    table = structure_table([{"model": "m", "system": "ti2co2", "result": check()}], None)
    write_table(table, tmp_path / "tables" / "structures.csv")
    back = pd.read_csv(tmp_path / "tables" / "structures.csv")
    assert back["thickness"].item() == 4.4555512345
    text = to_markdown(table)
    assert "| 4.456 |" in text
    assert "thickness (Å)" in text
    assert [p.name for p in (tmp_path / "tables").iterdir()] == ["structures.csv"]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\x00"])
def test_a_file_of_published_values_with_other_columns_is_refused(tmp_path, text):
    path = tmp_path / "published.csv"
    path.write_text(text)
    with pytest.raises(ReferenceDataError, match="table, system, ions, temperature_K, model"):
        read_published(path)


def test_a_saved_figure_has_its_size_in_print_and_no_date(tmp_path):
    sizes = []
    for name in ("first", "second"):
        fig, ax = figure(COLUMN_MM, 50)
        ax.plot([0, 1], [0, 1])
        save_figure(fig, tmp_path / name)
        sizes.append([(tmp_path / f"{name}.{kind}").read_bytes() for kind in ("pdf", "png")])
    assert sizes[0] == sizes[1]
    assert b"CreationDate" not in sizes[0][0]
    assert b"/FontFile2" in sizes[0][0]
    width_pixels = int.from_bytes(sizes[0][1][16:20], "big")
    assert width_pixels == pytest.approx(COLUMN_MM / 25.4 * 300, abs=1)
    assert len(list(tmp_path.iterdir())) == 4


def test_published_numbers_that_are_words_or_no_ion_count_are_refused(tmp_path):
    head = ",".join(PUBLISHED_COLUMNS) + "\n"
    path = tmp_path / "published.csv"
    path.write_text(head + "spacing,m-g,none,,PBE,mean,3.1,,angstrom,,me,\n")
    with pytest.raises(ReferenceDataError, match="column ions that is no whole number"):
        read_published(path)
    for column, cells in (("temperature_K", "warm,PBE,mean,3.1,"), ("error", ",PBE,mean,3.1,-1")):
        path.write_text(head + f"spacing,m-g,0,{cells},angstrom,,me,\n")
        with pytest.raises(ReferenceDataError, match=f"column {column} that is no positive number"):
            read_published(path)
    path.write_text(head + "spacing,m-g,0,,PBE,mean,near,,angstrom,,me,\n")
    with pytest.raises(ReferenceDataError, match="hold 'near' as mean of m-g"):
        published_spacings(read_published(path), "m-g")


def test_only_mean_spacings_and_average_voltages_are_drawn(tmp_path):
    head = ",".join(PUBLISHED_COLUMNS) + "\n"
    path = tmp_path / "published.csv"
    rows = ["spacing,m-g,0,,PBE,mean,3.1,,,,me,", "spacing,m-g,0,,PBE,standard_error,1,,,,me,"]
    rows += ["voltage,m-g,1,,PBE,average_V,1.5,,V,,me,", "voltage,m-g,1,,PBE,step_V,1,,V,,me,"]
    path.write_text(head + "\n".join(rows) + "\n")
    published = read_published(path)
    assert published_spacings(published, "m-g") == {"PBE": 3.1}
    assert published_voltages(published, "m-g")["value"].tolist() == [1.5]


def test_every_published_value_has_an_error_or_says_what_is_not_known(published):
    numbers = published[[not isinstance(value, str) for value in published["value"]]]
    assert len(numbers) > 50
    assert numbers["error"].notna().all()
    said = published[~published["quantity"].isin(["layers", "spacing_convention"])]
    assert (said["note"] != "").all()
