"""The map of an ion's energy: points by closed forms, ways beside saddles of closed form."""

import numpy as np
import pytest
from ase.calculators.calculator import all_changes
from corrugated import LATTICE, Corrugated, Reacting, host, kept, map_of, sites_of

from anodeflow.stages.barriers.energy_map import (
    at_place,
    energies_of,
    forces_of,
    jumps_of,
    map_energy,
)
from anodeflow.stages.barriers.map_barrier import read_map
from anodeflow.stages.barriers.map_figure import plot_energy_map
from anodeflow.stages.barriers.map_grid import Grid
from anodeflow.stages.barriers.results import NetworkResult
from anodeflow.structures import roles
from anodeflow.structures.files import read_frames, write_frames

STEP = 0.5
A, B = 0.4, 0.02
SOFT = 0.1
"""A of a potential whose saddles, A/2 above the hollows for B = 0, are as high as real ones."""


class TwoSurfaces(Corrugated):
    """The same, and a double well of one atom's height, which the ion tilts.

    E += k (q² − 1)² − c q sin(2πu), u the ion's place along the first cell vector, in cells, and
    q·0.3 Å the atom's height above its place: q stays on its side, though it is the higher one for
    half of all u.
    """

    k, tilt, atom, far = 1.0, 0.2, 4, 0.3

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        away = atoms.positions[self.atom, 2] - self.rest[self.atom, 2]
        wave, q = wave_of(atoms), away / self.far
        phase = atoms.positions[-1, :2] @ wave
        slope = 4 * self.k * q * (q**2 - 1) - self.tilt * np.sin(phase)
        self.results["forces"][self.atom, 2] += 4.0 * away - slope / self.far
        self.results["forces"][-1, :2] += self.tilt * q * np.cos(phase) * wave
        self.results["energy"] += self.k * (q**2 - 1) ** 2 - self.tilt * q * np.sin(phase)
        self.results["energy"] -= 2.0 * away**2


def wave_of(stack):
    """Return 2π times the reciprocal of the first cell vector (2,), 1/Å."""
    return 2 * np.pi * np.linalg.inv(stack.cell.array[:2, :2])[:, 0]


def network_of(saddle=None):
    """Return a network of two sites, and a walk over a saddle (eV) if one is given."""
    site = {"energy_eV": 0.0, "starts": "", "like": 0, "within": None}
    site |= {"log_vibrations": None, "imaginary": None, "position": (0.1, 0.2, 0.0)}
    hop = {"path": "path-0-1", "then": None, "over": None, "start": 0, "end": 1, "shift": (0, 0)}
    hop |= {"vector": (1.0, 1.0), "saddle_eV": saddle, "barrier_eV": 0.0, "barrier_back_eV": 0.0}
    hop |= {"prefactor_per_ps": None, "prefactor_back_per_ps": None}
    return NetworkResult(
        ion="Na",
        sites=[site, site],
        hops=[] if saddle is None else [hop],
        percolation_barrier={"one_direction": saddle, "both_directions": None},
        walk=[] if saddle is None else [{"hop": 0, "backward": False}],
        motion=[],
        error_eV=None,
        error_both_eV=None,
        left_out=[],
        changed=[],
        operations=1,
        note="",
    )


def mapped(folder, calc=None, *, step=STEP):
    """Return host, calculator, sites and points of a map, as the rule makes them."""
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, A=A, B=B, bulge=0.3) if calc is None else calc
    sites = sites_of(stack, calc, folder)
    calc.calls = 0
    return stack, calc, sites, map_of(stack, sites, calc, folder, step=step)


def grid_of(stack, step=STEP):
    return Grid.of(stack.cell.array[:2, :2], step)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return mapped(tmp_path_factory.mktemp("map"))


def test_points_are_those_of_the_potential_and_the_force_on_the_ion_is_its_slope(made):
    stack, calc, _, points = made
    places = grid_of(stack).places
    assert len(points) == len(places) == 12 * 12
    assert energies_of(points) == pytest.approx([calc.potential(p) for p in places], abs=1e-5)
    slopes = np.array([calc.gradient(place) for place in places])
    assert forces_of(points) == pytest.approx(-slopes, abs=1e-3)
    ions = np.array([point.positions[roles.ions(point)][0, :2] for point in points])
    away = (ions - places) @ np.linalg.inv(stack.cell.array[:2, :2])
    assert away == pytest.approx(np.round(away), abs=1e-9)


def test_a_map_is_the_same_through_its_file(made, tmp_path):
    stack, _, sites, points = made
    write_frames(tmp_path / "points.extxyz", points)
    read = read_frames(tmp_path / "points.extxyz")
    found = [read_map(stack, one, sites, network_of(), step=STEP) for one in (points, read)]
    assert found[0] == found[1]


@pytest.mark.parametrize("step", [0.6, 0.5, 0.3])
def test_the_lowest_way_bounds_the_saddle_and_comes_near_to_it(tmp_path, step):
    calc = Corrugated(host(), lattice=LATTICE, A=SOFT)
    calc.origin = calc.origin + np.array(
        [0.17, 0.29]
    )  # so that no saddle lies on a line of the grid
    stack, _, sites, points = mapped(tmp_path, calc, step=step)
    found = read_map(stack, points, sites, network_of(), step=step)
    assert found.left_out == [] and found.steps_left_out == 0
    for top in (found.one_direction_eV, found.both_directions_eV):
        # The highest curvature across a saddle, 3 A |G|²/2, at half a step beside it.
        across = 1.5 * SOFT * (calc.G[0] @ calc.G[0]) * (step / 2) ** 2 / 2
        assert SOFT / 2 - 1e-4 < top < SOFT / 2 + across


def of_potential(grid, calc):
    """Return energies and forces of the potential itself at the points of a grid."""
    energies = np.array([calc.potential(place) for place in grid.places])
    return energies, np.array([-calc.gradient(place) for place in grid.places])


OBLIQUE = {
    "120°": host().cell.array[:2, :2],
    "60°, not square": np.array([[9.0, 0.0], [3.0, 3.0 * np.sqrt(3)]]),
}
"""Cells in which the potential is periodic."""


@pytest.mark.parametrize("cell", OBLIQUE)
def test_the_work_of_the_force_is_the_change_of_energy_on_one_surface_and_not_on_two(cell):
    grid, calc = Grid.of(OBLIQUE[cell], 0.5), Corrugated(host(), lattice=LATTICE, A=A, B=B)
    energies, forces = of_potential(grid, calc)
    for step in grid.steps:
        excess, correction = grid.excess(energies, forces, step)
        assert not jumps_of(excess, correction).any()
        assert np.abs(excess).max() < 0.02 < np.abs(correction).max()
    assert np.linalg.norm([grid.vector(step) for step in grid.steps], axis=1) == pytest.approx(0.5)
    energies[0] += 0.1
    for step in grid.steps:
        jumps = jumps_of(*grid.excess(energies, forces, step))
        back = grid.reach(0, (-step[0], -step[1]))[0]
        assert set(np.flatnonzero(jumps)) == {0, back}


@pytest.mark.parametrize("cell", OBLIQUE)
def test_a_step_leads_to_the_point_that_its_vector_leads_to(cell):
    grid = Grid.of(OBLIQUE[cell], 0.5)
    for step in grid.steps:
        for point in range(len(grid.places)):
            end, shift = grid.reach(point, step)
            there = grid.places[end] + shift @ grid.cell
            assert there == pytest.approx(grid.places[point] + grid.vector(step))
            assert point in grid.neighbours(end)
            assert grid.next_of(grid.places, step)[point] == pytest.approx(grid.places[end])


def test_steps_beside_a_point_without_energy_are_taken_by_no_way():
    stack, calc = host(), Corrugated(host(), lattice=LATTICE, A=A, B=B)
    energies, forces = of_potential(grid_of(stack), calc)
    energies[0], forces[0] = np.nan, np.nan
    for step in grid_of(stack).steps:
        excess, correction = grid_of(stack).excess(energies, forces, step)
        assert np.isnan(excess).sum() == 4 and not jumps_of(excess, correction).any()


@pytest.mark.parametrize("cell", OBLIQUE)
def test_the_top_between_two_points_is_that_of_the_way_between_them(cell):
    grid, calc = Grid.of(OBLIQUE[cell], 0.5), Corrugated(host(), lattice=LATTICE, A=A, B=B)
    energies, forces = of_potential(grid, calc)
    for step in grid.steps:
        ways = np.linspace(0, 1, 51)[:, None, None] * grid.vector(step) + grid.places
        exact = np.array([[calc.potential(place) for place in way] for way in ways]).max(axis=0)
        assert grid.tops(energies, forces, step) == pytest.approx(exact, abs=3e-3)


def test_points_follow_the_lower_surface_and_no_way_leads_from_one_to_the_other(tmp_path):
    stack = host()
    calc = TwoSurfaces(stack, lattice=LATTICE, A=SOFT)
    grid, wave = grid_of(stack), wave_of(stack)
    sites = sites_of(stack, calc, tmp_path)
    # One site on each surface, the lower one's where the higher is lower: around it begins a part
    # of the map that has to be lowered.
    tilts = np.array([np.sin(site.positions[-1, :2] @ wave) for site in sites])
    q = np.array([site.positions[calc.atom, 2] - calc.rest[calc.atom, 2] for site in sites])
    seeds = [int(np.argmax(np.where(sign * q > 0.2, tilts, -np.inf))) for sign in (1, -1)]
    points = map_of(stack, [sites[n] for n in seeds], calc, tmp_path, step=STEP)
    heights = np.linspace(-1.5, 1.5, 6001)
    well = calc.k * (heights**2 - 1) ** 2

    def lowest(place):
        return (well - calc.tilt * heights * np.sin(place @ wave)).min() + calc.potential(place)

    assert energies_of(points) == pytest.approx([lowest(p) for p in grid.places], abs=6e-3)
    assert list(tmp_path.glob("point-*-1-*.extxyz")), "some began on the higher surface"
    found = read_map(stack, points, sites, network_of(), step=STEP)
    assert found.steps_left_out >= 4 * grid.shape[1], (
        "two seams, each crossed by two of three steps"
    )
    assert found.one_direction_eV is not None and found.both_directions_eV is None


def test_points_at_which_the_host_reacts_are_left_out_named_and_no_way_leads_over_them(tmp_path):
    stack = host()
    sites = sites_of(stack, Corrugated(stack, lattice=LATTICE, A=A), tmp_path)
    calc = Reacting(stack, lattice=LATTICE, A=A, above=0.9)
    points = map_of(stack, sites, calc, tmp_path, step=STEP)
    grid = grid_of(stack)
    reacts = [np.sin(calc.G @ (place - calc.origin)).sum() > 0.9 for place in grid.places]
    assert np.isnan(energies_of(points)).tolist() == reacts and any(reacts)
    found = read_map(stack, points, sites, network_of(), step=STEP)
    assert [energy is None for energy in found.energies_eV] == reacts
    assert len(found.left_out) == sum(reacts) and "the host reacted" in found.left_out[0]
    # What is left are islands of one kind of hollows, which tops of the potential alone join.
    assert found.one_direction_eV is None or found.one_direction_eV > A
    fig, table = plot_energy_map({"m": {"found": found, "network": network_of(), "atoms": stack}})
    drawn = table[table["shown"] == "point"]["energy_eV"].isna()
    assert drawn.tolist() == reacts and fig.axes[0].collections


def test_a_point_that_finds_no_rest_is_left_out_and_the_others_are_found(tmp_path):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, A=A, B=B)
    sites = sites_of(stack, calc, tmp_path)
    nowhere = grid_of(stack).places[17]

    class Restless(Corrugated):
        def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
            super().calculate(atoms, properties, system_changes)
            if np.linalg.norm(atoms.positions[-1, :2] - nowhere) < 1e-6:
                self.results["forces"][0, 2] += (-1.0) ** self.calls

    restless = Restless(stack, lattice=LATTICE, A=A, B=B)
    points = map_of(stack, sites, restless, tmp_path, step=STEP)
    assert np.flatnonzero(np.isnan(energies_of(points))).tolist() == [17]
    said = points[17].info["left_out"]
    assert points[17].info["point"] == 17 and "in 200 steps, not the 0.002 asked for" in said
    calls = restless.calls
    again = map_of(stack, sites, restless, tmp_path, step=STEP)
    assert restless.calls == calls, "all is kept, what found no rest as well"
    write_frames(tmp_path / "points.extxyz", points)
    for one in (again, read_frames(tmp_path / "points.extxyz")):
        for point, known in zip(one, points, strict=True):
            assert point.positions == pytest.approx(known.positions, abs=1e-8)
            assert point.info == known.info


def test_a_map_says_what_it_has_lower_than_the_network(made):
    stack, _, sites, points = made
    exact = read_map(stack, points, sites, network_of(), step=STEP).one_direction_eV
    lower = "a way over the map is lower than the network's, which has"
    for saddle, said in (
        (exact, ""),
        (exact + 0.005, ""),
        (exact - 0.1, ""),
        (exact + 0.05, f"{lower} one over {exact + 0.05:.3f} eV"),
        (None, f"{lower} none"),
    ):
        assert read_map(stack, points, sites, network_of(saddle), step=STEP).note == said
    highest = max(sites, key=lambda site: site.info["energy_model"])
    deeper = read_map(stack, points, [highest], network_of(exact - 0.2), step=STEP)
    assert deeper.note.startswith("a point lies 0.1") and "below the lowest site" in deeper.note


def centres(stack):
    return [
        np.average(stack.positions[layer, :2], axis=0, weights=stack.get_masses()[layer])
        for layer in (roles.bottom(stack), roles.top(stack))
    ]


def test_an_ion_is_moved_to_the_nearest_image_of_a_place_and_held_there_and_so_are_the_layers(made):
    stack, _, sites, _ = made
    site = sites[0].copy()
    site.positions[roles.top(site), :2] += 0.03  # as by a symmetry that holds to a tolerance
    place = site.positions[-1, :2] + [0.3, -0.2]
    moved = at_place(site, place + [3, -2] @ site.cell.array[:2, :2], stack)
    assert moved.positions[-1, :2] == pytest.approx(place)
    assert moved.positions[:, 2] == pytest.approx(site.positions[:, 2])
    pulled = moved.positions + 0.1 * np.random.default_rng(1).normal(size=moved.positions.shape)
    for _ in range(2):
        assert np.array(centres(moved)) == pytest.approx(np.array(centres(stack)))
        assert moved.positions[-1, :2] == pytest.approx(place)
        moved.set_positions(pulled)


@pytest.mark.usefixtures("a_checkpoint_at_every_step")
def test_hessians_are_kept_no_longer_than_points_start_from_them(tmp_path):
    most = 0

    def counted():
        nonlocal most
        most = max(most, len(list(tmp_path.glob("point-*.npz"))))

    stack, calc = host(), Corrugated(host(), lattice=LATTICE, A=A, B=B, bulge=0.3)
    sites = sites_of(stack, calc, tmp_path)
    options = {"step": STEP, "kept": kept(tmp_path), "on_point": counted}
    points = map_energy(stack, sites, calc, **options)
    assert 0 < most < 2 * 144 and not list(tmp_path.glob("point-*.npz"))
    calc.calls = 0
    again = map_energy(stack, sites, calc, **options)
    assert calc.calls == 0
    for one, other in zip(again, points, strict=True):
        assert np.array_equal(one.positions, other.positions)


def test_the_figure_s_table_holds_the_points_and_the_sites(made):
    stack, _, sites, points = made
    found = read_map(stack, points, sites, network_of(0.2), step=STEP)
    panel = {"found": found, "network": network_of(0.2), "atoms": stack}
    fig, table = plot_energy_map({"m-g": panel, "m-go": panel})
    own = table[(table["panel"] == "m-g") & (table["shown"] == "point")]
    assert own["energy_eV"].tolist() == found.energies_eV
    assert own[["x", "y"]].to_numpy() == pytest.approx(grid_of(stack).places)
    assert (table["shown"] == "site").sum() == 4
    assert f"≤ {found.one_direction_eV:.3f} eV" in fig.axes[0].get_title()
