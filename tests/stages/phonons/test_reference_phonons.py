"""Reading reference frequencies, and distances from them that are known beforehand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from places import REFERENCE

from anodeflow.errors import ReferenceDataError
from anodeflow.stages.phonons.bands import Bands
from anodeflow.stages.phonons.figure import plot_phonons
from anodeflow.stages.phonons.reference import compare, read_reference, reference_of_layer

CORNERS = [(0.0, "G"), (0.366025, "M"), (0.577350, "K"), (1.0, "G")]


def made_bands(offset: float = 0.0, points: int = 301) -> Bands:
    """Three branches that are straight lines in the path fraction, unsorted where they cross."""
    x = np.linspace(0, 1, points)
    frequencies = np.stack([10 * x, 5 + 0 * x, 12 + 2 * x], axis=1) + offset
    grid = np.linspace(-1, 16, 200)
    return Bands(
        distance=x,
        fraction=x,
        qpoints=np.zeros((points, 3)),
        frequencies_THz=frequencies,
        labels=CORNERS,
        dos_frequencies_THz=grid,
        dos=np.full(200, 3 / 17),
        mesh_qpoints=np.zeros((1, 3)),
        mesh_frequencies_THz=frequencies[:1],
    )


def dense_csv(path: Path, offset: float = 0.0) -> Path:
    x = np.linspace(0, 1, 151)
    values = np.sort(np.stack([10 * x, 5 + 0 * x, 12 + 2 * x], axis=1), axis=1) + offset
    table = pd.DataFrame(values, columns=[f"branch_{i}_THz" for i in (1, 2, 3)])
    table.insert(0, "path_fraction", x)
    path.write_text("# made for a test, with a comma\n" + table.to_csv(index=False))
    return path


def points_csv(path: Path, offset: float = 0.0) -> Path:
    rows = ["# made for a test", "layer,point,branch,frequency_THz"]
    for at, name in CORNERS[:3]:
        values = np.sort([10 * at, 5, 12 + 2 * at]) + offset
        rows += [f"made,{name},{i},{value:.8f}" for i, value in enumerate(values, start=1)]
    rows += ["other,G,1,0.0", "other,G,2,1.0"]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_model_equal_to_its_reference_has_no_error_and_full_overlap(tmp_path):
    result = compare(made_bands(), read_reference(dense_csv(tmp_path / "r.csv")), dos_width_THz=0.2)
    assert result.kind == "path" and result.qpoints == 151
    assert result.mean_abs_THz == pytest.approx(0, abs=0.01)
    assert result.dos_overlap == pytest.approx(1, abs=2e-3)


def test_a_rigid_shift_is_recovered_with_its_sign(tmp_path):
    reference = read_reference(dense_csv(tmp_path / "r.csv", offset=0.7))
    result = compare(made_bands(), reference, dos_width_THz=0.2)
    assert result.mean_abs_THz == pytest.approx(0.7, abs=0.01)
    assert result.max_abs_THz == pytest.approx(0.7, abs=0.05)
    assert result.highest_error_THz == pytest.approx(-0.7)


def test_the_overlap_of_two_shifted_flat_branches_is_that_of_two_gaussians(tmp_path):
    from scipy.stats import norm

    fractions = np.linspace(0, 1, 51)
    flat = made_bands()
    flat.frequencies_THz[:] = 8.0
    reference = pd.DataFrame({"path_fraction": fractions})
    for i in (1, 2, 3):
        reference[f"branch_{i}_THz"] = 8.5
    result = compare(flat, reference, dos_width_THz=0.2)
    assert result.dos_overlap == pytest.approx(2 * norm.cdf(-0.5 / (2 * 0.2)), abs=2e-3)


def test_branches_are_paired_in_rising_order_not_in_the_order_of_the_columns(tmp_path):
    path = dense_csv(tmp_path / "r.csv")
    table = pd.read_csv(path, comment="#")
    shuffled = table[["path_fraction", "branch_3_THz", "branch_1_THz", "branch_2_THz"]]
    shuffled.set_axis(table.columns, axis=1).to_csv(path, index=False)
    result = compare(made_bands(), read_reference(path), dos_width_THz=0.2)
    assert result.mean_abs_THz == pytest.approx(0, abs=0.01)


def test_high_symmetry_points_are_compared_where_they_are(tmp_path):
    reference = read_reference(points_csv(tmp_path / "p.csv", offset=-0.4))
    rows = reference_of_layer(reference, "made")
    result = compare(made_bands(), rows, dos_width_THz=0.2)
    assert result.kind == "points" and result.qpoints == 3
    assert result.mean_abs_THz == pytest.approx(0.4, abs=1e-4)
    assert result.highest_error_THz == pytest.approx(0.4, abs=1e-4)
    assert result.dos_overlap is None


def test_a_layer_without_rows_has_no_reference(tmp_path):
    reference = read_reference(points_csv(tmp_path / "p.csv"))
    assert reference_of_layer(reference, "silicene") is None
    dense = read_reference(dense_csv(tmp_path / "r.csv"))
    assert reference_of_layer(dense, "silicene") is dense


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("q,omega\n0,1\n", "columns q, omega; expected"),
        ("path_fraction,branch_1_THz,branch_3_THz\n0,1,2\n1,1,2\n", "expected"),
        ("path_fraction\n0\n", "expected"),
        ("", "cannot be read as CSV"),
        ("path_fraction,branch_1_THz\n0,1\n0.5,abc\n", "'abc' in data row 2"),
        ("path_fraction,branch_1_THz\n0,1\n0.5\n", "put a number there"),
        ("path_fraction,branch_1_THz\n0,1\n1.2,2\n", "is 1.2 in data row 2; it runs from 0 to 1"),
        ("path_fraction,branch_1_THz\n0.5,1\n0.2,2\n", "not rise after data row 1 .*0.5 to 0.2"),
        ("path_fraction,branch_1_THz\n0.5,1\n", "has one row of numbers"),
        ("layer,point,branch,frequency_THz\ng,X,1,3\n", "allowed points are G, M and K"),
        ("layer,point,branch,frequency_THz\ng,M,1,3\ng,M,3,4\n", "without gap"),
    ],
)
def test_a_file_in_another_form_gets_one_sentence_that_names_it(text, words, tmp_path):
    path = tmp_path / "reference.csv"
    path.write_text(text)
    with pytest.raises(ReferenceDataError, match=words) as caught:
        read_reference(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_gets_one_sentence(tmp_path):
    with pytest.raises(ReferenceDataError, match="There is no reference file"):
        read_reference(tmp_path / "none.csv")


def test_a_reference_of_another_material_is_refused(tmp_path):
    reference = read_reference(dense_csv(tmp_path / "r.csv")).drop(columns="branch_3_THz")
    with pytest.raises(ReferenceDataError, match="2 branches and the model 3"):
        compare(made_bands(), reference, dos_width_THz=0.2)


def test_two_layers_at_once_are_refused(tmp_path):
    with pytest.raises(ReferenceDataError, match="made, other"):
        compare(made_bands(), read_reference(points_csv(tmp_path / "p.csv")), dos_width_THz=0.2)


@pytest.mark.parametrize(
    ("layer", "branches", "top"), [("ti2co2", 15, 21.94), ("graphene", 6, 46.89)]
)
def test_the_published_pbe_frequencies_are_read_whole(layer, branches, top):
    published = read_reference(REFERENCE / "phonons_highsymmetry.csv")
    rows = reference_of_layer(published, layer)
    assert rows.groupby("point").size().to_dict() == dict.fromkeys("GMK", branches)
    highest = rows.loc[rows["frequency_THz"].idxmax()]
    assert (highest["point"], highest["branch"]) == ("G", branches)
    assert highest["frequency_THz"] == pytest.approx(top, abs=0.005)


def test_a_dense_path_is_read_whole(tmp_path):
    table = read_reference(dense_csv(tmp_path / "dense.csv"))
    assert table.shape == (151, 4)
    assert table.iloc[:, 1:].to_numpy().max() == pytest.approx(14)


def test_the_figure_and_its_table_show_every_branch_once(tmp_path):
    dense = read_reference(dense_csv(tmp_path / "r.csv"))
    points = reference_of_layer(read_reference(points_csv(tmp_path / "p.csv")), "made")
    entries = {
        "one": [
            {"label": "A", "colour": "#0072B2", "bands": made_bands(), "reference": dense},
            {"label": "B", "colour": "#D55E00", "bands": made_bands(-6), "reference": dense},
        ],
        "two": [{"label": "A", "colour": "#0072B2", "bands": made_bands(), "reference": points}],
        "three": [{"label": "A", "colour": "#0072B2", "bands": made_bands(), "reference": None}],
    }
    fig, table = plot_phonons(entries)
    assert len(fig.axes) == 6
    assert set(table["source"]) == {"A", "B", "reference"}
    counts = table[table["kind"] == "bands"].groupby(["layer", "source"]).size()
    assert counts["one", "A"] == counts["one", "B"] == 3 * 301
    assert counts["one", "reference"] == 3 * 151
    # Gamma is drawn at both ends of the path.
    assert counts["two", "reference"] == 4 * 3
    assert fig.axes[0].get_ylim()[0] < -6 < 0 < 14 < fig.axes[0].get_ylim()[1]
    assert [label.get_text() for label in fig.axes[0].get_xticklabels()] == ["Γ", "M", "K", "Γ"]
    bottom = [axes.get_xlabel() for axes in fig.axes]
    assert "DOS" in bottom[-1]
