"""Tables: columns and rows in order, digits, footnotes, published values beside computed ones."""

from numbers import Number

import pandas as pd
import pytest
from examples.motion import DIFFUSION, ENDS, HOPPING, SPACING
from places import REFERENCE
from scored import adhesion, comparison, no_peak, verdict
from stage_examples import example_rows
from tabled import (
    adhesion_table,
    diffusion_ensemble_table,
    diffusion_table,
    phonon_table,
    relaxation_table,
    spacing_ensemble_table,
    spacing_table,
    tabulated,
    voltage_table,
)

from anodeflow.errors import AnodeflowError, ReferenceDataError
from anodeflow.figures.style import COLUMN_MM, figure, save_figure
from anodeflow.files.atomic import write_table
from anodeflow.stages.phonons.results import Convergence, Frequencies
from anodeflow.structures.structure_check import BondLengths, Coordination, StructureCheck
from anodeflow.study.stages import TABLES
from anodeflow.tables.assembly import uncertainties
from anodeflow.tables.markdown import footnotes, to_markdown
from anodeflow.tables.published import (
    PUBLISHED_COLUMNS,
    published_spacings,
    published_voltages,
    read_published,
)

PUBLISHED = REFERENCE / "published.csv"


@pytest.fixture
def published():
    return read_published(PUBLISHED)


CHECK = StructureCheck(
    thickness=4.4555512345,
    bonds={"metal_x": BondLengths(mean=2.1719, std=0.0004, count=6)},
    coordination=[Coordination(x=3, termination=3, metals=2)],
    termination_site="fcc",
    changed=False,
    changes=(),
)


def row_of(table, model):
    (row,) = table[table["model"] == model].to_dict("records")
    return row


def test_table_1_sets_any_number_of_models_beside_the_published_values(published):
    rows = [{"model": f"model {i}", "system": "ti2co2", "result": CHECK} for i in range(3)]
    table = relaxation_table(rows, published)
    assert table["model"].tolist()[:3] == ["model 0", "model 1", "model 2"]
    assert row_of(table, "model 1")["coordination"] == "3 X + 3 T"
    assert row_of(table, "MACE-MPA-0 (published)")["thickness"] == 4.463
    assert row_of(table, "Reference (literature)")["metal_termination"] == 1.972
    assert set(table.loc[:2, "source"]) == {"computed"}


def test_a_change_of_structure_is_told_in_table_1():
    sentence = "the thickness fell by 14 %"
    changed = CHECK.model_copy(update={"changed": True, "changes": (sentence,)})
    rows = [{"model": "m", "system": "ti2co2", "result": changed}]
    assert row_of(relaxation_table(rows, None), "m")["changed"] == sentence


def test_a_layer_without_published_values_gets_no_published_rows(published):
    table = relaxation_table([{"model": "m", "system": "mo2cf2", "result": CHECK}], published)
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
    compared = verdict(reference=comparison(1.27, 4.0))
    rows = [
        {"model": "a", "system": "ti2co2", "result": compared},
        {"model": "b", "system": "ti2co2", "result": verdict()},
    ]
    table = phonon_table(rows, published)
    assert row_of(table, "a")["mean_abs_THz"] == 1.27
    assert pd.isna(row_of(table, "b")["mean_abs_THz"])
    assert row_of(table, "PBE (literature)")["highest_THz"] == 21.9


def test_an_adhesion_row_gives_the_peak_in_both_units(published):
    scan = adhesion(1.79, 3.97, strain=0.89)
    rows = [{"model": "m", "system": "m-g", "result": scan}]
    row = row_of(adhesion_table(rows, published), "m")
    assert row["height_J_m2"] == pytest.approx(1.79 * 0.16022, rel=1e-4)
    assert row["strain_energy_eV_nm2"] == 0.89


def test_a_missing_peak_leaves_its_sentence_in_the_table(published):
    none = adhesion(0, 0, peak=no_peak("No peak in the window."))
    rows = [{"model": "m", "system": "m-g", "result": none}]
    row = row_of(adhesion_table(rows, published), "m")
    assert row["note"] == "No peak in the window."
    assert pd.isna(row["height"])


def test_dynamics_tables_are_sorted_by_stack_and_number_of_ions(published):
    run = {"model": "m", "temperature": 300.0, "replica": 0}
    systems = [("m-go", 8), ("m-g", 1), ("m-go", 1)]
    for function, result in ((spacing_table, SPACING), (diffusion_table, DIFFUSION)):
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


@pytest.mark.parametrize("name", TABLES)
def test_every_number_has_its_uncertainty_beside_it_or_the_reason_why_it_has_none(name, published):
    table = tabulated(name, example_rows()[name], published)
    told = uncertainties(TABLES[name], table).set_index("column")
    numbers = [column for column in table if table[column].map(is_number).any()]
    assert len(numbers) >= 3
    assert list(told.index) == numbers
    for column in numbers:
        beside = told.loc[column, "uncertainty"]
        assert not beside or set(beside.split("; ")) <= set(table.columns)
        assert len(told.loc[column, "sentence"]) > 10, column
    headers = TABLES[name].headers()
    text = to_markdown(table, headers) + footnotes(told.reset_index(), headers)
    assert "How well the numbers are known:" in text
    own = [c for c in numbers if not told.loc[c, "sentence"].startswith("uncertainty of ")]
    assert text.count("\n- ") <= len(own)


def is_number(value):
    return isinstance(value, Number) and not isinstance(value, bool) and not pd.isna(value)


def test_a_number_of_which_nothing_is_said_is_refused(published):
    table = voltage_table(example_rows()["voltage"], published).assign(entropy_V=0.1)
    with pytest.raises(AnodeflowError, match="numbers in its column entropy_V and nothing says"):
        uncertainties(TABLES["voltage"], table)


def test_an_error_that_no_run_could_give_keeps_its_empty_column():
    short = SPACING.model_copy(update=dict.fromkeys(ENDS))
    rows = [example_rows()["spacing"][0] | {"result": short}]
    table = spacing_table(rows, None)
    assert table["standard_error"].isna().all()
    assert "| – |" in to_markdown(table, {})


def test_the_errors_of_phonons_are_what_their_convergence_changed():
    rows = example_rows()["phonons"]
    bare = uncertainties(TABLES["phonons"], phonon_table(rows, None)).set_index("column")
    assert bare.loc["minimum_THz", "uncertainty"] == ""
    assert "snakemake phonon_convergence" in bare.loc["minimum_THz", "sentence"]
    changes = Frequencies(minimum_THz=0.02, highest_THz=0.03, mean_abs_THz=0.01)
    checked = Convergence(changes=changes, note="", variants=())
    table = phonon_table([rows[0] | {"convergence": checked}], None)
    assert table["minimum_THz_error"].item() == 0.02
    checked = uncertainties(TABLES["phonons"], table).set_index("column")
    assert checked.loc["minimum_THz", "uncertainty"] == "minimum_THz_error"


def test_where_no_hop_was_seen_the_table_shows_a_bound_and_no_rate():
    row = {"model": "m", "system": "m-g", "ions": 1, "temperature": 300.0, "replica": 0}
    (still,) = diffusion_table([row | {"result": DIFFUSION}], None).to_dict("records")
    assert still["rate_upper_bound_per_ps"] == 0.04
    assert "rate_per_ps" not in still and "D_hop_cm2_s" not in still
    assert still["D_upper_bound_cm2_s"] == 1e-7
    (moving,) = diffusion_table([row | {"result": HOPPING}], None).to_dict("records")
    assert moving["rate_per_ps"] == 0.3 and "rate_upper_bound_per_ps" not in moving


def test_ensemble_tables_say_which_replicas_broke_and_what_each_of_them_did(published):
    rows = example_rows()
    spacing = row_of(spacing_ensemble_table(rows["spacing_ensembles"], published), "m")
    assert (spacing["replicas"], spacing["unstable"]) == (3, "1 after 3.2 ps")
    assert (spacing["standard_error"], spacing["replica_std"]) == (0.02, 0.03)
    diffusion = diffusion_ensemble_table(rows["diffusion_ensembles"], published)
    assert row_of(diffusion, "m")["verdicts"] == "hopping, diffusive, diffusive"
    assert row_of(diffusion, "m")["msd_at_window_end_spread"] == 2.0
    assert "MACE-OMAT-0 (published)" in diffusion["model"].tolist()


def test_a_table_of_nothing_is_empty(published):
    assert relaxation_table([], published).empty


def test_csv_keeps_full_precision_and_markdown_four_digits(tmp_path):
    table = relaxation_table([{"model": "m", "system": "ti2co2", "result": CHECK}], None)
    write_table(table, tmp_path / "tables" / "structures.csv")
    back = pd.read_csv(tmp_path / "tables" / "structures.csv")
    assert back["thickness"].item() == 4.4555512345
    text = to_markdown(table, TABLES["relaxation"].headers())
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


def test_published_numbers_have_their_error_and_its_origin_in_words(published):
    table = adhesion_table(example_rows()["adhesion"], published)
    told = table.set_index("model")["published_error"]
    assert (
        "height ± 0.009 (error of a quartic through the published points"
        in told.filter(like="OMAT").iloc[0]
    )
    assert pd.isna(told["m"])
