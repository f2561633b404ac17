"""Where runs with ions ended: the last frame, its positions, and what is said of it."""

import numpy as np
import pytest
from ase import Atoms
from matplotlib.colors import to_rgb
from synthetic import synthetic_run

from anodeflow.figures.atoms import COLOURS, ION, colour_of
from anodeflow.figures.style import save_figure
from anodeflow.stages.motion.last_frames_figure import plot_last_frames
from anodeflow.structures import roles

LATERAL = 6.0 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
TAGS = [roles.UPPER_TERMINATION] * 4 + [roles.SHEET] * 4 + [roles.ION] * 2


def run(ion="Na", thickness=4.0, **fields):
    """Return a run of three frames that have nothing in common; the atoms leave the cell."""
    cell = np.zeros((3, 3))
    cell[:2, :2], cell[2, 2] = LATERAL, 40.0
    grid = np.array([(i / 2, j / 2) for i in range(2) for j in range(2)])
    lateral = np.vstack([grid, grid + 0.25, [[0.1, 0.2], [0.6, 0.8]]]) @ LATERAL
    heights = 18.0 + np.repeat([0.0, thickness, thickness / 2], [4, 4, 2])
    start = Atoms(
        ["O"] * 4 + ["C"] * 4 + [ion] * 2,
        np.column_stack([lateral, heights]),
        tags=TAGS,
        cell=cell,
        pbc=True,
    )
    shifts = np.array([[0.0, 0.0, 0.0], [1.3, 0.4, 0.2], [25.1, -17.3, -0.5]])
    noise = np.random.default_rng(3).normal(0, 0.1, (3, 10, 3))
    about = {
        "times_ps": np.array([0.0, 0.5, 1.25]),
        "positions": start.positions + shifts[:, None] + noise,
        "settings": {"temperature": 350.0},
        **dict.fromkeys(("ion_positions", "bottom_centre", "top_centre"), np.zeros((3, 2, 3))),
    }
    return synthetic_run(start, about["times_ps"], **about | fields)


def folded(positions):
    """Return positions in the cell, folded in the plane by their fractions."""
    inside = positions.copy()
    inside[:, :2] = ((positions[:, :2] @ np.linalg.inv(LATERAL)) % 1.0) @ LATERAL
    return inside


def circles(axes):
    """Return the centres (N, 2) of the circles of a view, and their colours (N, 3)."""
    (drawn,) = axes.collections
    round_ones = [i for i, path in enumerate(drawn.get_paths()) if len(path.vertices) > 10]
    boxes = [drawn.get_paths()[i].get_extents() for i in round_ones]
    centres = [((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2) for box in boxes]
    return np.array(centres), drawn.get_facecolors()[round_ones][:, :3]


def in_order(points):
    return np.array(sorted(np.asarray(points).round(6).tolist()))


def test_the_frame_is_the_last_one_and_its_atoms_are_folded_into_the_cell():
    own = run()
    _, table = plot_last_frames({"m-g, 2 Na": own})
    expected = folded(own.positions[-1])
    assert table[["x", "y", "z"]].to_numpy() == pytest.approx(expected)
    assert np.abs(expected - folded(own.positions[-2])).max() > 1.0
    assert table.columns.tolist() == ["run", "symbol", "tag", "x", "y", "z", "time_ps"]
    assert table["tag"].tolist() == TAGS
    assert table["symbol"].tolist() == own.symbols
    assert set(table["time_ps"]) == {1.25}


def test_circles_stand_where_the_atoms_of_the_frame_are_in_both_views():
    own = run()
    fig, _ = plot_last_frames({"m-g, 2 Na": own})
    expected = folded(own.positions[-1])
    above, side = fig.axes
    assert in_order(circles(above)[0]) == pytest.approx(in_order(expected[:, :2]), abs=1e-5)
    assert in_order(circles(side)[0]) == pytest.approx(in_order(expected[:, 1:]), abs=1e-5)


@pytest.mark.parametrize("ion", ["Na", "Li", "Al"])
def test_ions_have_a_colour_of_their_own_whatever_their_element(ion):
    own = run(ion)
    fig, _ = plot_last_frames({"m-g": own})
    assert ION not in {to_rgb(colour) for name, colour in COLOURS.items() if name != "Na"}
    for axes in fig.axes:
        centres, colours = circles(axes)
        violet = np.isclose(colours, ION).all(axis=1)
        plane = slice(0, 2) if axes is fig.axes[0] else slice(1, 3)
        expected = folded(own.positions[-1])[8:, plane]
        assert in_order(centres[violet]) == pytest.approx(in_order(expected), abs=1e-5)
    named = {h.get_label(): to_rgb(h.get_markerfacecolor()) for h in fig.legends[0].legend_handles}
    assert named == {"C": to_rgb(colour_of("C")), "O": to_rgb(colour_of("O")), f"{ion} (ion)": ION}


def test_each_run_says_its_time_its_temperature_and_whether_it_broke(tmp_path):
    runs = {
        "whole": run(),
        "broken": run(stable=False, unstable_after_ps=1.3),
        "of another program": run(settings={}),
        "fourth": run(),
    }
    fig, table = plot_last_frames(runs)
    said = [axes.get_title(loc="left") for axes in fig.axes[::2]]
    assert said == [
        "whole\n1.25 ps, 350 K",
        "broken\n1.25 ps, 350 K, unstable",
        "of another program\n1.25 ps, temperature not said",
        "fourth\n1.25 ps, 350 K",
    ]
    assert len(fig.axes) == 8
    assert table.groupby("run").size().to_dict() == dict.fromkeys(runs, 10)
    save_figure(fig, tmp_path / "last_frames")
    assert (tmp_path / "last_frames.png").stat().st_size


def test_the_cell_is_drawn_and_whole_in_both_views_and_all_share_one_scale():
    fig, table = plot_last_frames({"thin": run(), "thick": run(thickness=9.0)})
    fig.canvas.draw()
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) @ LATERAL
    for title, (above, side) in zip(["thin", "thick"], np.reshape(fig.axes, (-1, 2)), strict=True):
        heights = table["z"][table["run"] == title]
        (outline,) = above.patches
        assert outline.get_xy()[:4] == pytest.approx(corners)
        sides = sorted(line.get_xdata()[0] for line in side.lines)
        assert sides == pytest.approx([0.0, corners[:, 1].max()])
        ends = np.column_stack([sides, [heights.min(), heights.max()]])
        for axes, shown in ((above, corners), (side, ends)):
            (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
            assert left < shown[:, 0].min() < shown[:, 0].max() < right
            assert low < shown[:, 1].min() < shown[:, 1].max() < high
    scales = [axes.get_window_extent().width / np.ptp(axes.get_xlim()) for axes in fig.axes]
    assert scales == pytest.approx([scales[0]] * 4, rel=0.05)
