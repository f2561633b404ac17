"""The lowest walk of an ion in one potential, relaxed anew in another, both of closed form."""

import re

import numpy as np
import pytest
from corrugated import FINE, LATTICE, MERGE, Corrugated, Reacting, host, kept, paths_of, sites_of
from springs import make_stack

from anodeflow.errors import StructureError
from anodeflow.figures.style import save_figure
from anodeflow.stages.barriers.held_centres import centre_directions
from anodeflow.stages.barriers.joining import join_network
from anodeflow.stages.barriers.network_figure import plot_network
from anodeflow.stages.barriers.path_files import path_frames, read_paths, site_frames
from anodeflow.stages.barriers.profile_figure import walk_profile
from anodeflow.stages.barriers.relaxed_walk import lowest_walk, relax_walk
from anodeflow.stages.barriers.results import barrier_quantities, barrier_rows
from anodeflow.stages.barriers.sites import change_of_host, ion_position
from anodeflow.structures import roles
from anodeflow.structures.files import stored_energy

OTHER = 3.06
"""Å, of the lattice of the second potential."""


def network_of(stack, search, **options):
    """Return the network of what was found, as its files hold it."""
    paths = read_paths(path_frames(search))
    shared = {"merge": MERGE, "symmetry_tolerance": 0.05, "temperatures": [300.0]}
    return join_network(stack, site_frames(search), paths, None, **shared, **options)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """Return the sites of the first potential, where both hollows are alike, and its network."""
    folder = tmp_path_factory.mktemp("first")
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE)
    search = paths_of(stack, sites_of(stack, calc, folder), calc, folder)
    return site_frames(search), network_of(stack, search)


def relaxed_anew(first, stack, calc, folder):
    """Return the walk of the first potential in a second one, and the network that it makes."""
    sites, network = first
    search = relax_walk(
        stack,
        lowest_walk("first", network, sites),
        calc,
        start_shift=0.1,
        seed=1,
        symmetry_tolerance=0.05,
        merge=MERGE,
        band=FINE,
        kept=kept(folder),
        on_path=lambda done, total: None,
    )
    return search, network_of(stack, search, walk_of="first")


def slid_host():
    """Return a larger host whose sheet lies elsewhere, so that its symmetry is another."""
    stack = make_stack(bottom=2, top=2, lattice=OTHER, ions=0)
    stack.positions[roles.top(stack), :2] += [0.4, 0.1]
    return stack


def test_a_walk_relaxed_anew_has_the_barrier_of_the_other_potential(first, tmp_path):
    stack = slid_host()
    calc = Corrugated(stack, lattice=OTHER, A=0.5, B=0.02)
    search, network = relaxed_anew(first, stack, calc, tmp_path)
    # From one hollow to the next a straight mirror line leads over the saddle.
    along = np.linspace(1 / 3, 2 / 3, 3001)
    cell = stack.cell.array[:2, :2] / 2
    line = [calc.potential(calc.origin + [u, 1 - u] @ cell) for u in along]
    barrier = max(line) - min(line)
    assert barrier > 0.2
    assert network.percolation_barrier.one_direction == pytest.approx(barrier, abs=1e-3)
    assert first[1].percolation_barrier.one_direction == pytest.approx(0.2, abs=1e-3)
    assert all(path.converged and not path.downhill for path in search.paths.values())
    assert network.walk and network.left_out == []
    own = centre_directions(stack, stack.get_masses())
    for site in search.sites:
        moved = site.positions[:-1] - stack.positions
        assert np.abs(np.tensordot(own, moved, axes=2)).max() < 1e-6
        assert stored_energy(site, "total") == pytest.approx(
            calc.potential(ion_position(site)), abs=1e-4
        )
    assert network.note == (
        "the lowest walk of first, relaxed anew: lower ways and sites were not looked "
        "for; without vibrations there are no rates"
    )
    profile = walk_profile(network, {path.label: path for path in search.paths.values()})
    assert profile["energy_eV"].max() == pytest.approx(barrier, abs=2e-3)


def test_sites_of_the_walk_that_are_none_here_fall_to_others_and_it_still_winds(first, tmp_path):
    stack = host()
    # One kind of hollow is a maximum like the tops; 4 C lead from one of the others to the next.
    calc = Corrugated(stack, lattice=LATTICE, A=0.03, B=0.03 * np.sqrt(3))
    search, network = relaxed_anew(first, stack, calc, tmp_path)
    assert {round(stored_energy(site, "total"), 3) for site in search.sites} == {-0.18}
    assert len(search.sites) == 4
    assert network.percolation_barrier.one_direction == pytest.approx(0.24, abs=1e-3)


REACTED = r"relaxed from site \d+ of first, the host reacted, 3 bonds broke inside the bottom layer"


@pytest.mark.parametrize("above", [1.0, -3.0])
def test_sites_of_the_walk_at_which_the_host_reacts_are_told_and_end_no_hop(first, above, tmp_path):
    stack = host()
    calc = Reacting(stack, above=above, lattice=LATTICE)
    search, network = relaxed_anew(first, stack, calc, tmp_path)
    # One kind of hollow is left, or none; every hop of the walk joins one kind to the other.
    assert len(network.sites) == (4 if above > 0 else 0)
    assert network.changed and all(re.match(REACTED, one) for one in network.changed)
    assert network.hops == [] and network.walk == []
    assert network.percolation_barrier.one_direction is None
    assert len(network.left_out) == len(lowest_walk("first", first[1], first[0]).hops)
    assert all(re.match(f"path-[-+0-9]+: {REACTED}", one) for one in network.left_out)
    told = rf"{len(network.changed)} of its sites are none here, .* \({REACTED}"
    assert re.search(told, network.note) and "lower ways:" not in network.note
    for path in search.paths.values():
        start, end, shift = path.edge
        for image, number, (a, b) in (
            (path.images[0], start, (0, 0)),
            (path.images[-1], end, shift),
        ):
            site = (search.sites + search.changed)[number]
            away = ion_position(image) - ion_position(site) - np.array([a, b]) @ stack.cell[:2, :2]
            assert np.abs(away).max() < 1e-9
    frames = site_frames(search)
    assert [frame.info["site"] for frame in frames] == list(range(len(frames)))
    for frame in frames:
        assert bool(change_of_host(frame, stack)) == ("changed" in frame.info)
    quantities = barrier_quantities({}, network, {})
    assert [one.value for one in quantities] == [None, None]
    assert all(one.note.startswith(network.no_walk) for one in quantities)
    assert network.no_walk == "sites of the walk are none here"
    panel = {"atoms": stack, "network": network}
    fig, table = plot_network({"m-g": panel})
    assert fig.axes[0].get_title() == f"m-g\n{network.no_walk}"
    assert (table["shown"] == "site").sum() == len(network.sites)
    save_figure(fig, tmp_path / "figure")
    (row,) = barrier_rows({}, network)
    assert (row["sites"], row["left_out"]) == (len(network.sites), len(network.left_out))


def test_a_network_without_a_walk_gets_one_sentence(first):
    sites, network = first
    with pytest.raises(
        StructureError, match=r"The network of first in .* barriers.walk_of to null"
    ):
        lowest_walk("first", network.model_copy(update={"walk": []}), sites)
