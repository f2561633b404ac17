"""Hollows and ions: counted and placed as the lattice alone demands."""

import numpy as np
import pytest
from ase import Atoms
from ase.geometry import get_distances
from layers import DATA
from study import GRAPHENE, HEIGHT, TI2CO2

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.builders.ions import build_bulk, fill_ions
from anodeflow.structures.builders.layers import build_layer
from anodeflow.structures.builders.stacks import stack_layers
from anodeflow.structures.sites import hollow_sites


def make_stack(group: str | None = None, **mxene) -> Atoms:
    bottom = build_layer({**TI2CO2, **mxene}, cell_height=HEIGHT)
    top = build_layer(GRAPHENE, cell_height=HEIGHT)
    if group:
        settings = {
            "builder": "functionalised",
            "base": "graphene",
            "group": group,
            "carrier": "middle",
        }
        top = build_layer(settings, cell_height=HEIGHT, base=GRAPHENE)
    return stack_layers(
        bottom,
        top,
        strained="top",
        spacing=3.5,
        registry=(0.0, 0.0),
        strain_limit=0.03,
        cell_height=HEIGHT,
    )


@pytest.fixture(scope="module")
def stack() -> Atoms:
    return make_stack()


def lateral_distances(atoms: Atoms, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    flat = [np.column_stack([points[:, :2], np.zeros(len(points))]) for points in (first, second)]
    return get_distances(*flat, cell=atoms.cell, pbc=True)[1]


def test_there_are_two_hollows_for_each_facing_atom_equally_far_from_three(stack):
    sites = hollow_sites(stack)
    assert sites.shape == (32, 2)
    distances = np.sort(
        lateral_distances(stack, sites, stack.positions[roles.facing(stack)]), axis=1
    )
    assert distances[:, :3] == pytest.approx(np.full((32, 3), 3.03 / np.sqrt(3)))
    assert (distances[:, 3] > 3.0).all()
    apart = lateral_distances(stack, sites, sites)
    assert np.sort(apart, axis=1)[:, 1].min() == pytest.approx(3.03 / np.sqrt(3))


def test_hollows_are_above_the_carbon_or_above_the_titanium(stack):
    sites = hollow_sites(stack)
    tags = stack.get_tags()
    over_carbon = lateral_distances(stack, sites, stack.positions[tags == 2]).min(axis=1) < 1e-6
    outer = (tags == 0) & (stack.positions[:, 2] > stack.positions[tags == 2, 2].mean())
    over_titanium = lateral_distances(stack, sites, stack.positions[outer]).min(axis=1) < 1e-6
    assert over_carbon.sum() == over_titanium.sum() == 16
    assert (over_carbon ^ over_titanium).all()


def test_hollows_of_a_rattled_layer_are_those_of_the_perfect_one_slightly_moved(stack):
    rattled = stack.copy()
    rattled.positions += np.random.default_rng(3).normal(0.0, 0.1, rattled.positions.shape)
    moved = lateral_distances(stack, hollow_sites(rattled), hollow_sites(stack))
    assert (moved.min(axis=1) < 0.3).all()
    assert len(set(moved.argmin(axis=1).tolist())) == 32


def test_hollows_follow_a_layer_shifted_across_the_boundary(stack):
    shifted = stack.copy()
    shifted.positions[:, :2] += [7.3, -2.9]
    shifted.wrap()
    sites = hollow_sites(shifted) - [7.3, -2.9]
    distances = lateral_distances(stack, sites, hollow_sites(stack))
    assert distances.min(axis=1) == pytest.approx(0.0, abs=1e-6)


def test_even_a_unit_cell_has_its_two_hollows():
    unit = build_layer({**TI2CO2, "size": [1, 1]}, cell_height=HEIGHT)
    assert hollow_sites(unit).shape == (2, 2)


def test_hollows_need_facing_atoms():
    with pytest.raises(StructureError, match="no facing atoms"):
        hollow_sites(build_layer(GRAPHENE, cell_height=HEIGHT))


@pytest.mark.parametrize("count", [0, 1, 8, 9, 16])
def test_ions_stand_mid_gap_above_carbon(stack, count):
    filled = fill_ions(stack, element="Na", count=count, spacing=4.5)
    ions = filled[roles.ions(filled)]
    assert ions.get_chemical_symbols() == ["Na"] * count
    heights = filled.positions[:, 2]
    middle = (heights[filled.get_tags() == 3].mean() + heights[filled.get_tags() == 10].mean()) / 2
    assert ions.positions[:, 2] == pytest.approx(np.full(count, middle))
    if count:
        carbon = filled.positions[filled.get_tags() == 2]
        nearest = lateral_distances(filled, ions.positions, carbon).min(axis=1)
        assert nearest == pytest.approx(0.0, abs=1e-6)


def test_the_gap_opens_to_the_spacing_and_the_host_stays(stack):
    filled = fill_ions(stack, element="Na", count=1, spacing=4.5)
    heights = filled.positions[:, 2]
    gap = heights[filled.get_tags() == 10].mean() - heights[filled.get_tags() == 3].mean()
    assert gap == pytest.approx(4.5)
    moved = filled.positions[:-1] - stack.positions
    assert np.array_equal(moved[roles.bottom(stack)], np.zeros((80, 3)))
    assert moved[roles.top(stack)] == pytest.approx(np.tile([0, 0, 1.0], (50, 1)))


def test_energies_of_the_stack_without_ions_are_not_taken_for_those_of_the_filled_one(stack):
    relaxed = stack.copy()
    of_relaxed = {"energy_model": -7.0, "energy_dispersion": -1.0, "fmax": 0.001, "steps": 9}
    relaxed.info |= of_relaxed
    filled = fill_ions(relaxed, element="Na", count=1, spacing=5.0)
    assert not of_relaxed.keys() & filled.info.keys()
    assert of_relaxed.keys() <= relaxed.info.keys()


def test_ions_at_the_spacing_there_is_leave_the_host_where_it_is(stack):
    filled = fill_ions(stack, element="Na", count=3, spacing=3.6 - 0.1)
    assert filled.positions[:-3] == pytest.approx(stack.positions, abs=1e-12)


def test_ions_keep_as_far_apart_as_the_lattice_allows(stack):
    def closest(count: int) -> float:
        filled = fill_ions(stack, element="Na", count=count, spacing=4.5)
        distances = filled[roles.ions(filled)].get_all_distances(mic=True)
        return distances[distances > 0].min()

    # Four sites of a 4×4 lattice can be 2a apart and no more; a fifth must come as near as a.
    assert closest(2) >= 6.06 - 1e-6
    assert closest(4) == pytest.approx(6.06)
    assert closest(5) == pytest.approx(3.03)


def test_the_same_ions_are_placed_every_time(stack):
    first, second = (fill_ions(stack, element="Na", count=8, spacing=4.5) for _ in range(2))
    assert np.array_equal(first.positions, second.positions)
    assert first.info["ion_count"] == 8
    assert not roles.ions(stack).any()


@pytest.mark.parametrize("group", ["epoxide", "hydroxyl"])
def test_half_a_monolayer_fits_beside_a_group_and_keeps_clear_of_it(group):
    filled = fill_ions(make_stack(group), element="Na", count=8, spacing=4.5)
    distances = filled.get_all_distances(mic=True)[roles.ions(filled)]
    assert np.sort(distances, axis=1)[:, 1].min() >= 1.8
    first = int(np.flatnonzero(roles.ions(filled))[0])
    groups = filled.positions[np.isin(filled.get_tags(), (11, 12))]
    hollows = hollow_sites(filled)
    # The first ion is as far from the group as any hollow, but for hollows above titanium.
    reach = lateral_distances(filled, hollows, groups).min(axis=1).max()
    own = lateral_distances(filled, filled.positions[[first]], groups).min()
    assert own > reach - 3.03 / np.sqrt(3)


def test_hcp_terminations_leave_the_hollow_above_the_inner_metal():
    filled = fill_ions(make_stack(site="hcp"), element="Na", count=16, spacing=4.5)
    tags, heights = filled.get_tags(), filled.positions[:, 2]
    inner = (tags == 0) & (heights < heights[tags == 2].mean())
    ions = filled.positions[roles.ions(filled)]
    nearest = lateral_distances(filled, ions, filled.positions[inner]).min(axis=1)
    assert nearest == pytest.approx(0.0, abs=1e-6)


def test_other_ions_of_other_mxenes_need_no_special_case():
    stack = make_stack(metal="V", n=2, termination="F")
    filled = fill_ions(stack, element="K", count=4, spacing=5.0)
    assert filled.symbols[-4:].get_chemical_formula() == "K4"


def test_more_ions_than_fit_are_refused_with_both_numbers(stack):
    with pytest.raises(StructureError, match=r"17 Na were asked for, .* only 16 of the 16 hollows"):
        fill_ions(stack, element="Na", count=17, spacing=4.5)
    with pytest.raises(StructureError, match=r"spacing of 2\.00 Å only 0 of the 16"):
        fill_ions(stack, element="Na", count=1, spacing=2.0)


def test_ions_need_an_empty_stack_and_a_real_element(stack):
    filled = fill_ions(stack, element="Na", count=1, spacing=4.5)
    with pytest.raises(StructureError, match=r"holds ions \(1 with"):
        fill_ions(filled, element="Na", count=1, spacing=4.5)
    with pytest.raises(StructureError, match="needed for filling in ions"):
        fill_ions(build_layer(GRAPHENE, cell_height=HEIGHT), element="Na", count=1, spacing=4.5)
    with pytest.raises(StructureError, match="'Nq' is not a chemical element"):
        fill_ions(stack, element="Nq", count=1, spacing=4.5)


@pytest.mark.parametrize(
    ("structure", "atoms", "nearest"), [("bcc", 1, np.sqrt(3) / 2), ("fcc", 1, np.sqrt(0.5))]
)
def test_bulk_has_the_nearest_neighbours_of_its_lattice(structure, atoms, nearest):
    bulk = build_bulk("Na", structure=structure, lattice=4.2)
    distances = bulk.repeat(3).get_all_distances(mic=True)[0]
    assert len(bulk) == atoms
    assert np.sort(distances)[1] == pytest.approx(4.2 * nearest)
    assert (bulk.get_tags() == roles.ION).all()


def test_hcp_bulk_starts_with_twelve_equal_neighbours():
    bulk = build_bulk("Mg", structure="hcp", lattice=3.2)
    distances = np.sort(bulk.repeat(4).get_all_distances(mic=True)[0])
    assert distances[1:13] == pytest.approx(np.full(12, 3.2))


def test_no_structure_of_a_bulk_is_taken_for_granted():
    with pytest.raises(TypeError, match="structure"):
        build_bulk("Na", lattice=4.2)


def test_an_unknown_bulk_is_refused():
    with pytest.raises(StructureError, match="structure is 'diamond'; allowed are bcc, fcc, hcp"):
        build_bulk("Na", structure="diamond", lattice=4.2)


@pytest.mark.parametrize(
    ("file", "from_x"),
    [("Ti3C2OH2.vasp", 0.0), ("Ti3C2_bare.poscar", 3.0849 / np.sqrt(3))],
)
def test_ions_keep_off_the_plane_beneath_faces_with_hydrogen_and_without_terminations(file, from_x):
    """Beneath O that is Ti, so that ions sit over C; beneath bare Ti it is C itself."""
    settings = {"builder": "file", "path": str(DATA / file), "role": "bottom", "size": [4, 4]}
    top = build_layer(GRAPHENE, cell_height=50.0)
    how = {"strained": "top", "spacing": 4.5, "registry": (0.0, 0.0), "strain_limit": 0.05}
    host = stack_layers(build_layer(settings, cell_height=50.0), top, cell_height=50.0, **how)
    assert len(hollow_sites(host)) == 2 * 16
    filled = fill_ions(host, element="Na", count=3, spacing=5.0)
    z, x = filled.positions[:, 2], filled.get_tags() == roles.X
    ions, floor = roles.ions(filled), z[roles.facing(filled)].mean()
    assert z[ions] - floor == pytest.approx([2.5] * 3)
    upper = x & (z > z[x].mean())
    flat, cell = filled.positions * [1, 1, 0], np.vstack([filled.cell.array[:2], [0, 0, 1]])
    _, distances = get_distances(flat[ions], flat[upper], cell=cell, pbc=True)
    assert distances.min(axis=1) == pytest.approx([from_x] * 3, abs=1e-3)
