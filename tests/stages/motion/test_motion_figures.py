"""Figures of spacing, MSD, paths and maps: what they show and what their tables hold."""

import numpy as np
import pandas as pd
import pytest
from ase import Atoms

from anodeflow.figures.style import save_figure
from anodeflow.stages.motion.diffusion_figures import plot_msd, plot_paths
from anodeflow.stages.motion.spacing_figures import plot_spacing, plot_spacing_map
from anodeflow.structures import roles

LATERAL = 12.12 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])


def atoms():
    grid = np.array([(i / 4, j / 4, 0.5) for i in range(4) for j in range(4)])
    cell = np.zeros((3, 3))
    cell[:2, :2], cell[2, 2] = LATERAL, 40.0
    stack = Atoms("O16", scaled_positions=grid, cell=cell, tags=[roles.UPPER_TERMINATION] * 16)
    stack.extend(Atoms("Na", [(3.0, 3.0, 22.0)], tags=[roles.ION]))
    return stack


def series(frames=4000, phase="production"):
    times = np.arange(frames) * 0.01
    spacing = 4 + 0.1 * np.random.default_rng(0).normal(size=frames)
    table = pd.DataFrame({"time_ps": times, "spacing": spacing, "phase": "production"})
    table.loc[:500, "phase"] = "equilibration"
    table.loc[frames - 3 :, "phase"] = phase
    return table


def msd(frames=2000, ions=2):
    lag = np.arange(frames) * 0.01
    table = {"lag_ps": lag, "origins": frames - np.arange(frames), "msd": lag, "msd_z": 0.1}
    return pd.DataFrame(table | {f"ion_{i}": (1 + i) * lag for i in range(ions)})


def entry(*runs, **values):
    return {"label": "model A", "colour": "#0072B2", "runs": list(runs)} | values


def run_of(table, unstable=False):
    return {"series": table, "unstable": unstable}


def paths(frames=100, ions=2):
    rng = np.random.default_rng(1)
    xy = rng.random((frames * ions, 2)) @ LATERAL
    table = {"ion": np.tile(range(ions), frames), "time_ps": np.repeat(np.arange(frames), ions)}
    return pd.DataFrame(table | {"x": xy[:, 0], "y": xy[:, 1]})


def spacing_table(cells=8):
    a, b = np.divmod(np.arange(cells**2), cells)
    return pd.DataFrame({"cell_a": a, "cell_b": b, "spacing": 4 + 0.1 * np.sin(a + 2 * b)})


def test_the_spacing_figure_shows_runs_references_and_the_end_of_an_unstable_run(tmp_path):
    reference = {"PBE": 3.11}
    runs = [entry(run_of(series()), reference=reference)]
    broken = [entry(run_of(series(phase="unstable"), True), reference=None)]
    fig, table = plot_spacing({"m-g": runs, "m-go": broken})
    assert len(fig.axes) == 2
    pbe = table[table["phase"] == "reference"]
    assert pbe[["stack", "label", "spacing"]].to_numpy().tolist() == [["m-g", "PBE", 3.11]]
    labels = [text.get_text() for text in fig.legends[0].get_texts()]
    assert labels == ["model A", "PBE", "equilibration", "became unstable"]
    save_figure(fig, tmp_path / "spacing")
    assert all((tmp_path / f"spacing.{kind}").stat().st_size for kind in ("pdf", "png"))


def crosses(fig):
    return [[line for line in ax.lines if line.get_marker() == "x"] for ax in fig.axes]


def test_a_run_that_broke_after_its_last_sample_ends_with_a_cross_there():
    whole = entry(run_of(series()), reference=None)
    broken = entry(run_of(series(), True), reference=None)
    fig, _ = plot_spacing({"m-g": [whole], "m-go": [broken]})
    none, (cross,) = crosses(fig)
    assert none == []
    last = series().iloc[-1]
    assert (cross.get_xdata()[0], cross.get_ydata()[0]) == (last["time_ps"], last["spacing"])
    labels = [text.get_text() for text in fig.legends[0].get_texts()]
    assert "became unstable" in labels


def test_a_reference_has_the_same_line_in_every_panel_and_in_the_legend():
    first = [entry(run_of(series()), reference={"PBE": 3.1, "published": 4.0})]
    second = [entry(run_of(series()), reference={"published": 4.1})]
    fig, _ = plot_spacing({"m-g": first, "m-go": second})
    level = [line for line in fig.axes[1].lines if set(line.get_ydata()) == {4.1}]
    handles = {h.get_label(): h for h in fig.legends[0].legend_handles}
    assert level[0].get_linestyle() == handles["published"].get_linestyle()
    assert handles["published"].get_linestyle() != handles["PBE"].get_linestyle()


def test_the_running_mean_of_a_straight_line_is_the_line():
    line = series().assign(spacing=lambda t: 4 + 0.01 * t["time_ps"], phase="production")
    _, table = plot_spacing({"m-g": [entry(run_of(line), reference=None)]})
    inner = table[table["time_ps"].between(1, 38)]
    np.testing.assert_allclose(inner["running_mean"], inner["spacing"], atol=1e-4)


def test_the_msd_figure_has_a_panel_for_each_stack_and_number_of_ions_and_says_what_was_not_run():
    panels = {("m-g", 1): [entry({"msd": msd(ions=1), "verdict": "confined"})]}
    panels |= {
        (s, 8): [entry({"msd": msd(ions=8), "verdict": "diffusive"})] for s in ("m-g", "m-go")
    }
    fig, table = plot_msd(panels)
    shown = [[text.get_text() for text in ax.texts] for ax in fig.axes]
    assert shown == [["confined"], ["not run"], ["diffusive"], ["diffusive"]]
    np.testing.assert_allclose(table["msd"], table["lag_ps"])
    assert table.groupby(["stack", "ions"]).size().max() <= 200


def test_replicas_of_a_run_are_one_entry_with_a_band_around_their_mean(tmp_path):
    runs = [
        run_of(series(frames).assign(spacing=level)) for frames, level in ((4000, 3), (2000, 5))
    ]
    fig, table = plot_spacing({"m-g": [entry(*runs, reference=None)]})
    ax = fig.axes[0]
    (band,) = [c for c in ax.collections if c.get_alpha() == 0.2]
    edges = band.get_paths()[0].vertices
    assert (edges[:, 1].min(), edges[:, 1].max()) == (3, 5)
    assert edges[:, 0].max() == pytest.approx(19.99, abs=0.05)
    thick = max(ax.lines, key=lambda line: line.get_linewidth())
    assert set(thick.get_ydata()) == {4.0}
    assert sorted(table["replica"].unique()) == [0, 1]
    labels = [text.get_text() for text in fig.legends[0].get_texts()]
    assert labels == ["model A", "one replica", "spread of replicas", "equilibration"]
    save_figure(fig, tmp_path / "spacing")


def test_the_msd_of_replicas_is_their_mean_in_a_band_and_their_verdicts_are_counted(tmp_path):
    tables = [msd(ions=1).assign(msd=lambda t, f=f: f * t["lag_ps"]) for f in (1, 3)]
    tables.append(msd(frames=0, ions=1))
    verdicts = ["hopping", "hopping", "undetermined"]
    runs = [{"msd": t, "verdict": v} for t, v in zip(tables, verdicts, strict=True)]
    fig, table = plot_msd({("m-g", 1): [entry(*runs)]})
    ax = fig.axes[0]
    assert [text.get_text() for text in ax.texts] == ["2 hopping, 1 undetermined"]
    thick = max(ax.lines, key=lambda line: line.get_linewidth())
    np.testing.assert_allclose(thick.get_ydata(), 2 * thick.get_xdata())
    assert any(collection.get_alpha() == 0.2 for collection in ax.collections)
    assert sorted(table["replica"].unique()) == [0, 1]
    save_figure(fig, tmp_path / "msd")


def test_temperatures_of_a_model_have_shades_and_the_legend_fits_the_figure():
    runs = [{"msd": msd(ions=1), "verdict": "confined"}]
    entries = [entry(*runs) | {"label": f"MACE demo, {kelvin} K"} for kelvin in (300, 400, 500)]
    fig, _ = plot_msd({(stack, 1): [dict(e) for e in entries] for stack in ("m-g", "m-go")})
    handles = {h.get_label(): h.get_color() for h in fig.legends[0].legend_handles}
    told = [handles[one["label"]] for one in entries]
    assert len(set(told)) == 3
    for ax in fig.axes:
        thick = [line.get_color() for line in ax.lines if line.get_linewidth() == 1.4]
        assert thick == told
    fig.canvas.draw()
    box = fig.legends[0].get_window_extent()
    assert box.x0 >= 0 and box.x1 <= fig.bbox.width


def test_a_run_too_short_for_an_msd_shows_its_verdict_alone():
    empty = msd(frames=0)
    fig, _ = plot_msd({("m-g", 1): [entry({"msd": empty, "verdict": "undetermined"})]})
    assert [text.get_text() for text in fig.axes[0].texts] == ["undetermined"]


def test_the_path_figure_lists_the_positions_it_shows(tmp_path):
    fig, table = plot_paths({"m-g, 2 Na": {"atoms": atoms(), "paths": paths(frames=5000)}})
    assert len(table) <= 4000
    assert table.columns.tolist() == ["panel", "ion", "time_ps", "x", "y"]
    assert "start of an ion" in [text.get_text() for text in fig.legends[0].get_texts()]
    save_figure(fig, tmp_path / "paths")


@pytest.mark.parametrize("count", [1, 3, 4])
def test_maps_share_one_colour_scale(count):
    maps = [spacing_table().assign(spacing=lambda t, i=i: t["spacing"] + i) for i in range(count)]
    panels = {f"stack {i}": {"map": table, "atoms": atoms()} for i, table in enumerate(maps)}
    fig, table = plot_spacing_map(panels)
    meshes = [ax.collections[0] for ax in fig.axes[:count]]
    assert {mesh.get_clim() for mesh in meshes} == {
        (table["spacing"].min(), table["spacing"].max())
    }
    assert len(table) == 64 * count


def test_the_map_paints_each_value_over_its_own_cell():
    values = spacing_table()
    fig, _ = plot_spacing_map({"m-g": {"map": values, "atoms": atoms()}})
    mesh = fig.axes[0].collections[0]
    corners = mesh.get_coordinates()
    centre = corners[2:4, 5:7].mean(axis=(0, 1)) @ np.linalg.inv(LATERAL)
    np.testing.assert_allclose(centre, [2.5 / 8, 5.5 / 8])
    painted = mesh.get_array().reshape(8, 8)[2, 5]
    assert painted == values.query("cell_a == 2 and cell_b == 5")["spacing"].item()


@pytest.mark.parametrize("others", [0, 1])
def test_a_run_that_broke_before_its_production_has_a_panel_that_says_so(others, tmp_path):
    empty = spacing_table().iloc[:0].astype(object)
    panels = {"broken": {"map": empty, "atoms": atoms()}}
    panels |= {"whole": {"map": spacing_table(), "atoms": atoms()}} if others else {}
    fig, table = plot_spacing_map(panels)
    assert [text.get_text() for text in fig.axes[0].texts][:1] == ["no stable production"]
    assert len(table) == 64 * others
    save_figure(fig, tmp_path / "map")
