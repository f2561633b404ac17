"""Published and rigorous settings side by side, each pair where the truth is known."""

import io

import h5py
import numpy as np
import pandas as pd
import pytest
from ase import units
from scipy.special import gammaln
from springs import make_stack, simulate
from study import GRAPHENE, HEIGHT, TI2CO2
from test_diffusion import NEIGHBOUR, SETTINGS, STEP_PS, hopping, host, rattling, trajectory
from toy import DEPTH, SPRING, Toy

from anodeflow import tags
from anodeflow.adhesion import in_common_cell, reference_layers, scan_spacings
from anodeflow.adhesion_curve import (
    adhesion_curve,
    area_nm2,
    peak_fit,
    select_curve,
    strain_energy,
    summarise_adhesion,
)
from anodeflow.bonds import find_bonds
from anodeflow.calculators import load_calculator
from anodeflow.diffusion import analyse_diffusion
from anodeflow.layers import build_layer, build_unit
from anodeflow.msd import displacement_from_first, mean_square_displacement, window_lags
from anodeflow.relaxation import relax
from anodeflow.spacing import spacing_map, spacing_of
from anodeflow.stacks import boundary_warning, stack_layers
from anodeflow.structure_check import check_structure
from anodeflow.weights import fetch_weights

PUBLISHED_COUPLING_FS = 0.10180505671
FAR = TI2CO2 | {"metal_x_height": 3.0, "metal_termination_height": 3.0}


def layer_with(group, carrier="middle"):
    settings = {"builder": "functionalised", "base": "graphene", "group": group}
    return build_layer(settings | {"carrier": carrier}, cell_height=HEIGHT, base=GRAPHENE)


def stack_with(top, strained="top"):
    return stack_layers(
        build_layer(TI2CO2, cell_height=HEIGHT),
        top,
        strained=strained,
        spacing=3.5,
        registry=(0.0, 0.0),
        strain_limit=0.03,
        cell_height=HEIGHT,
    )


def relaxed(atoms, calc, *, fmax=1e-3):
    return relax(
        atoms,
        calc,
        optimiser="BFGS",
        fmax=fmax,
        max_steps=500,
        cell="fixed",
        fingerprint_extra="",
        checkpoint=None,
        unfinished=None,
        log=io.StringIO(),
    )


@pytest.fixture(scope="module")
def models(root, tmp_path_factory):
    """The demo model and CHGNet, without D3."""
    folder, loaded = tmp_path_factory.mktemp("weights"), {}
    sources = {"mace": str(root / "resources/demo-model/mace-mxene-demo.model"), "chgnet": "0.3.0"}
    for family, source in sources.items():
        files = folder / f"{family}.model", folder / f"{family}.json"
        unpinned = {"sha256": None, "mirror": None, "lock": folder / "lock.json"}
        fetch_weights(*files, family=family, source=source, **unpinned)
        dtype = {"mace": "float64", "chgnet": "float32"}[family]
        options = {"family": family, "device": "cpu", "dispersion": None, "dtype": dtype}
        loaded[family] = load_calculator(*files, **options)
    return loaded


# Coupling time of the thermostat


def test_the_published_coupling_time_is_a_hundredth_of_ases_unit_of_time():
    assert PUBLISHED_COUPLING_FS * units.fs == pytest.approx(0.01, rel=1e-9)


@pytest.fixture(scope="module")
def coupled(tmp_path_factory):
    """Kinetic energies and velocities, every femtosecond, with either coupling time."""
    found = {}
    for tau in (100.0, PUBLISHED_COUPLING_FS):
        path = tmp_path_factory.mktemp("coupled") / "run.h5"
        run = simulate(
            path,
            thermostat_time_fs=tau,
            equilibration_ps=0.2,
            production_ps=2.0,
            frame_interval_fs=1.0,
            ion_interval_fs=1.0,
            checkpoint_interval_ps=1.0,
        )
        with h5py.File(path) as file:
            velocities = file["particles/all/velocity/value"][200:]
            masses = file["particles/all/mass"][:]
        found[tau] = run.kinetic_energy[200:], velocities * np.sqrt(masses)[:, None]
    return found


def memory(series):
    """Return the autocorrelation of a series after one femtosecond, its mean taken off."""
    off = series - series.mean()
    return (off[1:] * off[:-1]).mean() / off.var()


def test_the_published_coupling_makes_the_kinetic_energy_forget_itself_within_one_step(coupled):
    assert memory(coupled[100.0][0]) > 0.95
    assert abs(memory(coupled[PUBLISHED_COUPLING_FS][0])) < 4 / np.sqrt(2000)


def test_the_published_coupling_keeps_the_canonical_kinetic_energy(coupled):
    freedom, kinetic = 3 * 29 - 5, coupled[PUBLISHED_COUPLING_FS][0]
    assert 2 * kinetic.mean() / (freedom * units.kB) == pytest.approx(300, abs=5)
    assert kinetic.std() / kinetic.mean() == pytest.approx(np.sqrt(2 / freedom), rel=0.08)


def test_velocities_lose_one_part_in_twice_the_degrees_of_freedom_and_no_more(coupled):
    kept = {
        tau: (v[1:] * v[:-1]).sum(axis=(1, 2)).mean() / (v**2).sum(axis=(1, 2)).mean()
        for tau, (_, v) in coupled.items()
    }
    # All velocities are scaled to a fresh kinetic energy K, of a gamma distribution of shape f/2:
    # what is left is <sqrt(K)>²/<K>, about 1 - 1/(2f), and the directions are left alone.
    half = (3 * 29 - 5) / 2
    left = np.exp(2 * (gammaln(half + 0.5) - gammaln(half))) / half
    assert left == pytest.approx(1 - 1 / (4 * half), abs=1e-4)
    assert kept[PUBLISHED_COUPLING_FS] / kept[100.0] == pytest.approx(left, abs=1.5e-3)


def test_the_published_hold_pins_the_spacing_that_is_to_be_measured(tmp_path):
    moving = {"production_ps": 2.0, "frame_interval_fs": 1000.0, "checkpoint_interval_ps": 1.0}
    spread = {
        hold: simulate(
            tmp_path / f"{hold}.h5",
            stack=make_stack(ions=0),
            hold_centres_of_mass=hold,
            equilibration_ps=0.0,
            **moving,
        ).spacing.std()
        for hold in (True, "published")
    }
    assert spread["published"] < spread[True] / 2 > 0


# Time origins of the mean square displacement


def brownian(rng, *, frames, ions, D):
    return np.cumsum(rng.normal(0, np.sqrt(2 * D * STEP_PS), (frames, ions, 2)), axis=0)


@pytest.mark.parametrize("origins", [1, 7, 53, 1000])
def test_the_msd_from_the_first_origins_equals_the_double_loop(origins):
    walk = brownian(np.random.default_rng(0), frames=53, ions=3, D=1.0)
    times = np.arange(53) * STEP_PS
    lag, msd = displacement_from_first(walk, times_ps=times, origins=origins)
    for k in range(53):
        starts = range(min(origins, 53 - k))
        direct = np.mean([((walk[t + k] - walk[t]) ** 2).sum(axis=1) for t in starts], axis=0)
        np.testing.assert_allclose(msd[:, k], direct, atol=1e-12)
    if origins >= 53:
        everything = mean_square_displacement(walk, times_ps=times)
        np.testing.assert_allclose(msd, everything[1], atol=1e-9)
        np.testing.assert_allclose(lag, everything[0])


def test_d_from_the_first_20_or_200_frames_is_unbiased_but_scatters_twice_as_widely():
    rng, frames, D, runs = np.random.default_rng(1), 2000, 0.05, 300
    times = np.arange(frames) * STEP_PS
    lags = window_lags(frames, from_fraction=0.02, to_fraction=0.2, count=10)
    found = {20: [], 200: [], "all": []}
    for _ in range(runs):
        walk = brownian(rng, frames=frames, ions=1, D=D)
        for origins, values in found.items():
            if origins == "all":
                lag, msd = mean_square_displacement(walk, times_ps=times)
            else:
                lag, msd = displacement_from_first(walk, times_ps=times, origins=origins)
            values.append(np.polyfit(lag[lags], msd[0, lags], 1)[0] / (4 * D))
    scatter = {origins: np.std(values) for origins, values in found.items()}
    for origins, values in found.items():
        assert abs(np.mean(values) - 1) < 4 * scatter[origins] / np.sqrt(runs)
    assert scatter[20] == pytest.approx(1.15, abs=0.25)
    assert scatter[200] == pytest.approx(1.0, abs=0.25)
    assert scatter["all"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("origins", [20, 200])
def test_early_origins_scatter_as_their_overlap_says(origins):
    rng, frames, D, k = np.random.default_rng(2), 600, 0.05, 390
    times, values = np.arange(frames) * STEP_PS, []
    for _ in range(800):
        walk = brownian(rng, frames=frames, ions=1, D=D)
        values.append(displacement_from_first(walk, times_ps=times, origins=origins)[1][0, k])
    relative = np.array(values) / (4 * D * k * STEP_PS)
    # Squares of two displacements of k steps, s steps apart, correlate as (1 - s/k)².
    apart = np.abs(np.subtract.outer(np.arange(origins), np.arange(origins)))
    expected = np.sqrt(((1 - apart / k) ** 2).mean())
    assert relative.std() == pytest.approx(expected, rel=0.15)
    assert expected > 0.8


def test_an_msd_of_early_origins_gives_a_d_without_an_interval_and_says_why():
    atoms, rate = host(8), 0.3
    path = hopping(np.random.default_rng(3), atoms, frames=4000, rate=rate)
    run = trajectory(atoms, path)
    full = analyse_diffusion(run, settings=SETTINGS).summary
    early, msd, hops = analyse_diffusion(run, settings=SETTINGS | {"origins": 200})
    assert early["verdict"] == full["verdict"] == "diffusive", early["criterion"]
    assert early["D_cm2_s"] == pytest.approx(rate * NEIGHBOUR**2 / 4 * 1e-4, rel=0.6)
    assert early["D_low_cm2_s"] is early["D_high_cm2_s"] is None
    assert "the first 200 frames as origins and 8 of 8 ions" in early["interval_note"]
    assert full["interval_note"] == "" and full["D_low_cm2_s"] < full["D_high_cm2_s"]
    assert msd["origins"].tolist() == [min(200, 4000 - k) for k in range(4000)]
    assert len(hops) == full["hops"]


# Ions that the mean square displacement is averaged over


def test_averaging_over_the_ions_that_moved_doubles_d_where_half_of_them_move():
    atoms, rng, rate = host(8), np.random.default_rng(4), 0.3
    path = rattling(rng, atoms, frames=4000)
    path[:, :4] = hopping(rng, atoms, frames=4000, rate=rate)[:, :4]
    run = trajectory(atoms, path)
    every = analyse_diffusion(run, settings=SETTINGS)
    moved = analyse_diffusion(run, settings=SETTINGS | {"moved_only": 3.0})
    assert every.summary["averaged_ions"] == 8
    assert moved.summary["averaged_ions"] == 4
    assert "4 of 8 ions" in moved.summary["interval_note"]
    assert moved.summary["D_low_cm2_s"] is None
    truth = rate * NEIGHBOUR**2 / 4 * 1e-4 / 2
    assert every.summary["D_low_cm2_s"] < truth
    assert moved.summary["D_cm2_s"] / truth == pytest.approx(2, abs=0.7)
    movers = moved.msd[[f"ion_{i}" for i in range(4)]].mean(axis=1)
    pd.testing.assert_series_equal(moved.msd["msd"], movers, check_names=False)
    assert moved.summary["hops"] == every.summary["hops"]


def test_averaging_over_the_ions_that_moved_overrates_ions_that_are_all_alike():
    atoms, rate, frames = host(8), 0.01, 2000
    rng, found = np.random.default_rng(5), {None: [], 3.0: []}
    for _ in range(25):
        run = trajectory(atoms, hopping(rng, atoms, frames=frames, rate=rate))
        for moved_only, values in found.items():
            settings = SETTINGS | {"moved_only": moved_only}
            values.append(analyse_diffusion(run, settings=settings))
    truth = rate * NEIGHBOUR**2 / 4
    slopes = {
        key: np.mean([a.msd["msd"][400] for a in kept if len(a.msd)]) for key, kept in found.items()
    }
    # 20 ps of lag; the vibration of 0.15 Å along each axis adds 4 · 0.15² to the MSD.
    rates = {key: (msd - 4 * 0.15**2) / (4 * 400 * STEP_PS) / truth for key, msd in slopes.items()}
    share = np.mean([a.summary["averaged_ions"] / 8 for a in found[3.0]])
    assert rates[None] == pytest.approx(1, abs=0.2)
    assert 0.1 < share < 0.35
    assert 2 < rates[3.0] < 4


def test_a_run_in_which_no_ion_moved_has_no_average_and_says_so():
    atoms = host(2)
    run = trajectory(atoms, rattling(np.random.default_rng(6), atoms, frames=1000))
    summary, msd, _ = analyse_diffusion(run, settings=SETTINGS | {"moved_only": 3.0})
    assert summary["verdict"] == "undetermined"
    assert summary["criterion"] == "no ion got farther than 3 Å from its start"
    assert msd.empty


# One trajectory or several


def test_one_trajectory_calls_a_hopping_ion_confined_as_often_as_poisson_says():
    atoms, rate, frames, runs = host(1), 0.02, 1000, 150
    rng, verdicts = np.random.default_rng(7), []
    for _ in range(runs):
        run = trajectory(atoms, hopping(rng, atoms, frames=frames, rate=rate))
        verdicts.append(analyse_diffusion(run, settings=SETTINGS).summary["verdict"])
    # One hop expected in 50 ps: none is seen in exp(-1) = 37 % of runs.
    missed = verdicts.count("confined") / runs
    assert missed == pytest.approx(np.exp(-1), abs=4 * np.sqrt(0.37 * 0.63 / runs))


# Adhesion: spacing and references


@pytest.mark.parametrize(
    ("group", "published", "tolerance"), [("epoxide", 0.04, 0.015), ("hydroxyl", 0.10, 0.03)]
)
def test_the_mean_of_all_atoms_lies_below_that_of_the_carbons(group, published, tolerance):
    stack = stack_with(layer_with(group))
    sheet, every = (spacing_of(stack, convention=name) for name in ("sheet", "all"))
    z, top = stack.positions[:, 2], tags.top(stack)
    depth = z[tags.sheet(stack)].mean() - z[top & ~tags.sheet(stack)]
    assert sheet - every == pytest.approx(depth.sum() / top.sum())
    assert sheet - every == pytest.approx(published, abs=tolerance)


def toy_for(stack, *, oxygen_shift=0.0):
    """The toy at rest in the shape of a stack; its group's O may prefer another height."""
    z, roles = stack.positions[:, 2], stack.get_tags()
    planes = {tag: z[tags.facing(stack)].mean() for tag in tags.BOTTOM_TAGS}
    planes |= {tag: z[tags.sheet(stack)].mean() for tag in tags.TOP_TAGS}
    heights = {t: z[roles == t].mean() - plane for t, plane in planes.items() if t in roles}
    return Toy(heights | {tags.SHEET_OXYGEN: heights.get(tags.SHEET_OXYGEN, 0) + oxygen_shift})


def scanned(stack, layers, calc, folder, *, points=4, given=()):
    options = {
        "optimiser": "BFGS",
        "fmax": 1e-5,
        "max_steps": 200,
        "points_dir": folder,
        "fingerprint_extra": "toy",
        "log": io.StringIO(),
    }
    spacings = {"spacings": np.linspace(2.8, 5.0, points), "on_point": lambda point: None}
    references = reference_layers(stack, *layers, calc, given=given, **options)
    return adhesion_curve(scan_spacings(stack, calc, **spacings, **options), references), references


def test_the_published_spacing_moves_the_peak_by_its_offset_and_leaves_its_height(tmp_path):
    layers = build_layer(TI2CO2, cell_height=HEIGHT), layer_with("hydroxyl")
    stack = stack_with(layers[1])
    curve, _ = scanned(stack, layers, toy_for(stack), tmp_path, points=14)
    peaks = {
        name: peak_fit(
            *select_curve(curve, spacing=name, layers="strained", dispersion=True), half_width=0.7
        )
        for name in ("sheet", "all")
    }
    flat = (curve["spacing"] - curve["spacing_all_atoms"]).to_numpy()
    assert np.ptp(flat) < 1e-4
    assert peaks["sheet"]["spacing"] - peaks["all"]["spacing"] == pytest.approx(flat[0], abs=1e-3)
    assert peaks["sheet"]["height"] == pytest.approx(peaks["all"]["height"], abs=1e-6)


def test_layers_in_their_own_cells_lower_the_adhesion_by_the_strain_energy(tmp_path):
    layers = build_layer(TI2CO2, cell_height=HEIGHT), build_layer(GRAPHENE, cell_height=HEIGHT)
    stack = stack_with(layers[1])
    curve, references = scanned(stack, layers, toy_for(stack), tmp_path, points=12)
    lowered = curve["adhesion_eV_nm2"] - curve["adhesion_relaxed_reference_eV_nm2"]
    squeezed = 50 * 2.0 / 2 * (12.30 - 12.12) ** 2 / area_nm2(stack)
    assert lowered.to_numpy() == pytest.approx(squeezed)
    assert strain_energy(references)["total_eV_nm2"] == pytest.approx(squeezed)
    well = 50 * DEPTH / area_nm2(stack)
    assert curve["adhesion_eV_nm2"].max() == pytest.approx(well, rel=0.03)


def test_a_layer_relaxed_with_another_model_raises_the_adhesion_by_its_energy(tmp_path):
    bottom, top = build_layer(TI2CO2, cell_height=HEIGHT), layer_with("epoxide")
    stack, shift = stack_with(top), 0.15
    own = toy_for(stack)
    foreign = relaxed(top, toy_for(stack, oxygen_shift=shift), fmax=1e-5)
    plain, _ = scanned(stack, (bottom, top), own, tmp_path / "plain")
    curve, references = scanned(stack, (bottom, foreign), own, tmp_path / "given", given=["top"])
    raised = SPRING / 2 * shift**2 / area_nm2(stack)
    column = "adhesion_relaxed_reference_eV_nm2"
    assert (curve[column] - plain[column]).to_numpy() == pytest.approx(raised, abs=1e-6)
    assert curve["adhesion_eV_nm2"].to_numpy() == pytest.approx(
        plain["adhesion_eV_nm2"].to_numpy(), abs=1e-6
    )
    options = {"spacing": "all", "layers": "own", "peak_window": [3.2, 5.0]}
    summary = summarise_adhesion(curve, references, fit_half_width=0.7, **options)
    assert summary["given_layers_eV_nm2"] == pytest.approx(raised, abs=1e-6)
    assert references["top_given"].positions == pytest.approx(foreign.positions)
    assert summary["strain_energy"]["top_eV_nm2"] == pytest.approx(
        51 * 2.0 / 2 * (12.30 - 12.12) ** 2 / area_nm2(stack)
    )


# A layer whose coordinates are not scaled


def test_an_unscaled_layer_has_only_the_bonds_over_the_boundary_changed():
    sheet = build_layer(GRAPHENE, cell_height=HEIGHT)
    stack = stack_with(sheet, strained="top-unscaled")
    top, bond = stack[tags.top(stack)], 2.46 / np.sqrt(3)
    lateral = top.positions[:, :2] - sheet.positions[:, :2]
    assert np.ptp(lateral, axis=0) == pytest.approx(0, abs=1e-12)
    offsets, vectors = find_bonds("SD", top)
    lengths, crossing = np.linalg.norm(vectors, axis=1), offsets[:, :2].any(axis=1)
    assert lengths[~crossing] == pytest.approx(bond)
    # Across an edge the bond lies at right angles to it and the cell is 0.18 Å · cos 30° less wide.
    assert lengths[crossing] == pytest.approx(bond - 0.18 * np.cos(np.pi / 6), abs=0.01)
    assert stack.info["boundary_bonds"] == crossing.sum() / 2 == 10
    assert stack.info["boundary_bond_lengths"] == pytest.approx(
        [lengths[crossing].min(), lengths[crossing].max()]
    )
    assert stack.info["strained"] == "top-unscaled"
    warned = boundary_warning(stack)
    assert "10 bonds" in warned and "changed by up to 11 %" in warned


def test_a_scaled_layer_has_every_bond_shortened_alike_and_no_warning():
    stack = stack_with(build_layer(GRAPHENE, cell_height=HEIGHT))
    lengths = np.linalg.norm(find_bonds("D", stack[tags.top(stack)]), axis=1)
    assert lengths == pytest.approx(12.12 / 12.30 * 2.46 / np.sqrt(3))
    assert boundary_warning(stack) == ""


@pytest.mark.parametrize("strained", ["top", "top-unscaled"])
def test_the_strained_reference_is_put_into_the_cell_as_the_layer_of_the_stack_was(strained):
    sheet = build_layer(GRAPHENE, cell_height=HEIGHT)
    stack = stack_with(sheet, strained=strained)
    apart, top = in_common_cell(sheet, stack), stack[tags.top(stack)]
    assert apart.cell.array == pytest.approx(top.cell.array)
    assert apart.get_all_distances(mic=True) == pytest.approx(top.get_all_distances(mic=True))


def test_relaxation_spreads_the_squeezed_seam_until_nothing_is_left_of_it(models):
    sheet = build_layer(GRAPHENE, cell_height=HEIGHT)
    minima = {}
    for strained in ("top", "top-unscaled"):
        start = in_common_cell(sheet, stack_with(sheet, strained=strained))
        minima[strained] = start, relaxed(start, models["mace"])
    energies = {name: end.info["energy_model"] for name, (_, end) in minima.items()}
    assert energies["top-unscaled"] == pytest.approx(energies["top"], abs=1e-5)
    start = minima["top-unscaled"][0]
    start.calc = models["mace"]
    seam = (start.get_potential_energy() - energies["top"]) / area_nm2(start)
    assert seam == pytest.approx(4.73, abs=0.05)  # eV/nm²
    assert minima["top-unscaled"][1].info["steps"] > minima["top"][1].info["steps"]


# Start of the MXene


def test_the_published_start_has_ti_3_and_o_6_angstrom_from_the_middle():
    far = build_unit(FAR, cell_height=HEIGHT)
    height = far.positions[:, 2] - HEIGHT / 2
    assert sorted(height[far.get_tags() == tags.METAL]) == pytest.approx([-3, 3])
    assert sorted(height[far.symbols == "O"]) == pytest.approx([-6, 6])
    assert find_bonds("D", far)[:, 2] == pytest.approx(0)  # only Ti–Ti within a plane
    near = build_unit(TI2CO2, cell_height=HEIGHT)
    assert far.get_scaled_positions()[:, :2] == pytest.approx(near.get_scaled_positions()[:, :2])


def test_from_the_published_start_chgnet_finds_the_mxene_and_the_demo_model_does_not(models):
    near, far = (build_unit(settings, cell_height=HEIGHT) for settings in (TI2CO2, FAR))
    found = {
        (name, start): check_structure(relaxed(atoms, calc), atoms)
        for name, calc in models.items()
        for start, atoms in (("near", near), ("far", far))
    }
    for start in ("near", "far"):
        assert found["chgnet", start]["thickness"] == pytest.approx(4.478, abs=0.003)
        assert found["chgnet", start]["termination_site"] == "fcc"
    assert found["mace", "near"]["thickness"] == pytest.approx(4.455, abs=0.003)
    assert found["mace", "far"]["thickness"] == pytest.approx(11.7, abs=0.1)
    # The check compares with the start, so a start that is no MXene is left in either case.
    assert not found["chgnet", "near"]["changed"]
    assert found["chgnet", "far"]["changed"]


# Place of the epoxide


def test_the_bridging_oxygen_has_two_carbons_and_the_one_on_top_has_one():
    for group, near in (("epoxide", 2), ("epoxide-top", 1)):
        layer = layer_with(group)
        to_oxygen = np.sort(layer.get_distances(50, range(50), mic=True))
        assert (to_oxygen < 1.6).sum() == near
        assert to_oxygen[near] > 2.0
        assert layer.info["group"] == group


def test_a_seed_draws_the_carrier_reproducibly_and_is_recorded():
    first, again = layer_with("epoxide-top", carrier=3), layer_with("epoxide-top", carrier=3)
    assert np.array_equal(first.positions, again.positions)
    assert first.info["seed"] == 3
    carriers = [layer_with("epoxide-top", carrier=seed).info["carrier"] for seed in range(60)]
    # 60 draws from 50 carbons hit 35 different ones on average.
    assert 25 < len(set(carriers)) < 45
    assert layer_with("epoxide-top").info["seed"] == "none (deterministic)"


def test_the_drawn_carbon_makes_no_difference_to_the_layer_alone():
    middle = layer_with("epoxide-top").get_all_distances(mic=True)
    drawn = layer_with("epoxide-top", carrier=3).get_all_distances(mic=True)
    assert np.sort(drawn, axis=None) == pytest.approx(np.sort(middle, axis=None))


def test_symmetry_keeps_the_oxygen_on_top_though_bridging_is_lower(models):
    ends = {
        group: relaxed(layer_with(group), models["mace"]) for group in ("epoxide", "epoxide-top")
    }
    bonds = {
        group: np.sort(end.get_distances(50, range(50), mic=True)) for group, end in ends.items()
    }
    assert bonds["epoxide"][:2] == pytest.approx([1.47, 1.47], abs=0.01)
    assert bonds["epoxide-top"][0] == pytest.approx(1.37, abs=0.01)
    assert bonds["epoxide-top"][1] > 2.2
    higher = ends["epoxide-top"].info["energy_model"] - ends["epoxide"].info["energy_model"]
    assert higher == pytest.approx(0.0225, abs=0.003)


# Spacing map


def plane_of(cells_along, heights_of):
    """A stack of one frame: facing atoms at 20 Å, a fine sheet with the given heights above."""
    lateral = 12.12 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
    fine = (np.indices((cells_along, cells_along)).reshape(2, -1).T + 0.5) / cells_along
    atoms = host(1)[:16]
    sheet = np.column_stack([fine @ lateral, heights_of(fine)])
    facing = np.column_stack([fine @ lateral, np.full(len(fine), 20.0)])
    positions = np.concatenate([facing, sheet])
    roles = np.repeat([tags.UPPER_TERMINATION, tags.SHEET], len(fine))
    none = np.zeros((1, 0, 2))
    return trajectory(atoms, none, tags=roles, positions=positions[None])


def field(fractions):
    """A height field of the cell's own period, Å."""
    return (
        24.0 + 0.3 * np.cos(2 * np.pi * fractions[:, 0]) + 0.2 * np.sin(2 * np.pi * fractions[:, 1])
    )


def error_of_map(kind):
    table = spacing_map(plane_of(80, field), cells=8, kind=kind)
    truth = field(table[["fraction_a", "fraction_b"]].to_numpy()) - 20.0
    return table, (table["spacing"] - truth).to_numpy()


def test_cells_count_each_atom_once_and_windows_some_twice_and_some_never():
    cells, windows = (error_of_map(kind)[0] for kind in ("cells", "windows"))
    assert cells["sheet_samples"].tolist() == [100] * 64
    # A square of side 12.12/8 Å has 2/√3 the area of a cell of that side.
    inner = windows[(windows["cell_a"] % 7 > 0) & (windows["cell_b"] % 7 > 0)]
    assert inner["sheet_samples"].mean() == pytest.approx(100 * 2 / np.sqrt(3), rel=0.05)
    corner = windows[(windows["cell_a"] == 0) & (windows["cell_b"] == 0)]
    assert corner["sheet_samples"].item() < 60


def test_windows_miss_the_field_at_the_boundary_where_cells_do_not():
    errors = {kind: np.abs(error_of_map(kind)[1]) for kind in ("cells", "windows")}
    border = (np.indices((8, 8)) == 0).any(axis=0).ravel()
    assert errors["cells"].max() < 0.012
    assert errors["windows"][~border].max() < 0.02
    assert errors["windows"][border].max() > 0.04


def test_a_shift_over_the_boundary_rolls_a_map_of_cells_but_not_one_of_windows():
    def moved(fractions):
        return field(fractions - np.array([3 / 8, 0]))

    for kind, rolls in (("cells", True), ("windows", False)):
        still, gone = (
            spacing_map(plane_of(80, heights), cells=8, kind=kind)["spacing"].to_numpy()
            for heights in (field, moved)
        )
        rolled = np.roll(still.reshape(8, 8), 3, axis=0).ravel()
        assert np.allclose(gone, rolled, atol=1e-9) == rolls


def test_an_atom_on_the_edge_of_two_windows_counts_in_both():
    lateral = 12.12 * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
    # Halfway between the corners (2, 0) and (3, 0) of eight.
    edge = np.array([[2.5 / 8, 0.0]]) @ lateral
    positions = np.column_stack([np.repeat(edge, 2, axis=0), [20.0, 24.0]])
    run = trajectory(
        host(1)[:16],
        np.zeros((1, 0, 2)),
        tags=np.array([tags.UPPER_TERMINATION, tags.SHEET]),
        positions=positions[None],
    )
    samples = {
        kind: spacing_map(run, cells=8, kind=kind)["sheet_samples"].to_numpy().reshape(8, 8)
        for kind in ("cells", "windows")
    }
    assert samples["cells"].sum() == 1
    assert samples["windows"].sum() == samples["windows"][2, 0] + samples["windows"][3, 0] == 2
