"""Published and rigorous structures and adhesion side by side, each where the truth is known."""

import io
import runpy

import numpy as np
import pytest
from scanning import kept_in, scan
from study import GRAPHENE, HEIGHT, TI2CO2
from toy import BEST, DEPTH, SPRING, STIFFNESS, Toy

from anodeflow.errors import StructureError
from anodeflow.models.loading import load_calculator
from anodeflow.models.weights.fetching import fetch_weights
from anodeflow.stages.adhesion.curve import (
    SLOPE,
    adhesion_curve,
    select_curve,
    strain_energy,
    summarise_adhesion,
)
from anodeflow.stages.adhesion.layers_apart import in_common_cell, layers_as_stack, reference_layers
from anodeflow.stages.adhesion.scan import scan_spacings
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.stages.relaxation.minimum import relax
from anodeflow.structures import roles
from anodeflow.structures.bonds import find_bonds
from anodeflow.structures.builders.ions import fill_ions
from anodeflow.structures.builders.layers import build_layer, build_unit
from anodeflow.structures.builders.stacks import boundary_warning, stack_layers
from anodeflow.structures.files import read_structure, write_structure
from anodeflow.structures.geometry import area_nm2
from anodeflow.structures.inspection import check_structure
from anodeflow.structures.spacing import move_top, spacing_of

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


# Adhesion: spacing and references


@pytest.mark.parametrize(
    ("group", "published", "tolerance"), [("epoxide", 0.04, 0.015), ("hydroxyl", 0.10, 0.03)]
)
def test_the_mean_of_all_atoms_lies_below_that_of_the_carbons(group, published, tolerance):
    stack = stack_with(layer_with(group))
    sheet, every = (spacing_of(stack, convention=name) for name in ("sheet", "all"))
    z, top = stack.positions[:, 2], roles.top(stack)
    depth = z[roles.sheet(stack)].mean() - z[top & ~roles.sheet(stack)]
    assert sheet - every == pytest.approx(depth.sum() / top.sum())
    assert sheet - every == pytest.approx(published, abs=tolerance)


def toy_for(stack, *, oxygen_shift=0.0):
    """The toy at rest in the shape of a stack; its group's O may prefer another height."""
    z, tags = stack.positions[:, 2], stack.get_tags()
    planes = {tag: z[roles.facing(stack)].mean() for tag in roles.BOTTOM_TAGS}
    planes |= {tag: z[roles.sheet(stack)].mean() for tag in roles.TOP_TAGS}
    heights = {t: z[tags == t].mean() - plane for t, plane in planes.items() if t in tags}
    return Toy(heights | {roles.SHEET_GROUP: heights.get(roles.SHEET_GROUP, 0) + oxygen_shift})


def scanned(stack, layers, calc, folder, *, points=4, given=(), **changes):
    kept = KeptMinima(folder, "BFGS", 1e-5, 200, fingerprint_extra="toy", log=io.StringIO())
    spacings = {"spacings": np.linspace(2.8, 5.0, points), "on_point": lambda point: None}
    spacings |= {"starts": "neighbour", "hold": "spacing"} | changes
    references = reference_layers(stack, *layers, calc, kept=kept, given=given)
    found = scan_spacings(stack, calc, kept=kept, **spacings)
    return adhesion_curve(found, references), references


def test_the_published_spacing_moves_the_peak_by_its_offset_and_leaves_its_height(tmp_path):
    layers = build_layer(TI2CO2, cell_height=HEIGHT), layer_with("hydroxyl")
    stack = stack_with(layers[1])
    curve, references = scanned(stack, layers, toy_for(stack), tmp_path, points=14)
    options = {"layers": "strained", "peak_window": [3.2, 5.0]}
    peaks = {
        name: summarise_adhesion(curve, references, spacing=name, **options).peak_of_points
        for name in ("sheet", "all")
    }
    flat = (curve["spacing"] - curve["spacing_all_atoms"]).to_numpy()
    assert np.ptp(flat) < 1e-4
    assert peaks["sheet"].spacing - peaks["all"].spacing == pytest.approx(flat[0], abs=1e-3)
    assert peaks["sheet"].height == pytest.approx(peaks["all"].height, abs=1e-6)


def test_frozen_heights_carry_the_ripple_of_their_start_to_every_spacing(tmp_path):
    layers = build_layer(TI2CO2, cell_height=HEIGHT), build_layer(GRAPHENE, cell_height=HEIGHT)
    stack = stack_with(layers[1])
    calc, rippled = toy_for(stack), stack.copy()
    ripple = 0.1 * np.cos(2 * np.pi * stack.get_scaled_positions()[roles.sheet(stack), 0])
    assert ripple.mean() == pytest.approx(0, abs=1e-12)
    rippled.positions[roles.sheet(stack), 2] += ripple
    curves = {
        hold: scanned(rippled, layers, calc, tmp_path / hold, points=12, hold=hold)[0]
        for hold in ("spacing", "heights")
    }
    lost = curves["spacing"]["adhesion_eV_nm2"] - curves["heights"]["adhesion_eV_nm2"]
    frozen = SPRING / 2 * (ripple**2).sum() / area_nm2(stack)
    assert frozen > 0.3
    assert lost.to_numpy() == pytest.approx(frozen, abs=1e-6)
    for curve in curves.values():  # the force on the spacing is the slope of either
        d, e, slope = (curve[name] for name in ("spacing", "adhesion_eV_nm2", SLOPE))
        decay = np.exp(-STIFFNESS * (d - BEST))
        exact = -2 * 50 * DEPTH * STIFFNESS * decay * (1 - decay) / area_nm2(stack)
        assert slope.to_numpy() == pytest.approx(exact.to_numpy(), abs=1e-5)
        assert np.ptp(e) > 1
        assert curve["slope_error_eV_nm2_angstrom"].max() < 1e-4


@pytest.mark.parametrize("strained", ["top", "top-unscaled"])
def test_the_layers_apart_are_stacked_as_the_stack_was_built_of_them(strained):
    layers = build_layer(TI2CO2, cell_height=HEIGHT), layer_with("hydroxyl")
    options = {"strained": strained, "strain_limit": 0.03, "cell_height": HEIGHT}
    built = stack_layers(*layers, spacing=3.5, registry=(0.1, 0.3), **options)
    shaken = built.copy()
    rng = np.random.default_rng(1)
    shaken.positions[roles.top(built)] += rng.normal(0, 0.05, (roles.top(built).sum(), 3))
    again = layers_as_stack(shaken, *layers)
    assert again.cell.array == pytest.approx(built.cell.array)
    assert again.get_tags().tolist() == built.get_tags().tolist()
    spacing = spacing_of(shaken, convention="sheet")
    assert spacing_of(again, convention="sheet") == pytest.approx(spacing)
    move_top(again, 3.5, measured=spacing)
    assert again.get_all_distances(mic=True) == pytest.approx(built.get_all_distances(mic=True))


def test_the_nominal_spacing_is_that_of_all_atoms_before_a_group_moved(tmp_path):
    layers = build_layer(TI2CO2, cell_height=HEIGHT), layer_with("hydroxyl")
    stack, shift = stack_with(layers[1]), 0.3
    calc = toy_for(stack, oxygen_shift=shift)
    start = layers_as_stack(stack, *layers)
    options = {"points": 14, "starts": "separate", "hold": "heights"}
    curve, references = scanned(start, layers, calc, tmp_path, **options)
    # One of 52 atoms of the layer rises once it is free to.
    moved = (curve["spacing_all_atoms"] - curve["spacing_nominal"]).to_numpy()
    assert moved == pytest.approx(shift / 52, abs=1e-5)
    peaks = {
        name: summarise_adhesion(
            curve, references, spacing=name, layers="strained", peak_window=[3.2, 5.0]
        )
        for name in ("sheet", "all", "nominal")
    }
    assert peaks["all"].peak.spacing - peaks["nominal"].peak.spacing == pytest.approx(
        shift / 52, abs=1e-5
    )
    assert peaks["nominal"].peak.height == pytest.approx(peaks["sheet"].peak.height, abs=1e-6)
    assert abs(peaks["sheet"].peak.spacing - BEST) < 2e-3
    assert peaks["nominal"].hysteresis_eV_nm2 is None


def test_against_the_nominal_spacing_the_relaxed_stack_has_no_place(tmp_path):
    layers = build_layer(TI2CO2, cell_height=HEIGHT), layer_with("epoxide")
    stack = stack_with(layers[1])
    calc = toy_for(stack)
    move_top(stack, BEST, measured=3.5)
    kept = kept_in(tmp_path)
    found = scan(stack, calc, tmp_path, starts="separate", hold="heights")
    references = reference_layers(stack, *layers, calc, kept=kept)
    curve = adhesion_curve(found, references, relaxed=relaxed(stack, calc, fmax=1e-5))
    options = {"layers": "strained", "peak_window": [3.2, 5.0]}
    nominal = summarise_adhesion(curve, references, spacing="nominal", **options)
    assert nominal.peak == nominal.peak_of_points
    assert len(select_curve(curve, spacing="all", layers="own", dispersion=True).spacings) == 21
    assert len(select_curve(curve, spacing="nominal", layers="own", dispersion=True).spacings) == 20
    old = curve.drop(columns="spacing_nominal")
    with pytest.raises(StructureError, match="no column spacing_nominal"):
        select_curve(old, spacing="nominal", layers="own", dispersion=True)


def test_layers_in_their_own_cells_lower_the_adhesion_by_the_strain_energy(tmp_path):
    layers = build_layer(TI2CO2, cell_height=HEIGHT), build_layer(GRAPHENE, cell_height=HEIGHT)
    stack = stack_with(layers[1])
    curve, references = scanned(stack, layers, toy_for(stack), tmp_path, points=12)
    lowered = curve["adhesion_eV_nm2"] - curve["adhesion_relaxed_reference_eV_nm2"]
    squeezed = 50 * 2.0 / 2 * (12.30 - 12.12) ** 2 / area_nm2(stack)
    assert lowered.to_numpy() == pytest.approx(squeezed)
    assert strain_energy(references).total_eV_nm2 == pytest.approx(squeezed)
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
    summary = summarise_adhesion(curve, references, **options)
    assert summary.given_layers_eV_nm2 == pytest.approx(raised, abs=1e-6)
    assert references["top_given"].positions == pytest.approx(foreign.positions)
    assert summary.strain_energy.top_eV_nm2 == pytest.approx(
        51 * 2.0 / 2 * (12.30 - 12.12) ** 2 / area_nm2(stack)
    )


# Ions at the start of a run


def test_a_run_with_unrelaxed_ions_starts_above_the_minimum_by_the_well_of_the_gap(root, tmp_path):
    script = runpy.run_path(str(root / "workflow/scripts/start_dynamics.py"))
    host = stack_with(build_layer(GRAPHENE, cell_height=HEIGHT))
    move_top(host, BEST, measured=3.5)  # where the gap of the toy is at rest
    host.info |= {"energy_model": -1.0, "energy_dispersion": 0.0, "fmax": 1e-4, "steps": 9}
    write_structure(tmp_path / "host.extxyz", host)
    options = {"element": "Na", "count": 3, "spacing": 4.3}
    script["main"](tmp_path / "host.extxyz", tmp_path / "start.extxyz", **options)
    start = read_structure(tmp_path / "start.extxyz")
    moved = start.positions[~roles.ions(start)] - host.positions
    assert moved[roles.bottom(host)] == pytest.approx(0, abs=1e-7)
    assert moved[roles.top(host)] - [0, 0, 4.3 - BEST] == pytest.approx(0, abs=1e-7)
    assert not {"energy_model", "energy_dispersion", "fmax", "steps"} & start.info.keys()
    energies = []
    for atoms in (start, fill_ions(host, element="Na", count=3, spacing=BEST)):
        atoms.calc = toy_for(host)
        energies.append(atoms.get_potential_energy())
    well = 50 * DEPTH * (1 - np.exp(-STIFFNESS * (4.3 - BEST))) ** 2
    assert energies[0] - energies[1] == pytest.approx(well)


# A layer whose coordinates are not scaled


def test_an_unscaled_layer_has_only_the_bonds_over_the_boundary_changed():
    sheet = build_layer(GRAPHENE, cell_height=HEIGHT)
    stack = stack_with(sheet, strained="top-unscaled")
    top, bond = stack[roles.top(stack)], 2.46 / np.sqrt(3)
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
    lengths = np.linalg.norm(find_bonds("D", stack[roles.top(stack)]), axis=1)
    assert lengths == pytest.approx(12.12 / 12.30 * 2.46 / np.sqrt(3))
    assert boundary_warning(stack) == ""


@pytest.mark.parametrize("strained", ["top", "top-unscaled"])
def test_the_strained_reference_is_put_into_the_cell_as_the_layer_of_the_stack_was(strained):
    sheet = build_layer(GRAPHENE, cell_height=HEIGHT)
    stack = stack_with(sheet, strained=strained)
    apart, top = in_common_cell(sheet, stack), stack[roles.top(stack)]
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
    assert sorted(height[far.get_tags() == roles.METAL]) == pytest.approx([-3, 3])
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
        assert found["chgnet", start].thickness == pytest.approx(4.478, abs=0.003)
        assert found["chgnet", start].termination_site == "fcc"
    assert found["mace", "near"].thickness == pytest.approx(4.455, abs=0.003)
    assert found["mace", "far"].thickness == pytest.approx(11.7, abs=0.1)
    # The check compares with the start, so a start that is no MXene is left in either case.
    assert not found["chgnet", "near"].changed
    assert found["chgnet", "far"].changed


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
