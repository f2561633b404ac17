"""Adhesion scans and frozen hosts on a potential whose adhesion curve is known in closed form."""

import io
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from scanning import SPACINGS, kept_in, scan
from toy import BEST, CELLS, DEPTH, STIFFNESS, STRETCH, Toy

from anodeflow.errors import NotConvergedError, StructureError
from anodeflow.evaluation.first_calls import WARM_UP_CALLS
from anodeflow.stages.adhesion.curve import (
    SLOPE,
    SLOPE_ERROR,
    adhesion_curve,
    strain_energy,
    summarise_adhesion,
)
from anodeflow.stages.adhesion.layers_apart import reference_layers
from anodeflow.stages.adhesion.peak import peak_of_points
from anodeflow.stages.adhesion.scan import LOWER_BY
from anodeflow.stages.voltage.curve import voltages
from anodeflow.stages.voltage.frozen_host import fill_frozen_host
from anodeflow.structures import roles
from anodeflow.structures.geometry import area_nm2
from anodeflow.structures.spacing import spacing_of


def relaxed_layers(stack, layers, calc, folder):
    return reference_layers(
        stack,
        *layers,
        calc,
        kept=kept_in(folder),
    )


def test_the_scan_gives_back_the_well_of_the_potential(stack, layers, toy, tmp_path):
    frames = scan(stack, toy, tmp_path)
    references = relaxed_layers(stack, layers, toy, tmp_path)
    curve = adhesion_curve(frames, references)
    atoms = roles.sheet(stack).sum()
    well = DEPTH * (1 - (1 - np.exp(-STIFFNESS * (curve["spacing"] - BEST))) ** 2)
    expected = (atoms * well / area_nm2(stack)).to_numpy()
    assert curve["adhesion_eV_nm2"].to_numpy() == pytest.approx(expected, abs=1e-7)
    columns = ("spacing", "adhesion_eV_nm2", "slope_eV_nm2_angstrom")
    peak = peak_of_points(*(curve[name] for name in columns))
    assert abs(peak.spacing - BEST) < min(1e-3, 2 * peak.spacing_error)
    assert peak.height == pytest.approx(atoms * DEPTH / area_nm2(stack), abs=1e-3)


def test_forces_that_are_no_slopes_give_energies_and_no_peak(stack, layers, toy, tmp_path):
    frames = scan(stack, toy, tmp_path)
    references = relaxed_layers(stack, layers, toy, tmp_path)
    slopes, none = (
        adhesion_curve(frames, references, forces_are_slopes=are) for are in (True, False)
    )
    assert {*slopes.columns} - {*none.columns} == {SLOPE, SLOPE_ERROR}
    assert none.equals(slopes[none.columns])
    options = {"spacing": "sheet", "layers": "strained", "peak_window": [3.2, 5.0]}
    assert summarise_adhesion(slopes, references, **options).peak.found
    peak = summarise_adhesion(none, references, **options).peak
    assert not peak.found and "no slopes" in peak.sentence


def test_the_strain_energy_is_that_of_the_squeezed_layer(stack, layers, toy, tmp_path):
    strain = strain_energy(relaxed_layers(stack, layers, toy, tmp_path))
    squeezed = 50 * STRETCH / 2 * (CELLS["top"] - CELLS["bottom"]) ** 2
    assert strain.top_eV_nm2 == pytest.approx(squeezed / area_nm2(stack))
    assert strain.bottom_eV_nm2 == pytest.approx(0, abs=1e-9)


def test_layers_alone_carry_their_names_and_are_not_relaxed_twice(stack, layers, toy, tmp_path):
    references = relaxed_layers(stack, layers, toy, tmp_path)
    assert {name: layer.info["reference"] for name, layer in references.items()} == {
        name: name for name in ("bottom", "top", "bottom_own", "top_own")
    }
    assert references["top"].cell[0] == pytest.approx(stack.cell[0])
    assert references["top_own"].cell[0] == pytest.approx(layers[1].cell[0])
    toy.calls = 0
    relaxed_layers(stack, layers, toy, tmp_path)
    assert toy.calls == 0


def test_the_spacing_stays_as_asked_and_all_heights_relax(stack, toy, tmp_path):
    start, rng = stack.copy(), np.random.default_rng(4)
    start.positions[:, 2] += rng.normal(0, 0.05, len(start))  # ripples of both layers
    (point,) = scan(start, toy, tmp_path, spacings=[4.2])
    (flat,) = scan(stack, toy, tmp_path / "flat", spacings=[4.2])
    assert point.info["spacing"] == pytest.approx(4.2, abs=1e-7)
    assert point.info["energy_model"] == pytest.approx(flat.info["energy_model"], abs=1e-8)
    for mask in (roles.sheet(point), roles.facing(point), roles.ions(point)):
        assert mask.sum() == 0 or np.ptp(point.positions[mask, 2]) < 1e-4
    assert not point.constraints


def test_a_restarted_scan_repeats_no_finished_point_and_ends_with_the_same_numbers(
    stack, toy, tmp_path
):
    spacings = [3.0, 3.5, 4.0]

    def stop(point):
        if point.info["spacing"] > 3.4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(stack, toy, tmp_path / "killed", spacings=spacings, on_point=stop)
    toy.calls = 0
    seen = []
    resumed = scan(stack, toy, tmp_path / "killed", spacings=spacings, on_point=seen.append)
    one_point = toy.calls
    whole = scan(stack, toy, tmp_path / "whole", spacings=spacings)
    assert len(seen) == 3
    assert toy.calls > 2 * one_point > 0
    for a, b in zip(resumed, whole, strict=True):
        assert a.info["energy_model"] == b.info["energy_model"]
        assert np.array_equal(a.positions, b.positions)


class Hopping(Toy):
    """The toy with an atom that has two places, of which wide gaps favour one, narrow the other."""

    BARRIER, TILT, EVEN = 0.3, 0.8, 4.0  # eV, eV/Å, Å

    def __init__(self, heights, stack):
        super().__init__(heights)
        self.atom = np.flatnonzero(stack.get_tags() == roles.X)[0]
        self.middle = stack.positions[self.atom, 0]

    def calculate(self, atoms=None, *args, **kwargs):
        super().calculate(atoms, *args, **kwargs)
        x, d = atoms.positions[self.atom, 0] - self.middle, spacing_of(atoms, convention="sheet")
        self.results["energy"] += self.well(x, d)
        self.results["forces"][self.atom, 0] -= 4 * self.BARRIER * x * (x**2 - 1) - self.TILT * (
            d - self.EVEN
        )
        masks = (roles.sheet(atoms), roles.facing(atoms))
        for mask, sign in zip(masks, (1, -1), strict=True):
            self.results["forces"][mask, 2] += sign * self.TILT * x / mask.sum()

    def well(self, x, d):
        return self.BARRIER * (x**2 - 1) ** 2 - self.TILT * x * (d - self.EVEN)


class Following(Hopping):
    """The same, and the atom follows the spacing in y.

    In the geometry of a neighbour it stands where it costs more than the other place gains, so that
    a single point there does not show the lower minimum.
    """

    STIFF, SLOPE = 20.0, 1.0  # eV/Å², Å/Å

    def __init__(self, heights, stack):
        super().__init__(heights, stack)
        self.y = stack.positions[self.atom, 1]

    def calculate(self, atoms=None, *args, **kwargs):
        super().calculate(atoms, *args, **kwargs)
        d = spacing_of(atoms, convention="sheet")
        off = atoms.positions[self.atom, 1] - self.y - self.SLOPE * (d - self.EVEN)
        self.results["energy"] += self.STIFF * off**2
        self.results["forces"][self.atom, 1] -= 2 * self.STIFF * off
        masks = (roles.sheet(atoms), roles.facing(atoms))
        for mask, sign in zip(masks, (1, -1), strict=True):
            pull = sign * 2 * self.STIFF * self.SLOPE * off
            self.results["forces"][mask, 2] += pull / mask.sum()


@pytest.mark.parametrize("potential", [Hopping, Following])
@pytest.mark.parametrize("starts", ["neighbour", "relaxed"])
def test_a_scan_finds_the_lower_of_two_minima_on_both_sides_of_where_they_cross(
    stack, toy, tmp_path, starts, potential
):
    calc, log = potential(toy.heights, stack), io.StringIO()
    start = stack.copy()
    start.positions[calc.atom, 0] -= 1.0
    frames = scan(start, calc, tmp_path / "hopping", starts=starts, log=log)
    plain = scan(stack, toy, tmp_path / "plain")
    x = np.linspace(-2, 2, 40001)
    for frame, without in zip(frames, plain, strict=True):
        best = calc.well(x, frame.info["spacing"]).min()
        difference = frame.info["energy_model"] - without.info["energy_model"]
        assert difference == pytest.approx(best, abs=LOWER_BY)
    assert log.getvalue().count("lower: taken") > 2
    lowered = np.array([frame.info["lowered_by"] for frame in frames])
    assert np.all((lowered == 0) | (lowered > LOWER_BY)) and (lowered > 0).sum() > 2
    metastable = [d for d in np.linspace(2.8, 5.5, 20) if 0.1 < d - calc.EVEN < 0.4]
    assert len(metastable) == 2  # where the start's own minimum lives on, and is not the lower


def test_points_that_start_from_the_layers_apart_are_left_in_the_minimum_they_fall_into(
    stack, toy, tmp_path
):
    calc = Hopping(toy.heights, stack)
    start = stack.copy()
    start.positions[calc.atom, 0] -= 1.0
    lowest = scan(start, calc, tmp_path / "neighbour")
    left = scan(start, calc, tmp_path / "separate", starts="separate")
    pairs = zip(lowest, left, strict=True)
    above = [point.info["energy_model"] - low.info["energy_model"] for low, point in pairs]
    # The other place is the lower one beyond EVEN; beyond `end` this one is no minimum any more.
    end = calc.EVEN + 4 * calc.BARRIER * 2 / (3 * np.sqrt(3)) / calc.TILT
    inner, outer = np.linspace(-2, -1 / np.sqrt(3), 20001), np.linspace(0, 2, 20001)
    for d, higher in zip(SPACINGS, above, strict=True):
        stays = calc.EVEN < d < end
        gap = calc.well(inner, d).min() - calc.well(outer, d).min() if stays else 0
        assert higher == pytest.approx(gap, abs=1e-3 if stays else LOWER_BY)
    assert sum(calc.EVEN < d < end for d in SPACINGS) == 4
    assert all("lowered_by" not in point.info for point in left)


def take_batches(calc):
    """Let a calculator take batches; return the list that receives the size of each."""
    sizes = []

    def evaluate(structures):
        sizes.append(len(structures))
        found = []
        for atoms in structures:
            calc.calculate(atoms)
            found.append(calc.results)
        return found

    calc.batch_size, calc.evaluate = 64, evaluate
    return sizes


@pytest.mark.parametrize("starts", ["neighbour", "relaxed"])
def test_a_scan_in_batches_is_the_scan_one_by_one(stack, toy, tmp_path, starts):
    alone = scan(stack, toy, tmp_path / "alone", starts=starts)
    calls, toy.calls, sizes = toy.calls, 0, take_batches(toy)
    together = scan(stack, toy, tmp_path / "together", starts=starts)
    assert max(sizes) > 2
    assert toy.calls == calls - WARM_UP_CALLS  # a calculator is warmed up once
    for one, other in zip(together, alone, strict=True):
        assert np.array_equal(one.positions, other.positions)
        for key in ("energy_model", "fmax", "steps"):
            assert one.info[key] == other.info[key]


def test_points_that_start_from_the_relaxed_stack_advance_together_until_each_has_converged(
    stack, toy, tmp_path
):
    calc = Hopping(toy.heights, stack)
    sizes = take_batches(calc)
    first_found = []
    scan(stack, calc, tmp_path, starts="relaxed", on_point=first_found.append)
    relaxing = sizes[: sizes.index(2 * len(SPACINGS) - 2)]  # before all neighbours were tried
    steps = [point.info["steps"] for point in first_found]
    assert relaxing == [sum(step >= number for step in steps) for number in range(max(steps) + 1)]
    assert relaxing[0] == len(SPACINGS) > relaxing[-1]


def test_points_of_other_settings_or_models_are_not_taken(stack, toy, tmp_path):
    scan(stack, toy, tmp_path, spacings=[3.5])
    for change in ({"fmax": 1e-4}, {"fingerprint_extra": "another model"}):
        toy.calls = 0
        scan(stack, toy, tmp_path, spacings=[3.5], **change)
        assert toy.calls > 0
    toy.calls = 0
    scan(stack, toy, tmp_path, spacings=[3.5], max_steps=500)
    assert toy.calls == 0


def test_a_point_that_does_not_converge_fails_and_leaves_its_geometry(stack, toy, tmp_path):
    start = stack.copy()
    start.positions[start.get_tags() == roles.X, 2] += 0.3
    with pytest.raises(NotConvergedError, match="max_steps"):
        scan(start, toy, tmp_path, spacings=[3.5], max_steps=1)
    kept = [path.name for path in Path(tmp_path).glob("*.extxyz")]
    assert kept == ["spacing-3.5000-unfinished.extxyz"]


def test_what_is_no_stack_or_holds_ions_is_refused(stack, layers, toy, tmp_path):
    with pytest.raises(StructureError, match=r"no sheet .* needed for adhesion"):
        scan(layers[0], toy, tmp_path)
    filled = stack + Atoms("Na", [(0, 0, 20)], tags=[roles.ION])
    with pytest.raises(StructureError, match=r"holds ions \(1 with tag 20\)"):
        scan(filled, toy, tmp_path)
    with pytest.raises(StructureError, match="the layer the stack was built from"):
        relaxed_layers(stack, [layers[0], layers[0]], toy, tmp_path)


def test_a_frozen_host_takes_ions_at_the_voltage_of_their_sites(stack, toy, tmp_path):
    frames = fill_frozen_host(
        stack,
        toy,
        element="Na",
        counts=[0, 1, 2, 8],
        kept=kept_in(tmp_path),
        on_point=lambda point: None,
    )
    assert [roles.ions(frame).sum() for frame in frames] == [0, 1, 2, 8]
    for frame in frames:
        host = ~roles.ions(frame)
        assert frame.positions[host] == pytest.approx(stack.positions, abs=1e-7)
    energies = {frame.info["n_ions"]: frame.info["energy_model"] for frame in frames}
    table = voltages(energies, bulk_energy_per_atom=-1.1, electrons_per_ion=1)
    assert table["average_V"].tolist() == pytest.approx([1.0, 1.0, 1.0], abs=1e-6)
