"""The network of an ion in a potential of closed form, from force calls to its diffusion."""

import json
from dataclasses import replace

import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator
from ase.units import kB
from corrugated import LATTICE, MERGE, Corrugated, host, paths_of, sites_of, vibrations_of

from anodeflow.stages.barriers.hops_in_runs import network_of
from anodeflow.stages.barriers.host_symmetry import orbit
from anodeflow.stages.barriers.joining import join_network
from anodeflow.stages.barriers.modes import TO_THZ
from anodeflow.stages.barriers.network_diffusion import TooColdError, network_diffusion
from anodeflow.stages.barriers.path_files import path_frames, read_paths, site_frames
from anodeflow.stages.barriers.paths import FoundPath, ends_of, network_operations
from anodeflow.stages.barriers.profile_figure import walk_profile
from anodeflow.stages.barriers.results import NetworkResult
from anodeflow.stages.barriers.sites import complete
from anodeflow.structures.files import read_frames, write_frames

STEP = LATTICE / np.sqrt(3)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Return host, potential, sites, paths and vibrations, read back from their files."""
    return searched(tmp_path_factory.mktemp("network"), B=0.0)


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """Return the same where one kind of hollow lies deeper."""
    return searched(tmp_path_factory.mktemp("uneven"), B=0.02)


def searched(folder, *, B):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, B=B)
    search = paths_of(stack, sites_of(stack, calc, folder), calc, folder)
    write_frames(folder / "sites.extxyz", site_frames(search))
    write_frames(folder / "paths.extxyz", path_frames(search))
    sites = read_frames(folder / "sites.extxyz")
    paths = read_paths(read_frames(folder / "paths.extxyz"))
    return stack, calc, sites, paths, vibrations_of(stack, search, calc, folder)


def joined(found, vibrations, *, paths=None, temperatures=(300.0, 500.0)):
    stack, _, sites, own, _ = found
    return join_network(
        stack,
        sites,
        own if paths is None else paths,
        vibrations,
        merge=MERGE,
        symmetry_tolerance=0.05,
        temperatures=temperatures,
    )


def test_barriers_rates_and_d_are_those_of_the_potential(found, tmp_path):
    _, calc, sites, _, vibrations = found
    network = joined(found, vibrations)
    barrier = 0.5 * calc.A
    assert len(network.sites) == 8 and len(network.hops) == 12
    # To the host hollows over C and over Ti are different, to the ion they are alike.
    assert len({site.like for site in network.sites}) == 2
    assert network.percolation_barrier.one_direction == pytest.approx(barrier, abs=1e-3)
    assert network.percolation_barrier.both_directions == pytest.approx(barrier, abs=1e-3)
    again = network_diffusion(network_of(network, found[0].cell.array[:2, :2]), 300.0)
    assert again.in_plane_cm2_s == pytest.approx(network.motion[0].D_cm2_s, rel=1e-9)
    mass = sites[0].get_masses()[-1]
    at_site = calc.curvatures(np.array(network.sites[0].position[:2]))
    saddle = np.array(network.sites[network.hops[0].start].position[:2])
    at_saddle = calc.curvatures(saddle + np.array(network.hops[0].vector) / 2)
    prefactor = TO_THZ * np.sqrt(at_site.prod() / at_saddle.max() / mass)
    for hop in network.hops:
        assert hop.prefactor_per_ps == pytest.approx(prefactor, rel=0.01)
        assert np.linalg.norm(hop.vector) == pytest.approx(STEP, abs=0.02)
    for row in network.motion:
        # Three ways out of each site of a honeycomb, all alike: D = Γ l²/4 of the total rate Γ.
        rate = 3 * prefactor * np.exp(-barrier / (kB * row.temperature_K))
        assert row.D_cm2_s == pytest.approx(rate * STEP**2 / 4 * 1e-4, rel=0.02)
        assert row.anisotropy == pytest.approx(1.0, abs=0.01)
        assert row.limiting_share == pytest.approx(1.0)
    assert network.error_eV < 0.02
    assert network.left_out == [] and network.note == ""
    network.write(tmp_path / "network.json")
    assert NetworkResult.read(tmp_path / "network.json") == network
    json.loads((tmp_path / "network.json").read_text())


def test_a_walk_winds_round_the_cell(found):
    network = joined(found, None)
    at, cell = network.hops[network.walk[0].hop].start, np.zeros(2, dtype=int)
    first = at
    for step in network.walk:
        hop = network.hops[step.hop]
        assert at == (hop.end if step.backward else hop.start)
        at = hop.start if step.backward else hop.end
        cell += np.array(hop.shift) * (-1 if step.backward else 1)
    assert at == first and cell.any()


def test_without_vibrations_there_are_barriers_and_no_rates(found):
    network = joined(found, None)
    assert network.percolation_barrier.one_direction == pytest.approx(0.2, abs=1e-3)
    assert network.motion == []
    assert network.hops[0].prefactor_per_ps is None
    assert network.note == "without vibrations there are no rates"


def test_a_path_that_did_not_converge_is_named_and_left_out(found):
    (path,) = found[3]
    network = joined(found, None, paths=[replace(path, fmax=0.3, converged=False)])
    assert network.hops == []
    assert network.percolation_barrier.one_direction is None
    assert network.left_out == [f"{path.label}: a force of 0.3 eV/Å is left on it"]
    assert network.note.startswith(
        f"paths were left out, so that there may be lower ways: {path.label}"
    )


def raised_copy(path, raised, fmax):
    """Return a path elsewhere that did not converge, its images higher by so much (eV)."""
    images = [image.copy() for image in path.images]
    for image, energy in zip(images, path.energies, strict=True):
        image.info |= path.images[0].info
        image.calc = SinglePointCalculator(
            image, energy=energy + raised, forces=np.zeros((len(image), 3))
        )
    start, end, (along_a, along_b) = path.edge
    edge = start, end, (along_a + 5, along_b)
    return replace(path, edge=edge, images=images, fmax=fmax, converged=False)


@pytest.mark.parametrize(("raised", "fmax", "may_be_lower"), [
    (0.1, 0.06, False),  # its saddle lies above its band, which lies above the barrier
    (0.1, 0.5, True),  # the band may fall by 0.125 eV
    (-0.01, 0.06, True),
])  # fmt: skip
def test_a_path_that_was_left_out_may_be_a_lower_way_unless_its_band_lies_above_the_barrier(
    found, raised, fmax, may_be_lower
):
    (path,) = found[3]
    other = raised_copy(path, raised, fmax)
    network = joined(found, None, paths=[path, other])
    assert network.percolation_barrier.both_directions == pytest.approx(0.2, abs=1e-3)
    named = f"paths were left out, so that there may be lower ways: {other.label}"
    above = "paths were left out, whose saddles lie above the barriers"
    assert network.note.startswith(named if may_be_lower else above)


@pytest.mark.parametrize("raised", [0.1, -0.01])
def test_where_the_ion_lies_lower_in_another_part_lower_ways_are_told_by_saddles_all_the_same(
    found, raised
):
    stack, calc, sites, (path,), vibrations = found
    below = [site.copy() for site in sites]
    for site in below:
        site.positions[-1, 2] += 1.0
        site.info["energy_model"] -= 0.5
    other = raised_copy(path, raised, 0.06)
    network = joined((stack, calc, [*sites, *below], [path], vibrations), None, paths=[path, other])
    assert min(site.energy_eV for site in network.sites[: len(sites)]) == pytest.approx(0.5)
    assert network.percolation_barrier.both_directions == pytest.approx(0.2, abs=1e-3)
    assert (other.label in network.note) == (raised < 0)


def test_a_path_at_whose_top_the_host_reacted_or_the_ion_left_is_named_and_left_out(found):
    (path,) = found[3]
    for atom, said in ((4, "the host reacted, 3 bonds broke inside"), (-1, "it left the gap, +")):
        images = list(path.images)
        images[path.top] = top = images[path.top].copy()
        top.positions[atom, 2] += 3.0
        top.calc = SinglePointCalculator(top, energy=path.energies[path.top])
        network = joined(found, None, paths=[replace(path, images=images)])
        (told,) = network.left_out
        assert told.startswith(f"{path.label}: at its top {said}")
        assert network.hops == []


def sloping(path, sites):
    """Return a path that is downhill to its start, and the sites with its end above that."""
    slope, raised = [image.copy() for image in path.images], [site.copy() for site in sites]
    for number, image in enumerate(slope):
        energy = path.energies[0] + 0.01 * number
        image.calc = SinglePointCalculator(image, energy=energy, forces=np.zeros((len(image), 3)))
    raised[path.edge[1]].info["energy_model"] += 0.01 * (len(slope) - 1)
    return replace(path, images=slope), raised


def test_a_site_from_which_it_is_downhill_to_one_place_is_part_of_that(found):
    stack, calc, sites, (path,), _ = found
    slope, raised = sloping(path, sites)
    askew = stack.copy()
    askew.positions[-1, 0] += 0.1  # beyond the tolerance, so that no other path is alike
    network = joined((askew, calc, raised, [slope], None), None)
    assert network.left_out == [] and network.hops == []
    end = network.sites[path.edge[1]]
    assert end.within == path.edge[0]
    assert [site.within for site in network.sites if site is not end] == [None] * 7


def test_a_site_from_which_it_is_downhill_to_three_is_no_saddle_and_is_named(found):
    stack, calc, sites, (path,), _ = found
    slope, raised = sloping(path, sites)
    alike = [one.copy() for one in raised]
    like = [site.like for site in joined(found, None).sites]
    for site, one in enumerate(alike):
        if like[site] == like[path.edge[1]]:
            one.info["energy_model"] = raised[path.edge[1]].info["energy_model"]
    network = joined((stack, calc, alike, [slope], None), None)
    top = like[path.edge[1]]
    assert network.hops == []
    (told,) = network.left_out
    assert told.startswith(f"site-{top}: from there it is downhill to more than two places")
    assert f"there may be lower ways: site-{top}" in network.note
    assert sum(site.within is None for site in network.sites) == 4


def through_its_saddles(found):
    """Return what was found as if its saddles were sites, from which it is downhill both ways."""
    stack, calc, sites, (path,), vibrations = found
    saddle = path.images[path.top].copy()
    energy = float(path.energies[path.top])
    saddle.info = {"energy_model": energy, "energy_dispersion": 0.0, "starts": "1 on C"}
    saddle.calc = path.images[path.top].calc
    every = complete([*sites, saddle], stack, 0.05, MERGE)
    (start, end, shift), number = path.edge, len(sites)
    up = FoundPath((start, number, (0, 0)), path.images[: path.top + 1], path.fmax, True)
    down = FoundPath((number, end, shift), path.images[path.top :], path.fmax, True)
    modes = {**vibrations.sites, str(number): vibrations.saddles[path.label]}
    seen = vibrations.model_copy(update={"sites": modes, "saddles": {}})
    return stack, calc, every, [up, down], seen


@pytest.mark.parametrize("order", [1, -1])
def test_a_site_that_is_a_saddle_is_the_hop_between_the_sites_on_both_of_its_sides(uneven, order):
    usual, other = joined(uneven, uneven[4]), through_its_saddles(uneven)
    network = joined(other, other[4], paths=other[3][::order])
    assert len(other[2]) == 8 + 12
    assert sum(site.within is None for site in network.sites) == 8
    assert len(network.hops) == len(usual.hops) == 12
    assert network.percolation_barrier == usual.percolation_barrier
    assert network.left_out == [] and network.note == ""
    for one, same in zip(network.motion, usual.motion, strict=True):
        assert one.D_cm2_s == pytest.approx(same.D_cm2_s, rel=1e-9)
        assert one.limiting_path == " and ".join(sorted(half.label for half in other[3]))
        assert one.limiting_share == pytest.approx(1.0)
    for hop in network.hops:
        # Each leads up the path that begins at a site like its start.
        ends = {half.label: half.edge for half in other[3]}
        assert network.sites[hop.start].like in (network.sites[n].like for n in ends[hop.path][:2])
        assert network.sites[hop.end].like in (network.sites[n].like for n in ends[hop.then][:2])
        assert network.sites[hop.over].imaginary == 1
        assert network.sites[hop.over].log_vibrations is None


def test_the_profile_over_a_saddle_that_is_a_site_is_that_of_the_whole_path(uneven):
    other = through_its_saddles(uneven)
    network = joined(other, other[4])
    profile = walk_profile(network, {path.label: path for path in other[3]})
    usual = walk_profile(joined(uneven, None), {path.label: path for path in uneven[3]})
    for table in (profile, usual):
        assert table["energy_eV"].max() == pytest.approx(
            network.percolation_barrier.one_direction, abs=1e-3
        )
    images = profile[profile["shown"] == "image"]
    for number, step in images.groupby("step"):
        walked = network.walk[number]
        hop = network.hops[walked.hop]
        ends = [network.sites[end].energy_eV for end in (hop.start, hop.end)]
        ends = ends[::-1] if walked.backward else ends
        lowest = min(site.energy_eV for site in network.sites)
        assert step["energy_eV"].iloc[[0, -1]].tolist() == pytest.approx(
            [end - lowest for end in ends], abs=1e-3
        )
        assert np.diff(step["distance"]).min() >= 0
        assert step["path"].tolist()[0] == (hop.then if walked.backward else hop.path)
        assert len(step) == len(uneven[3][0].images) + 1


def test_a_hop_beside_a_site_that_is_no_saddle_stays(found):
    stack, calc, every, halves, vibrations = through_its_saddles(found)
    (path,) = found[3]
    higher = raised_copy(path, 0.001, path.fmax)
    beside = replace(higher, edge=path.edge, converged=True)
    flat = vibrations.sites["8"].model_copy(update={"frequencies_THz": [1.0, 1.0, 2.0]})
    seen = vibrations.model_copy(
        update={"sites": vibrations.sites | {"8": flat}, "saddles": found[4].saddles}
    )
    network = joined((stack, calc, every, [*halves, beside], seen), seen)
    assert [hop.path for hop in network.hops] == [path.label] * 12
    assert [told.partition(":")[0] for told in network.left_out] == ["site-8"]


def test_a_level_path_between_sites_that_are_alike_is_named(found):
    (path,) = found[3]
    level = [image.copy() for image in path.images]
    for image in level:
        image.calc = SinglePointCalculator(image, energy=path.energies[0])
    start = path.edge[0]
    network = joined(found, None, paths=[replace(path, images=level, edge=(start, start, (1, 0)))])
    assert network.left_out == [
        f"path-{start}-{start}+1+0: it is level, between sites that are alike"
    ]
    assert all(site.within is None for site in network.sites)


def test_a_site_between_two_others_is_no_saddle_unless_it_has_one_imaginary_mode(found):
    other = through_its_saddles(found)
    flat = other[4].sites["8"].model_copy(update={"frequencies_THz": [-1.0, -1.0, 2.0]})
    network = joined(other, other[4].model_copy(update={"sites": other[4].sites | {"8": flat}}))
    assert network.hops == []
    assert network.left_out == [
        "site-8: from there it is downhill to two places, and it has 2 imaginary modes where a "
        "saddle has one"
    ]


def test_a_path_over_a_saddle_to_a_site_that_is_one_itself_is_named(found):
    stack, calc, every, halves, _ = through_its_saddles(found)
    way = found[3][0]
    odd = replace(way, edge=(way.edge[0], 8, (3, 0)))
    network = joined((stack, calc, every, [*halves, odd], None), None)
    assert network.left_out == [
        f"{odd.label}: it ends at site 8, from which it is downhill to several places"
    ]
    assert len(network.hops) == 12


def test_a_temperature_too_low_for_d_has_no_row_and_barriers_stay(found, monkeypatch):
    def in_the_warm(network, temperature):
        if temperature < 100.0:
            raise TooColdError
        return network_diffusion(network, temperature)

    monkeypatch.setattr("anodeflow.stages.barriers.joining.network_diffusion", in_the_warm)
    network = joined(found, found[4], temperatures=(40.0, 300.0))
    assert network.percolation_barrier.one_direction == pytest.approx(0.2, abs=1e-3)
    assert [row.temperature_K for row in network.motion] == [300.0]
    assert network.note == "at 40 K hops differ by too many orders for D to be computed"


def test_a_way_that_was_found_twice_is_one_hop_and_one_that_bends_the_other_way_is_another(found):
    (path,) = found[3]
    operations = network_operations(found[0], found[2], tolerance=0.05, merge=MERGE)
    others = sorted(orbit(path.edge, operations) - {path.edge})
    start, end = ends_of(others[0], found[2])
    middle = start.copy()
    middle.positions[-1] = (start.positions[-1] + end.positions[-1]) / 2
    middle.calc = SinglePointCalculator(middle, energy=path.energies[path.top] + 1e-4)
    again = replace(path, edge=others[0], images=[start, middle, end])
    assert len(joined(found, None, paths=[path, again]).hops) == 12
    way = end.positions[-1] - start.positions[-1]
    middle.positions[-1, :2] += 0.8 * np.array([-way[1], way[0]]) / np.linalg.norm(way[:2])
    middle.calc = SinglePointCalculator(middle, energy=path.energies[path.top] + 0.05)
    hops = joined(found, None, paths=[path, again]).hops
    # Each edge has the straight way, one that bends to the left and one to the right.
    assert len(hops) == 3 * 12
    assert sum(hop.path == path.label for hop in hops) == 12


def test_a_top_without_one_imaginary_mode_is_no_saddle_and_a_site_with_one_has_no_rates(found):
    vibrations, (path,) = found[4], found[3]
    saddle = vibrations.saddles[path.label]
    flat = saddle.model_copy(update={"frequencies_THz": [-1.0, -1.0, 2.0]})
    network = joined(found, vibrations.model_copy(update={"saddles": {path.label: flat}}))
    assert network.left_out == [
        f"{path.label}: its top has 2 imaginary modes where a saddle has one"
    ]
    assert network.note.endswith(f"there may be lower ways: {path.label}")
    soft = vibrations.sites["0"].model_copy(update={"frequencies_THz": [-1.0, 2.0]})
    sites = vibrations.sites | {"0": soft}
    network = joined(found, vibrations.model_copy(update={"sites": sites}))
    assert network.motion == []
    assert network.note == "sites 0 have imaginary modes, so that there are no rates"
    assert network.sites[0].log_vibrations is None
    for hop in network.hops:
        from_it, to_it = (network.sites[end].like == 0 for end in (hop.start, hop.end))
        assert (hop.prefactor_per_ps is None, hop.prefactor_back_per_ps is None) == (from_it, to_it)
