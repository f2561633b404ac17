"""The figures of barriers: what they draw is what the network and its paths hold."""

from dataclasses import replace

import numpy as np
import pytest
from corrugated import LATTICE, MERGE, Corrugated, host, paths_of, sites_of
from matplotlib.collections import LineCollection, PathCollection

from anodeflow.figures.style import save_figure
from anodeflow.figures.top_view import EDGE
from anodeflow.stages.barriers.joining import join_network
from anodeflow.stages.barriers.network_figure import plot_network
from anodeflow.stages.barriers.path_files import path_frames, read_paths, site_frames
from anodeflow.stages.barriers.profile_figure import plot_profiles, walk_profile
from anodeflow.structures import roles
from anodeflow.structures.files import read_frames, write_frames

STEP = LATTICE / np.sqrt(3)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return host, network and paths where the two kinds of hollows differ by 3√3 B = 0.104 eV."""
    folder = tmp_path_factory.mktemp("figures")
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, B=0.02)
    search = paths_of(stack, sites_of(stack, calc, folder), calc, folder)
    write_frames(folder / "paths.extxyz", path_frames(search))
    paths = read_paths(read_frames(folder / "paths.extxyz"))
    network = join_network(
        stack,
        site_frames(search),
        paths,
        None,
        merge=MERGE,
        symmetry_tolerance=0.05,
        temperatures=[300.0],
    )
    return stack, network, {path.label: path for path in paths}


def without_walk(network, **changes):
    """Return a network whose hops lead nowhere."""
    none = dict.fromkeys(("one_direction", "both_directions"))
    barrier = network.percolation_barrier.model_copy(update=none)
    return network.model_copy(update={"walk": [], "percolation_barrier": barrier} | changes)


def lines_of(ax):
    """Return the hops drawn and the outlines of the walk, each as (lines, 2, 2)."""
    found = sorted(
        (c for c in ax.collections if isinstance(c, LineCollection)), key=lambda c: c.zorder
    )
    outline, hops = (np.array(c.get_segments()).reshape(-1, 2, 2) for c in found)
    return hops, outline


def lengths(lines):
    return np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1)


def entry(network, paths, model="A", colour="#0072B2"):
    return {"model": model, "colour": colour, "network": network, "paths": paths}


# The network.


def test_the_network_s_table_holds_its_sites_hops_and_barriers(made, tmp_path):
    stack, network, _ = made
    fig, table = plot_network({"m-g": {"atoms": stack, "network": network}})
    sites, hops = (table[table["shown"] == kind] for kind in ("site", "hop"))
    assert sites["energy_eV"].tolist() == [site.energy_eV for site in network.sites]
    assert hops["energy_eV"].tolist() == [hop.saddle_eV for hop in network.hops]
    way = hops[["to_x", "to_y"]].to_numpy() - hops[["x", "y"]].to_numpy()
    assert way == pytest.approx(np.array([hop.vector for hop in network.hops]))
    walked = {step.hop for step in network.walk}
    assert set(hops["number"][hops["in_walk"]]) == walked and walked
    one = network.percolation_barrier.one_direction
    assert table["energy_eV"][table["shown"] == "one direction"].tolist() == [one]
    assert fig.axes[0].get_title().endswith(f"one direction {one:.3f} eV, both {one:.3f} eV")
    assert set(table["panel"]) == {"m-g"}
    save_figure(fig, tmp_path / "figure")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_lines_in_the_cell_are_as_long_as_all_hops_and_end_at_its_edge(made):
    stack, network, _ = made
    fig, _ = plot_network({"m-g": {"atoms": stack, "network": network}})
    hops, outline = lines_of(fig.axes[0])
    # A periodic image takes up in the cell what a hop leaves of it, so that no length is lost; what
    # is drawn beyond the edges is at most 2 % of the cell.
    assert len(network.hops) * STEP < lengths(hops).sum() < 1.08 * len(network.hops) * STEP
    walked = {step.hop for step in network.walk}
    assert len(walked) * STEP < lengths(outline).sum() < 1.15 * len(walked) * STEP
    fractions = hops.reshape(-1, 2) @ np.linalg.inv(stack.cell.array[:2, :2])
    assert fractions.min() > -EDGE - 1e-6 and fractions.max() < 1 + EDGE + 1e-6
    assert lengths(hops).max() == pytest.approx(STEP, abs=0.05)


def test_a_hop_over_the_edge_is_drawn_on_both_sides(made):
    stack, network, _ = made
    lateral = stack.cell.array[:2, :2]
    across = network.sites[0].model_copy(update={"position": (*(0.9, 0.5) @ lateral, 20.0)})
    hop = network.hops[0].model_copy(
        update={"start": 0, "end": 0, "shift": (1, 0), "vector": tuple((0.3, 0.0) @ lateral)}
    )
    crossing = without_walk(network, sites=[across], hops=[hop])
    fig, _ = plot_network({"m-g": {"atoms": stack, "network": crossing}})
    hops, outline = lines_of(fig.axes[0])
    ends = np.sort((hops @ np.linalg.inv(lateral))[:, :, 0], axis=0)
    assert ends == pytest.approx(np.array([[-EDGE, 0.2], [0.9, 1 + EDGE]]))
    assert len(outline) == 0


def test_a_hop_along_an_edge_is_drawn_on_both_edges_and_one_that_leads_out_on_one(made):
    stack, network, _ = made
    lateral = stack.cell.array[:2, :2]
    on_edge = network.sites[0].model_copy(update={"position": (*(0.3, -0.01) @ lateral, 20.0)})
    for way, expected in (((0.4, 0.0), [-0.01, 0.99]), ((0.2, -0.3), [0.69])):
        hop = network.hops[0].model_copy(
            update={"start": 0, "end": 0, "shift": (1, 0), "vector": tuple(way @ lateral)}
        )
        own = without_walk(network, sites=[on_edge], hops=[hop])
        fig, _ = plot_network({"m-g": {"atoms": stack, "network": own}})
        hops, _ = lines_of(fig.axes[0])
        heights = (hops @ np.linalg.inv(lateral))[:, :, 1]
        assert sorted(heights.min(axis=1)) == pytest.approx(expected)
        assert lengths(hops) == pytest.approx(np.linalg.norm(way @ lateral))


def test_colours_of_all_panels_run_from_the_lowest_energy_to_the_highest(made):
    stack, network, _ = made
    higher = [hop.model_copy(update={"saddle_eV": hop.saddle_eV + 0.1}) for hop in network.hops]
    other = network.model_copy(update={"hops": higher})
    panels = {"m-g": network, "m-go": other}
    fig, _ = plot_network({t: {"atoms": stack, "network": n} for t, n in panels.items()})
    bars = {ax.get_xlabel(): ax.get_xlim() for ax in fig.axes if ax.get_xlabel()}
    saddle = network.hops[0].saddle_eV
    assert bars["Saddle of a hop, above the lowest (eV)"] == pytest.approx((saddle, saddle + 0.1))
    difference = max(site.energy_eV for site in network.sites)
    assert difference == pytest.approx(3 * np.sqrt(3) * 0.02, abs=1e-3)
    assert bars["Site, above the lowest (eV)"] == pytest.approx((0.0, difference))
    low, high = (
        [c.get_colors()[0] for c in ax.collections if isinstance(c, LineCollection)][-1]
        for ax in fig.axes[:2]
    )
    assert sum(low[:3]) < sum(high[:3])


def test_a_site_above_every_saddle_does_not_stretch_the_colours_of_the_others(made):
    stack, network, _ = made
    far = network.sites[0].model_copy(update={"energy_eV": 3.0})
    fig, table = plot_network(
        {"m-g": {"atoms": stack, "network": without_walk(network, sites=[*network.sites, far])}}
    )
    (bar,) = [ax for ax in fig.axes if ax.get_xlabel().startswith("Site")]
    assert bar.get_xlim() == pytest.approx((0.0, max(hop.saddle_eV for hop in network.hops)))
    assert table["energy_eV"][table["shown"] == "site"].max() == 3.0


def test_the_groups_on_the_sheet_are_marked_where_they_are(made):
    stack, network, _ = made
    grouped = stack.copy()
    pair = np.flatnonzero(roles.sheet(stack))[:2]
    grouped.arrays["tags"][pair] = roles.SHEET_GROUP, roles.SHEET_HYDROGEN
    panels = {"m-g": stack, "m-goh": grouped}
    fig, table = plot_network({t: {"atoms": a, "network": network} for t, a in panels.items()})
    groups = table[table["shown"] == "group"]
    assert groups["panel"].tolist() == ["m-goh"] * 2 and groups["number"].tolist() == list(pair)
    assert groups[["x", "y"]].to_numpy() == pytest.approx(grouped.positions[pair, :2])
    plain, marked = (
        [line.get_xydata() for line in ax.lines if line.get_marker() == "D"] for ax in fig.axes[:2]
    )
    assert plain == []
    for place, images in zip(grouped.positions[pair, :2], marked, strict=True):
        cells = (images - place) @ np.linalg.inv(stack.cell.array[:2, :2])
        assert cells == pytest.approx(np.round(cells), abs=1e-9)
    assert "group on the sheet" in [text.get_text() for text in fig.legends[0].get_texts()]


def test_of_hops_between_the_same_sites_the_lowest_is_on_top(made):
    stack, network, _ = made
    low = network.hops[0]
    high = low.model_copy(update={"saddle_eV": low.saddle_eV + 0.1})
    for hops in ([low, high], [high, low]):
        both = without_walk(network, hops=hops)
        fig, table = plot_network({"m-g": {"atoms": stack, "network": both}})
        drawn = fig.axes[0].collections
        (lines,) = [c for c in drawn if isinstance(c, LineCollection) and len(c.get_segments())]
        bar = next(ax for ax in fig.axes if ax.get_xlabel().startswith("Saddle"))
        assert bar.get_xlim() == pytest.approx((low.saddle_eV, high.saddle_eV))
        # viridis begins with a dark violet.
        assert lines.get_colors()[-1][:3] == pytest.approx([0.267, 0.005, 0.329], abs=0.01)
        assert (table["shown"] == "hop").sum() == 2


def test_a_site_that_is_part_of_another_is_not_drawn(made):
    stack, network, _ = made
    sites = [*network.sites[:-1], network.sites[-1].model_copy(update={"within": 0})]
    part = without_walk(network, sites=sites, hops=[])
    fig, table = plot_network({"m-g": {"atoms": stack, "network": part}})
    assert (table["shown"] == "site").sum() == len(sites) - 1
    circles = [c for c in fig.axes[0].collections if isinstance(c, PathCollection)]
    assert len(circles) == len(sites) - 1


def test_a_network_without_hops_has_its_sites_and_says_that_no_walk_winds(made, tmp_path):
    stack, network, _ = made
    fig, table = plot_network({"m-g": {"atoms": stack, "network": without_walk(network, hops=[])}})
    assert fig.axes[0].get_title() == "m-g\nno walk winds round the cell"
    assert set(table["shown"]) == {"site", "one direction", "both directions"}
    assert table["energy_eV"][table["shown"] == "one direction"].isna().all()
    assert [ax.get_xlabel() for ax in fig.axes[1:]] == ["Site, above the lowest (eV)"]
    save_figure(fig, tmp_path / "figure")


def test_a_barrier_in_one_direction_alone_is_said(made):
    stack, network, _ = made
    barrier = network.percolation_barrier.model_copy(update={"both_directions": None})
    one = network.model_copy(update={"percolation_barrier": barrier})
    fig, _ = plot_network({"m-g": {"atoms": stack, "network": one}})
    assert fig.axes[0].get_title().endswith("eV, both none")


# The profile.


def test_the_walk_s_profile_has_the_energies_of_sites_and_saddles(made):
    _, network, paths = made
    table = walk_profile(network, paths)
    images = table[table["shown"] == "image"]
    before, travelled = None, 0.0
    for number, step in enumerate(network.walk):
        hop, own = network.hops[step.hop], images[images["step"] == number]
        ends = [network.sites[site].energy_eV for site in (hop.start, hop.end)]
        assert own["energy_eV"].iloc[[0, -1]].tolist() == pytest.approx(
            ends[::-1] if step.backward else ends, abs=1e-4
        )
        assert own["energy_eV"].max() == pytest.approx(hop.saddle_eV)
        # One step ends where the next one begins, in distance and in energy.
        assert own["distance"].iloc[0] == pytest.approx(travelled)
        assert before is None or own["energy_eV"].iloc[0] == pytest.approx(before, abs=1e-4)
        travelled, before = own["distance"].iloc[-1], own["energy_eV"].iloc[-1]
    assert travelled == pytest.approx(len(network.walk) * STEP, rel=0.01)
    assert images["energy_eV"].max() == pytest.approx(network.percolation_barrier.one_direction)


def test_a_step_backward_is_the_step_forward_from_its_end(made):
    _, network, paths = made
    assert {step.backward for step in network.walk} == {True, False}
    table = walk_profile(network, paths)
    images = table[table["shown"] == "image"]
    turned = [step.backward for step in network.walk]
    forward, back = (images[images["step"] == turned.index(way)] for way in (False, True))
    assert forward["image"].tolist() == back["image"].tolist()[::-1] == list(range(7))
    assert forward["energy_eV"].tolist() == pytest.approx(back["energy_eV"].tolist()[::-1])
    steps = np.diff(forward["distance"].to_numpy())
    assert np.diff(back["distance"].to_numpy())[::-1] == pytest.approx(steps)


def test_a_hop_written_against_its_path_is_turned_round(made):
    """`either_way` may write an equivalent hop from the other kind of site."""
    _, network, paths = made
    step = next(step for step in network.walk if not step.backward)
    hop = network.hops[step.hop]
    against = hop.model_copy(update={"start": hop.end, "end": hop.start})
    hops = [against if n == step.hop else own for n, own in enumerate(network.hops)]
    walk = [
        s.model_copy(update={"backward": s.backward ^ (s.hop == step.hop)}) for s in network.walk
    ]
    table = walk_profile(network.model_copy(update={"hops": hops, "walk": walk}), paths)
    same = walk_profile(network, paths)
    assert table["energy_eV"].to_numpy() == pytest.approx(same["energy_eV"].to_numpy())
    assert table["image"].equals(same["image"])


def test_the_spline_goes_through_the_images_and_follows_the_potential(made):
    stack, network, paths = made
    calc = Corrugated(stack, lattice=LATTICE, B=0.02)
    table = walk_profile(network, paths)
    first = table[table["step"] == 0]
    line, images = first[first["shown"] == "line"], first[first["shown"] == "image"]
    between = np.interp(images["distance"], line["distance"], line["energy_eV"])
    assert between == pytest.approx(images["energy_eV"].to_numpy(), abs=1e-3)
    # The way from a hollow to the next one is straight here, by symmetry.
    start, end = (paths["path-0-4"].images[n].positions[-1, :2] for n in (0, -1))
    along = line["distance"].to_numpy()[:, None] / STEP
    assert np.linalg.norm(end - start) == pytest.approx(STEP, abs=0.01)
    exact = np.array([calc.potential(start + s * (end - start)) for s in along])
    assert line["energy_eV"].to_numpy() == pytest.approx(exact - exact[0], abs=0.01)


def test_energies_are_above_the_lowest_site_that_the_ion_can_reach(made):
    """In a part of its own, all of which is 0.5 eV above the lowest site of the stack."""
    _, network, paths = made
    sites = [s.model_copy(update={"energy_eV": s.energy_eV + 0.5}) for s in network.sites]
    hops = [h.model_copy(update={"saddle_eV": h.saddle_eV + 0.5}) for h in network.hops]
    raised = walk_profile(network.model_copy(update={"sites": sites, "hops": hops}), paths)
    same = walk_profile(network, paths)
    assert raised["energy_eV"].to_numpy() == pytest.approx(same["energy_eV"].to_numpy())


def test_a_path_to_a_site_that_is_part_of_another_leads_on_to_that(made):
    """Site 8, at the end of the path, lies 0.3 Å beside site 4 and 0.05 eV above it."""
    _, network, paths = made
    path = paths["path-0-4"]
    x, y, z = network.sites[4].position
    energy = network.sites[4].energy_eV
    beside = {"position": (x + 0.3, y, z), "energy_eV": energy + 0.05, "within": 4, "like": 8}
    sites = [*network.sites, network.sites[4].model_copy(update=beside)]
    moved = replace(path, edge=(0, 8, path.edge[2]))
    found = walk_profile(network.model_copy(update={"sites": sites}), {"path-0-4": moved})
    joints = found[found["shown"] == "joint"]
    assert len(joints) == 2 * len(network.walk)
    for number, step in enumerate(network.walk):
        own = joints[joints["step"] == number]
        assert np.ptp(own["distance"]) == pytest.approx(0.3)
        site = own["energy_eV"].iloc[0 if step.backward else -1]
        assert site == pytest.approx(energy, abs=1e-4)
        every = found[found["step"] == number]["distance"]
        reached = own["distance"].min() if step.backward else own["distance"].max()
        assert reached == pytest.approx(every.min() if step.backward else every.max())
    fig, _ = plot_profiles(
        {"m-g": [entry(network.model_copy(update={"sites": sites}), {"path-0-4": moved})]}
    )
    assert sum(line.get_linestyle() == ":" for line in fig.axes[0].lines) == len(network.walk)


def test_a_panel_has_each_model_s_walk_and_barrier_or_says_that_there_is_none(made, tmp_path):
    _, network, paths = made
    other = entry(without_walk(network), paths, model="B", colour="#D55E00")
    fig, table = plot_profiles({"m-g": [entry(network, paths), other], "m-go": [other]})
    one, two = fig.axes
    barrier = network.percolation_barrier.one_direction
    assert [text.get_text() for text in one.texts] == [
        f"{barrier:.3f} eV",
        "no walk winds round the cell",
    ]
    assert [text.get_text() for text in two.texts] == ["no walk winds round the cell"]
    dashed = [line for line in one.lines if line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in dashed] == [barrier]
    assert not two.lines and two.get_xlabel() == ""
    drawn = [line for line in one.lines if line.get_marker() == "."]
    walk = table[(table["model"] == "A") & (table["shown"] == "image")]
    assert np.concatenate([line.get_ydata() for line in drawn]) == pytest.approx(
        walk["energy_eV"].to_numpy()
    )
    assert table["shown"][table["model"] == "B"].tolist() == ["no walk", "no walk"]
    save_figure(fig, tmp_path / "figure")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


@pytest.mark.parametrize("stacks", [["m-g"], ["m-g", "m-go", "m-goh"]])
def test_the_legend_is_as_wide_as_the_figure_at_most(made, stacks):
    _, network, paths = made
    models = [entry(network, paths, model=name) for name in ("MACE-MP-0", "MACE-MPA-0", "CHGNet")]
    fig, _ = plot_profiles(dict.fromkeys(stacks, models))
    fig.draw_without_rendering()
    (legend,) = fig.legends
    seen = legend.get_window_extent()
    assert len(legend.get_texts()) == 6
    assert seen.x0 >= 0 and seen.x1 <= fig.bbox.x1 and seen.y0 >= 0


def test_where_no_stack_has_a_walk_the_figure_says_so(made, tmp_path):
    _, network, paths = made
    fig, table = plot_profiles({"m-g": [entry(without_walk(network, hops=[]), paths)]})
    assert table["shown"].tolist() == ["no walk"]
    save_figure(fig, tmp_path / "figure")
