"""Sites, paths, saddles and vibrations of an ion whose potential is known in closed form."""

import dataclasses
import io

import numpy as np
import pytest
from ase import Atoms
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms
from ase.mep import NEB, DimerControl, MinModeAtoms, MinModeTranslate
from ase.optimize import BFGS
from corrugated import (
    FINE,
    LATTICE,
    MERGE,
    Z_STIFFNESS,
    Corrugated,
    host,
    kept,
    paths_of,
    sites_of,
)
from demo_model import load_demo
from springs import make_stack

from anodeflow.errors import CalculatorError, StructureError
from anodeflow.evaluation.kept_states import KeptStates
from anodeflow.stages.barriers import paths
from anodeflow.stages.barriers.band import Band, BandSettings, relax_band
from anodeflow.stages.barriers.held_centres import held
from anodeflow.stages.barriers.host_symmetry import (
    HostOperation,
    host_operations,
    orbit,
    site_operation,
    symmetric_copy,
)
from anodeflow.stages.barriers.modes import TO_THZ, find_modes, vibrating
from anodeflow.stages.barriers.path_files import path_frames, read_paths
from anodeflow.stages.barriers.paths import neighbouring
from anodeflow.stages.barriers.sites import (
    find_sites,
    ion_position,
    ion_positions,
    refuse_other_host,
    with_ion,
)
from anodeflow.structures import roles
from anodeflow.structures.files import stored_energy
from anodeflow.structures.sites import hollow_sites


def test_all_starts_fall_into_the_hollows_which_are_the_minima(tmp_path):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, B=0.02)
    sites = sites_of(stack, calc, tmp_path)
    assert len(sites) == 8
    depth = [stored_energy(site, "total") for site in sites]
    assert depth == pytest.approx(sorted([-0.6 - 0.0519615, -0.6 + 0.0519615] * 4), abs=1e-4)
    places = [site.info["starts"] for site in sites]
    # Of the 4 hollows over C, 4 over Ti and 4 tops one each is relaxed, the others by symmetry.
    reached = [part for place in places if place != "by symmetry" for part in place.split(", ")]
    assert sorted(reached) == ["4 on O", "4 over C", "4 over Ti"]
    for site in sites:
        assert np.linalg.norm(calc.gradient(ion_position(site))) < 0.002
        assert "start" not in site.info


def test_a_path_has_the_barrier_of_the_potential_and_equivalent_ones_are_relaxed_once(tmp_path):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE)
    sites = sites_of(stack, calc, tmp_path)
    found = paths_of(stack, sites, calc, tmp_path)
    # Twelve edges between neighbouring hollows, which the host's three-fold axes make one.
    assert len(neighbouring(ion_positions(sites), stack.cell.array[:2, :2], 2.0)) == 12
    assert len(found.paths) == 1 and not found.split
    (path,) = found.paths.values()
    assert path.converged and path.fmax <= 0.002
    assert path.energies.max() - path.energies[0] == pytest.approx(0.5 * calc.A, abs=1e-4)
    assert len(orbit(path.edge, found.operations())) == 12


def band_between(ends, calc, folder, images):
    """Return a band that is relaxed between places in the plane (2, 2), Å, of the ion."""
    stacks = []
    for place in ends:
        ion = Atoms("Na", positions=[[*place, calc.height]], tags=[roles.ION])
        stacks.append(held(host() + ion))
        stacks[-1].calc = calc
        results = {"energy": stacks[-1].get_potential_energy(), "forces": stacks[-1].get_forces()}
        stacks[-1].calc = SinglePointCalculator(stacks[-1], **results)
    settings = dataclasses.replace(FINE, images=images)
    kept = KeptStates(folder, "toy", io.StringIO())
    band, reached = relax_band(
        *stacks, calc, label=f"{images}", settings=settings, dip=0.005, kept=kept
    )
    assert reached <= FINE.saddle_fmax
    return band


def test_five_and_nine_images_and_a_dimer_find_one_saddle_off_the_middle(tmp_path):
    calc = Corrugated(host(), lattice=LATTICE, B=0.1)
    hollows = hollow_sites(host())
    ends = [hollows[0], next(xy for xy in hollows[1:] if np.linalg.norm(xy - hollows[0]) < 1.8)]
    # By a mirror the path is straight, so its top is that of the potential on the line.
    line = np.linspace(*ends, 2001)
    heights = [calc.potential(place) for place in line]
    assert abs(np.argmax(heights) / 2000 - 0.5) > 0.05
    bands = [band_between(ends, calc, tmp_path, images) for images in (5, 9)]
    before, start, after = (bands[0].neb.images[bands[0].energies.argmax() + n] for n in (-1, 0, 1))
    start = start.copy()
    start.set_positions(start.positions + np.random.default_rng(1).normal(0, 0.05, (len(start), 3)))
    start.calc = calc
    mode = after.positions - before.positions
    control = DimerControl(logfile=None, eigenmode_logfile=None)
    dimer = MinModeAtoms(start, control, eigenmodes=[mode / np.linalg.norm(mode)])
    assert MinModeTranslate(dimer, logfile=None).run(fmax=FINE.saddle_fmax, steps=300)
    assert dimer.get_curvature() < 0
    saddles = [*(band.energies.max() for band in bands), dimer.get_potential_energy()]
    assert saddles == pytest.approx([max(heights)] * 3, abs=1e-4)


def test_a_site_that_was_missed_splits_the_path_that_leads_across_it(tmp_path):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, B=0.01)
    every = sites_of(stack, calc, tmp_path)
    deep = [site for site in every if stored_energy(site, "total") < -0.6]
    found = paths_of(stack, deep, calc, tmp_path, longest=3.1)
    assert len(deep) == 4 and len(found.sites) == 8
    assert found.split and found.paths
    for path in found.paths.values():
        assert path.converged and path.fmax <= 0.002 and not path.downhill
        ends = ion_position(path.images[0]), ion_position(path.images[-1])
        assert np.linalg.norm(ends[1] - ends[0]) < 2.0
    lateral = ion_positions(found.sites)
    for place in lateral:
        assert np.linalg.norm(calc.gradient(place)) < 0.003


def test_a_search_that_ends_in_its_last_round_is_done(tmp_path, monkeypatch):
    rounds = []

    def split(search, distinct, *_, **__):
        rounds.append(distinct)
        (start, end, (a, b)) = distinct[0]
        search.paths[distinct[0]] = None
        return [(start, end, (a, b + 1))] if len(rounds) < paths.ROUNDS else []

    monkeypatch.setattr(paths, "_relax_together", split)
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE)
    sites = sites_of(stack, calc, tmp_path)
    search = paths.Search.of(stack, sites[:1], MERGE, 0.05)
    how = {"band": FINE, "kept": kept(tmp_path), "on_path": lambda done, total: None}
    assert paths.relax_paths(search, [(0, 0, (1, 0))], calc, **how) is search
    assert len(rounds) == paths.ROUNDS
    monkeypatch.setattr(paths, "ROUNDS", 2)
    rounds.clear()
    search = paths.Search.of(stack, sites[:1], MERGE, 0.05)
    monkeypatch.setattr(paths, "_relax_together", lambda *_, **__: [(0, 0, (len(rounds), 9))])
    with pytest.raises(StructureError, match="were split 2 times"):
        paths.relax_paths(search, [(0, 0, (1, 0))], calc, **how)


class InBatches(Corrugated):
    """The potential as a calculator that takes many structures at once."""

    batch_size = 64

    def evaluate(self, structures):
        self.sizes = [*getattr(self, "sizes", []), len(structures)]
        found = []
        for atoms in structures:
            self.calculate(atoms)
            found.append(dict(self.results))
        return found


def test_all_images_of_all_paths_are_one_batch_and_end_as_they_do_one_by_one(tmp_path):
    stack, found = host(), {}
    for kind in (Corrugated, InBatches):
        calc = kind(stack, lattice=LATTICE, B=0.02)
        folder = tmp_path / kind.__name__
        folder.mkdir()
        sites = sites_of(stack, calc, folder)
        found[kind] = paths_of(stack, sites, calc, folder, longest=3.1)
    alone, together = found.values()
    assert alone.paths.keys() == together.paths.keys() and len(alone.paths) > 0
    for edge, path in alone.paths.items():
        for one, other in zip(path.images, together.paths[edge].images, strict=True):
            np.testing.assert_array_equal(one.positions, other.positions)
    assert max(calc.sizes) >= 2 * FINE.images


def test_a_dip_that_leads_back_to_an_end_splits_no_path(tmp_path, monkeypatch):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, B=0.03)
    sites = sites_of(stack, calc, tmp_path)
    (usual,) = paths_of(stack, sites, calc, tmp_path).paths.values()
    # As of a band whose first image happens to lie low before the top one climbs.
    monkeypatch.setattr(Band, "dips", lambda band, depth: [] if band.neb.climb else [1])
    (tmp_path / "dipping").mkdir()
    found = paths_of(stack, sites, calc, tmp_path / "dipping")
    (path,) = found.paths.values()
    assert path.converged and not found.split
    for image, other in zip(path.images, usual.images, strict=True):
        np.testing.assert_array_equal(image.positions, other.positions)


def test_a_path_with_a_dip_from_which_the_host_reacts_is_kept_as_faulty(tmp_path, monkeypatch):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, B=0.01)
    deep = [one for one in sites_of(stack, calc, tmp_path) if stored_energy(one, "total") < -0.6]
    reacted = "the host reacted, 1 bond broke"
    monkeypatch.setattr(paths, "change_of_host", lambda atoms, host: reacted)
    found = paths_of(stack, deep, calc, tmp_path, longest=3.1)
    assert found.paths and not found.split and len(found.sites) == 4
    assert {path.fault for path in found.paths.values()} == {f"relaxed from a dip on it, {reacted}"}
    read = read_paths(path_frames(found))
    assert [path.fault for path in read] == [path.fault for path in found.paths.values()]


def test_sites_that_no_path_joins_get_one_sentence(tmp_path):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE)
    sites = sites_of(stack, calc, tmp_path)
    with pytest.raises(
        StructureError, match=r"No site in C12O8Ti8 \(8 in the cell\) .* raise barriers.longest_hop"
    ):
        paths_of(stack, sites, calc, tmp_path, longest=1.0)


def test_ends_that_are_one_site_get_one_sentence(tmp_path):
    stack = host()
    sites = [with_ion(stack, "Na", np.array(place), 4.0) for place in ((0, 0), (3, 0), (-0.3, 0.2))]
    for site in sites:
        site.info.update(energy_model=-1.0, energy_dispersion=0.0)
    with pytest.raises(StructureError, match=r"^Sites 0 and 2 are one site, as .* 0.5 Å and 5 meV"):
        paths_of(stack, sites, Corrugated(stack, lattice=LATTICE), tmp_path)


def test_a_model_without_the_ion_and_a_stack_with_ions_get_one_sentence(tmp_path):
    stack = host()
    how = {"spacing": 4.0, "start_shift": 0.1, "seed": 1, "merge": MERGE}
    how |= {"symmetry_tolerance": 0.05, "kept": kept(tmp_path), "on_start": lambda _: None}
    with pytest.raises(CalculatorError, match=r"H, C, O, Na, Ti, not Mg \(of C12Mg") as one:
        find_sites(stack, load_demo(tmp_path, "float64"), element="Mg", **how)
    filled = make_stack(lattice=LATTICE)
    with pytest.raises(StructureError, match=r"holds ions \(1 with tag 20\)") as two:
        find_sites(filled, Corrugated(stack, lattice=LATTICE), element="Na", **how)
    for caught in (one, two):
        assert "\n" not in str(caught.value)


def test_vibrations_and_vineyard_s_prefactor_are_those_of_the_curvatures(tmp_path):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE)
    sites = sites_of(stack, calc, tmp_path)
    (path,) = paths_of(stack, sites, calc, tmp_path).paths.values()
    images, saddle = path.images, path.images[path.top]
    atoms = vibrating([images[0], saddle], 3.0)
    assert 1 < len(atoms) < len(saddle) and len(saddle) - 1 in atoms
    bands = KeptStates(tmp_path, "toy", io.StringIO())
    options = {"atoms": atoms, "displacement": 0.01, "kept": bands, "on_call": lambda _: None}
    site, top = (
        find_modes(stack, calc, label=name, **options)
        for name, stack in (("site", images[0]), ("saddle", saddle))
    )
    assert ((site < 0).sum(), (top < 0).sum()) == (0, 1)
    mass = images[0].get_masses()[-1]
    at_site, at_saddle = (
        np.array([*calc.curvatures(ion_position(one)), Z_STIFFNESS]) for one in (images[0], saddle)
    )
    assert (at_saddle < 0).sum() == 1
    frequencies = [TO_THZ * np.sqrt(values[values > 0] / mass) for values in (at_site, at_saddle)]
    ratio = np.prod(frequencies[0]) / np.prod(frequencies[1])
    assert site.prod() / top[top > 0].prod() == pytest.approx(ratio, rel=0.01)


def test_a_root_of_one_ev_per_angstrom2_and_unit_mass_is_15_633_thz():
    # 521.471 cm-1 in ASE's and VASP's own tables.
    assert pytest.approx(521.471 * 0.0299792458, rel=1e-5) == TO_THZ


def test_a_symmetric_copy_has_the_energy_of_the_original_and_the_host_in_its_place():
    stack = host()
    rng = np.random.default_rng(3)
    filled = stack + Atoms("Na", positions=[[1.0, 0.7, 24.0]])
    filled.positions[:-1] += rng.normal(scale=0.05, size=(len(stack), 3))
    filled.calc = calc = Corrugated(stack, lattice=LATTICE, B=0.03)
    filled.get_forces()
    every = host_operations(stack, 0.05)
    assert len(every) == 6 * 4  # 3m, and the translations of 2 × 2 unit cells
    energies = []
    for operation in every:
        copy = symmetric_copy(filled, stack, operation)
        assert (copy.numbers == filled.numbers).all()
        assert np.abs(copy.positions - filled.positions)[:-1].max() < 0.5
        turned = copy.get_forces()
        copy.calc = calc
        energies.append(copy.get_potential_energy())
        np.testing.assert_allclose(turned, copy.get_forces(), atol=1e-9)
    assert np.ptp(energies) < 1e-9


def test_an_operation_maps_sites_that_lie_close_together_by_their_energies():
    # Two pairs, 0.1 Å and 10 meV apart inside each; a shift maps one pair on the other.
    sites = np.array([[1.0, 1.0], [1.1, 1.0], [3.06, 1.0], [3.16, 1.0]])
    energies = np.array([0.0, 0.01, 0.0, 0.01])
    half = HostOperation(np.eye(2, dtype=int), np.array([0.5, 0.0]))
    near = {"within": 0.5, "energy": 0.005}
    found = site_operation(half, sites, energies, 4.0 * np.eye(2), **near)
    assert found.sites.tolist() == [2, 3, 0, 1]
    assert found.apply((0, 1, (0, 0))) == (2, 3, (0, 0))
    assert found.apply((2, 3, (0, 0))) == (0, 1, (0, 0))
    assert site_operation(half, sites, energies[::-1], 4.0 * np.eye(2), **near) is not None
    uneven = np.array([0.0, 0.01, 0.02, 0.03])
    assert site_operation(half, sites, uneven, 4.0 * np.eye(2), **near) is None


def test_a_path_that_leaves_the_cell_is_as_long_as_one_inside():
    square = np.array([[0.1, 0.1], [2.9, 0.1]])
    paths = neighbouring(square, 4.0 * np.eye(2), 1.5)
    assert paths == [(0, 1, (-1, 0))]


def test_an_adatom_s_barrier_is_that_of_ase_alone(tmp_path):
    slab = fcc100("Al", (2, 2, 2), vacuum=6.0)
    ends = []
    for place in ("hollow", "hollow"):
        end = slab.copy()
        add_adsorbate(end, "Au", 1.7, place)
        end.positions[-1, 0] += len(ends) * slab.cell[0, 0] / 2
        end.set_constraint(FixAtoms(mask=end.symbols == "Al"))
        end.calc = EMT()
        BFGS(end, logfile=None).run(fmax=0.005)
        results = dict(end.calc.results)
        end.calc = SinglePointCalculator(end, energy=results["energy"], forces=results["forces"])
        ends.append(end)
    band, reached = relax_band(
        *ends,
        EMT(),
        label="adatom",
        settings=BandSettings(5, 0.05, 0.005, 300),
        dip=0.005,
        kept=KeptStates(tmp_path, "EMT", io.StringIO()),
    )
    images = [ends[0].copy() for _ in range(6)] + [ends[1].copy()]
    for image in images:
        image.calc = EMT()
    plain = NEB(images, climb=True, method="improvedtangent")
    plain.interpolate("idpp", mic=True)
    BFGS(plain, logfile=None).run(fmax=0.005, steps=300)
    ours, theirs = (
        max(image.get_potential_energy() for image in found) - images[0].get_potential_energy()
        for found in (band.neb.images, images)
    )
    assert reached <= 0.005
    assert ours > 0.1
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_relaxations_that_end_without_a_site_get_one_sentence(tmp_path):
    stack = host()
    above, reacts = (
        Corrugated(stack, lattice=LATTICE, spacing=8.4),
        Corrugated(stack, lattice=LATTICE),
    )
    reacts.rest[4, 2] += 1.5  # where a facing O leaves its metals
    for calc, said in (
        (above, r"it left the gap, \+"),
        (reacts, "the host reacted, 3 bonds broke"),
    ):
        folder = tmp_path / said[:2]
        folder.mkdir()
        with pytest.raises(
            StructureError, match=rf"^The ion .* \(start 0\) found no site in C12O8Ti8: {said}"
        ):
            sites_of(stack, calc, folder)


def test_an_ion_outside_the_gap_and_a_host_that_reacts_get_one_sentence():
    stack = host()
    filled = stack + Atoms("Na", positions=[[1.0, 0.7, 31.0]], tags=[20])
    with pytest.raises(StructureError, match="left the gap") as caught:
        refuse_other_host(filled, stack, "from over C (start 3)")
    assert "\n" not in str(caught.value)
    filled.positions[-1, 2] = 24.0
    refuse_other_host(filled, stack, "from over C (start 3)")
    filled.positions[4, 2] += 1.5  # a facing O leaves its metals
    with pytest.raises(
        StructureError, match=r"the host reacted, 3 bonds broke inside the bottom layer, among them"
    ):
        refuse_other_host(filled, stack, "from over C (start 3)")
