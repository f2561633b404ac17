"""The figure of hops against temperature: what it draws, and what its table holds."""

import numpy as np
import pytest

from anodeflow.figures.style import save_figure
from anodeflow.stages.motion.activation import activation_of_runs
from anodeflow.stages.motion.activation_figure import plot_activation
from anodeflow.stages.motion.results import Mobility

SETTINGS = {"residence_ps": 0.5, "rate_temperature": 300.0}
TEMPERATURES = [300.0, 400.0, 500.0]
ABOUT = {"ions": 1, "frames": 9500, "analysed_ps": 95.0, "stable": True, "note": ""}


def run(hops):
    verdict = {"verdict": "hopping" if hops is not None else "undetermined"}
    watched = None if hops is None else 94.0
    return Mobility(**ABOUT, **verdict, hops=hops, backward=0, watched_ion_ps=watched)


def entry(*hops, stack="m-g", ions=1, label="A", colour="#0072B2", predicted=None):
    found = activation_of_runs([run(n) for n in hops], TEMPERATURES, settings=SETTINGS)
    about = {"stack": stack, "ions": ions, "label": label, "colour": colour}
    return about | {"activation": found, "predicted": predicted or {}}


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def test_a_panel_has_points_with_their_intervals_the_line_and_its_band(tmp_path):
    one = entry(1, 5, 20)
    fig, table = plot_activation([one])
    (ax,) = [ax for ax in fig.axes if ax.get_title(loc="left")]
    (line,) = [line for line in ax.lines if len(line.get_xdata()) > 3]
    found = one["activation"]
    assert line.get_xdata()[[0, -1]] == pytest.approx([2.0, 10 / 3])
    assert line.get_ydata()[-1] == pytest.approx(found.rate_per_ps)
    assert len(ax.containers) == 3  # error bars
    assert len(ax.collections) == 3 + 1  # their bars, and the band
    (told,) = texts(ax)
    assert told == f"{found.energy:.2f} ({found.energy_low:.2f} to {found.energy_high:.2f}) eV"
    save_figure(fig, tmp_path / "figure")
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    seen = table[table["shown"] == "runs"]
    assert seen["hops"].tolist() == [1, 5, 20]
    assert seen["rate_per_ps"].tolist() == pytest.approx([1 / 94, 5 / 94, 20 / 94])
    assert set(table["shown"]) == {"runs", "fit"}


def test_without_a_hop_an_arrow_points_down_from_the_bound_and_no_line_is_drawn():
    fig, table = plot_activation([entry(0, 0, 0)])
    ax = fig.axes[0]
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    bound = table["rate_high_per_ps"].iloc[0]
    assert [arrow.xy for arrow in arrows] == [(1000 / T, bound) for T in TEMPERATURES]
    assert all(arrow.xyann[1] < 0 for arrow in arrows)
    assert texts(ax) == ["no fit"]
    assert {len(line.get_xdata()) for line in ax.lines} == {1}
    assert bound == pytest.approx(3.689 / 94, rel=1e-3)
    labels = [text.get_text() for text in fig.legends[0].get_texts()]
    assert labels == ["A", "no hop: upper bound"]


def test_there_is_a_column_for_each_stack_and_a_row_for_each_number_of_ions():
    entries = [
        entry(1, 5, 20),
        entry(2, 9, 30, label="B", colour="#D55E00"),
        entry(3, 9, 40, stack="m-go"),
        entry(9, 60, 200, ions=8),
    ]
    fig, table = plot_activation(entries)
    titles = [ax.get_title(loc="left") for ax in fig.axes if ax.get_title(loc="left")]
    assert titles == ["m-g, 1 ion", "m-go, 1 ion", "m-g, 8 ions", "m-go, 8 ions"]
    assert texts(fig.axes[3]) == ["not run"]
    assert len(texts(fig.axes[0])) == 2
    drawn = [bar[0].get_xdata()[0] for bar in fig.axes[0].containers]
    assert len(set(np.round(drawn, 9))) == 6, "points of models stand apart"
    assert table.groupby(["stack", "ions", "model"]).ngroups == 4


@pytest.mark.parametrize("stacks", [["m-g"], ["m-g", "m-go", "m-goh"]])
def test_the_legend_is_as_wide_as_the_figure_at_most(stacks):
    labels = ["MACE-MP-0", "MACE-MPA-0", "MACE-OMAT-0"]
    fig, _ = plot_activation(
        [entry(0, 5, 20, stack=stack, label=label) for stack in stacks for label in labels]
    )
    fig.draw_without_rendering()
    (legend,) = fig.legends
    seen = legend.get_window_extent()
    assert len(legend.get_texts()) == 4
    assert seen.x0 >= 0 and seen.x1 <= fig.bbox.x1 and seen.y0 >= 0


def test_all_that_is_drawn_is_within_the_axis_above_the_lines_of_text():
    fig, table = plot_activation([entry(0, 1, 20), entry(1, 5, 20, label="B")])
    low, high = fig.axes[0].get_ylim()
    seen = table[(table["shown"] == "runs") & (table["hops"] > 0)]
    height = np.log(seen["rate_low_per_ps"].min() / low) / np.log(high / low)
    assert height > 2 * 0.08
    assert table["rate_per_ps"][table["rate_per_ps"] > 0].min() > low
    assert seen["rate_high_per_ps"].max() < high


def test_crosses_are_the_rates_of_the_network_where_it_has_one():
    rates = {500.0: 0.3, 300.0: 2e-5, 400.0: None}
    fig, table = plot_activation([entry(1, 5, 20, predicted=rates), entry(0, 2, 9, label="B")])
    (line,) = [line for line in fig.axes[0].lines if line.get_marker() == "x"]
    apart = line.get_xdata() - [1000 / 300, 2.0]
    assert np.ptp(apart) < 1e-9 and abs(apart[0]) < 0.05, "as far beside as the model's points"
    assert line.get_ydata().tolist() == [2e-5, 0.3]
    network = table[table["shown"] == "network"]
    assert dict(zip(network["temperature"], network["rate_per_ps"], strict=True)) == {
        300.0: 2e-5,
        500.0: 0.3,
    }
    assert set(network["model"]) == {"A"}
    assert fig.axes[0].get_ylim()[0] < 2e-5
    labels = [text.get_text() for text in fig.legends[0].get_texts()]
    assert "predicted by the network" in labels


def test_runs_of_which_none_could_be_analysed_leave_an_empty_panel_that_says_so(tmp_path):
    fig, table = plot_activation([entry(None, None, None)])
    assert texts(fig.axes[0]) == ["no fit"]
    assert table.empty
    save_figure(fig, tmp_path / "figure")
