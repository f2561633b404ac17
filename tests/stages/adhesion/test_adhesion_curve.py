"""Adhesion curves and their peak, as published and where they are known in closed form."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from ase import Atoms, units
from ase.calculators.singlepoint import SinglePointCalculator
from places import REFERENCE
from scipy.interpolate import CubicSpline
from scored import adhesion
from tabled import adhesion_table

from anodeflow.errors import ReferenceDataError, StructureError
from anodeflow.stages.adhesion.curve import (
    LAYER_STATES,
    SPACING_COLUMNS,
    adhesion_curve,
    select_curve,
    strain_energy,
    summarise_adhesion,
)
from anodeflow.stages.adhesion.figure import plot_adhesion
from anodeflow.stages.adhesion.peak import curve_between, peak_of_points, peak_spline
from anodeflow.stages.adhesion.results import (
    CURVE,
    AdhesionSummary,
    FittedPeak,
    adhesion_quantities,
    peak_for,
)
from anodeflow.stages.adhesion.settings import LayersApart, Spacing
from anodeflow.structures.spacing import CONVENTIONS
from anodeflow.structures.spacing_conventions import SpacingConvention
from anodeflow.tables.published import read_adhesion_reference
from anodeflow.units import EV_NM2_TO_J_M2

WINDOW = (3.4, 5.0)


def layer(tags, heights, cell, **info):
    positions = np.column_stack([np.linspace(0, 1, len(tags)), np.zeros(len(tags)), heights])
    atoms = Atoms("C" * len(tags), positions, tags=tags, cell=cell, pbc=True)
    atoms.info.update(info)
    return atoms


def test_every_convention_that_the_schema_lists_is_measured_and_has_its_curve():
    assert set(CONVENTIONS) == set(get_args(SpacingConvention))
    assert set(SPACING_COLUMNS) == set(get_args(Spacing)) == {*CONVENTIONS, "nominal"}
    assert set(LAYER_STATES) == set(get_args(LayersApart))


def scan(cell=(10.0, 20.0, 40.0)):
    """Three stacks 10 x 20 A wide (2 nm²) of a sheet with an oxygen 1.2 A below it."""
    frames = [
        layer([3, 10, 10, 11], [0, d, d, d - 1.2], cell, energy_model=-20 - e, energy_dispersion=-2)
        for d, e in ((3.0, 1.0), (4.0, 3.0), (3.5, 2.0))
    ]
    references = {
        "bottom": layer([3], [0], cell, energy_model=-8.0, energy_dispersion=-0.5),
        "bottom_own": layer([3], [0], cell, energy_model=-8.0, energy_dispersion=-0.5),
        "top": layer([10, 10, 11], [1.2, 1.2, 0], cell, energy_model=-11.0, energy_dispersion=-0.7),
        "top_own": layer(
            [10, 10, 11], [1.2, 1.2, 0], (11, 21, 40), energy_model=-12.0, energy_dispersion=-0.6
        ),
    }
    return frames, references


DEPTH, SPACINGS = 1.8, np.linspace(2.8, 5.5, 20)
WELLS = (2.95, 3.2, 3.7, 3.96)


def morse(d, best):
    """A well of 1.8 eV/nm² at `best`: energies and slopes at d."""
    part = np.exp(-1.9 * (d - best))
    return DEPTH * (2 * part - part**2), 2 * 1.9 * DEPTH * (part**2 - part)


def lennard_jones(d, best):
    part = (best / d) ** 6
    return DEPTH * (2 * part - part**2), 12 * DEPTH * (part**2 - part) / d


@pytest.mark.parametrize("curve", [morse, lennard_jones])
@pytest.mark.parametrize("best", WELLS)
def test_the_peak_of_a_known_curve_is_found_to_less_than_a_milliangstrom_and_a_meV(curve, best):
    peak = peak_of_points(SPACINGS, *curve(SPACINGS, best))
    assert abs(peak.spacing - best) < 1e-3
    assert abs(peak.height - DEPTH) < 1e-3
    assert abs(peak.spacing - best) < 2 * peak.spacing_error < 0.02
    assert abs(peak.height - DEPTH) < 2 * peak.height_error < 0.02


@pytest.mark.parametrize("noise", [0.005, 0.02])
@pytest.mark.parametrize("curve", [morse, lennard_jones])
@pytest.mark.parametrize("best", WELLS)
def test_the_interval_of_a_peak_holds_its_truth_and_is_no_wider_than_it_has_to_be(
    curve, best, noise
):
    rng = np.random.default_rng(8)
    energies, slopes = curve(SPACINGS, best)
    scans = energies + rng.normal(0, noise, (200, len(SPACINGS)))
    peaks = [peak_of_points(SPACINGS, scan, slopes) for scan in scans]
    for name, truth in (("spacing", best), ("height", DEPTH)):
        off = np.array([getattr(peak, name) for peak in peaks]) - truth
        half_width = 1.96 * np.array([getattr(peak, f"{name}_error") for peak in peaks])
        assert np.mean(np.abs(off) < half_width) >= 0.9
        assert np.median(half_width) <= 3 * np.sqrt(np.mean(off**2))


def test_the_noise_of_the_energies_is_found_from_their_slopes():
    rng = np.random.default_rng(9)
    energies, slopes = morse(SPACINGS, 3.96)
    found = [
        peak_of_points(SPACINGS, energies + rng.normal(0, 0.02, len(SPACINGS)), slopes).noise_eV_nm2
        for _ in range(300)
    ]
    assert np.median(found) == pytest.approx(1.15 * 0.02, rel=0.1)
    assert peak_of_points(SPACINGS, energies, slopes).noise_eV_nm2 < 1e-3


def test_the_curve_between_points_has_their_energies_and_slopes():
    between = curve_between(SPACINGS, *lennard_jones(SPACINGS, 3.7))
    for order, given in enumerate(lennard_jones(SPACINGS, 3.7)):
        assert between(SPACINGS[:-1], order) == pytest.approx(given[:-1])
    fine = np.linspace(3.2, 5.5, 400)
    assert between(fine) == pytest.approx(lennard_jones(fine, 3.7)[0], abs=1e-3)


def test_the_order_of_the_points_does_not_matter():
    energies, slopes = morse(SPACINGS, 3.96)
    backwards = peak_of_points(SPACINGS[::-1], energies[::-1], slopes[::-1])
    assert backwards == peak_of_points(SPACINGS, energies, slopes)


def table_of(curve, best, relaxed=None, lowered=0.0, shift=0.0):
    """A table of `adhesion_curve` on a known curve, the relaxed stack among its points."""
    d = SPACINGS if relaxed is None else np.sort(np.append(SPACINGS, relaxed))
    energies, slopes = curve(d, best)
    at = d == relaxed
    columns = {"spacing": d, "spacing_all_atoms": d - shift * (1 + 0.1 * d), "relaxed": at}
    columns |= {"slope_eV_nm2_angstrom": slopes, "slope_error_eV_nm2_angstrom": 0.001 * at}
    columns |= {"adhesion_eV_nm2": energies - lowered * at}
    dispersion = 2.0 * (3.0 / d) ** 4
    return pd.DataFrame(columns | {"adhesion_no_dispersion_eV_nm2": energies - dispersion})


def summarised(table, spacing="sheet"):
    layer_only = {"bottom": layer([3], [0], (10, 20, 40))}
    return summarise_adhesion(
        table, layer_only, spacing=spacing, layers="strained", peak_window=WINDOW
    )


def test_the_relaxed_stack_is_the_peak_and_the_points_alone_its_check():
    summary = summarised(table_of(lennard_jones, 3.7, relaxed=3.7002))
    assert summary.peak.spacing == 3.7002
    assert summary.peak.height == pytest.approx(DEPTH, abs=1e-5)
    # What relaxing left of the slope says how far the top is, here exactly 0.2 mÅ, and as much
    # again is what its error, 0.001 eV/nm²/Å, lets it be.
    curvature = CubicSpline(SPACINGS, lennard_jones(SPACINGS, 3.7)[1])(3.7, 1)
    assert summary.peak.spacing_error == pytest.approx(2e-4 - 1e-3 / curvature, rel=0.05)
    assert abs(summary.peak_of_points.spacing - 3.7) < 2 * summary.peak_of_points.spacing_error
    assert summary.peak.sentence is None


def test_hysteresis_next_to_the_peak_is_told_and_enters_the_error_of_the_scorecard():
    table = table_of(lennard_jones, 3.7, relaxed=3.7)
    place = int(np.flatnonzero(table["relaxed"])[0])
    lowered = np.zeros(len(table))
    lowered[[0, place + 1]] = 0.3, 0.02  # up the wall it says nothing of the peak
    summary = summarised(table.assign(lowered_eV_nm2=lowered))
    assert summary.hysteresis_eV_nm2 == 0.02
    assert summarised(table).hysteresis_eV_nm2 is None
    own = summary.model_copy(update={"layers": "own"})
    height = adhesion_quantities({"model": "m", "system": "m-g"}, own, {})[0]
    assert height.error == pytest.approx(0.02, rel=1e-3)


def test_the_peak_for_layers_in_their_own_cells_is_lower_by_the_strain_energy_and_back():
    strained = adhesion(1.8, 3.9, strain=0.89)
    own = peak_for(strained, "own")
    assert own.height == pytest.approx(0.91)
    assert own.spacing == 3.9
    given = strained.model_copy(update={"given_layers_eV_nm2": 0.1})
    assert peak_for(given, "own").height == pytest.approx(1.01)
    back = strained.model_copy(update={"layers": "own", "peak": own})
    assert peak_for(back, "strained").height == pytest.approx(1.8)
    with pytest.raises(StructureError, match="own cells are missing"):
        peak_for(strained.model_copy(update={"strain_energy": None}), "own")


def test_a_minimum_below_the_relaxed_stack_is_the_peak_and_said():
    summary = summarised(table_of(morse, 3.96, relaxed=3.96, lowered=0.05))
    assert summary.peak.spacing == summary.peak_of_points.spacing
    assert "100 meV below the relaxed stack" in summary.peak.sentence  # of 2 nm²


def test_points_that_all_lie_in_a_higher_minimum_are_said():
    summary = summarised(table_of(morse, 3.96, relaxed=3.96, lowered=-0.05))
    assert summary.peak.spacing == 3.96
    assert "100 meV above the relaxed stack: they lie in another minimum" in summary.peak.sentence
    height = adhesion_quantities({}, summary.model_copy(update={"layers": "own"}), {})[0]
    assert "another minimum" in height.note


def test_a_scan_whose_spacings_do_not_rise_is_refused():
    table = table_of(morse, 3.96)
    table["spacing_all_atoms"] = table["spacing"] - 0.2 * (table.index == 5)
    with pytest.raises(StructureError, match="measured over all, do not rise from point to point"):
        select_curve(table, spacing="all", layers="strained", dispersion=True)


def test_a_scan_that_does_not_pass_the_relaxed_stack_is_no_check_and_says_so():
    table = table_of(morse, 2.7, relaxed=2.7)
    summary = summarised(table)
    assert summary.peak.spacing == 2.7
    assert "still rises at the end of the scan, 2.800 Å" in summary.peak.sentence


def test_slopes_without_dispersion_and_of_another_spacing_are_the_derivatives_of_their_curves():
    table = table_of(lennard_jones, 3.7, shift=0.05)
    bare = select_curve(table, spacing="sheet", layers="strained", dispersion=False)
    exact = lennard_jones(SPACINGS, 3.7)[1] + 8.0 * 3.0**4 / SPACINGS**5
    assert bare.slopes[0] == pytest.approx(exact, abs=2e-2)
    every = select_curve(table, spacing="all", layers="strained", dispersion=True)
    assert every.slopes[0] == pytest.approx(lennard_jones(SPACINGS, 3.7)[1] / 0.995)
    assert every.spacings == pytest.approx(SPACINGS - 0.05 * (1 + 0.1 * SPACINGS))


def test_a_curve_that_rises_to_its_end_has_no_peak():
    d = np.linspace(3, 5, 12)
    for peak in (peak_spline(d, d, window=WINDOW), peak_of_points(d, d, np.ones(12))):
        assert not peak.found
        assert "5" in peak.sentence


def test_too_few_points_are_no_peak_and_say_how_many_are_needed():
    d = np.linspace(3, 5, 3)
    spline = peak_spline(d, -((d - 4) ** 2), window=WINDOW)
    fit = peak_of_points(d, -((d - 4) ** 2), -2 * (d - 4))
    assert "needs 5" in spline.sentence
    assert "needs 4" in fit.sentence
    assert not spline.found and not fit.found


def test_a_peak_that_half_of_the_points_do_not_show_has_no_error_and_says_why():
    d = np.linspace(3.8, 4.4, 5)
    peak = peak_of_points(d, *morse(d, 3.96))
    assert peak.spacing == pytest.approx(3.96, abs=2e-3)
    assert peak.spacing_error is None
    assert "Half of the points show no peak" in peak.sentence


def test_adhesion_is_the_energy_of_the_layers_apart_less_that_of_the_stack_per_area():
    curve = adhesion_curve(*scan())
    # By hand: ((-8.5 - 11.7) - (-22 - e)) / 2 and, own cell, ((-8.5 - 12.6) - (-22 - e)) / 2.
    assert curve["spacing"].tolist() == pytest.approx([3.0, 3.5, 4.0])
    assert curve["adhesion_eV_nm2"].tolist() == pytest.approx([1.4, 1.9, 2.4])
    assert curve["adhesion_relaxed_reference_eV_nm2"].tolist() == pytest.approx([0.95, 1.45, 1.95])
    # Without dispersion: ((-8 - 11) - (-20 - e)) / 2.
    assert curve["adhesion_no_dispersion_eV_nm2"].tolist() == pytest.approx([1.0, 1.5, 2.0])


def test_strain_energy_is_the_difference_between_both_references():
    frames, references = scan()
    curve = adhesion_curve(frames, references)
    difference = curve["adhesion_eV_nm2"] - curve["adhesion_relaxed_reference_eV_nm2"]
    strain = strain_energy(references)
    assert strain.total_eV_nm2 == pytest.approx(difference.to_numpy())
    assert strain.bottom_eV_nm2 == 0.0
    assert strain.top_eV_nm2 == pytest.approx((12.6 - 11.7) / 2)


def test_the_published_spacing_averages_over_the_oxygen_as_well():
    curve = adhesion_curve(*scan())
    assert (curve["spacing"] - curve["spacing_all_atoms"]).to_numpy() == pytest.approx(1.2 / 3)
    found = select_curve(curve, spacing="all", layers="own", dispersion=True)
    assert found.slopes is None  # these stacks carry no forces
    assert found.spacings == pytest.approx(np.array([3.0, 3.5, 4.0]) - 0.4)


def test_structures_with_total_energies_only_have_no_curve_without_dispersion(tmp_path):
    frames, references = scan()
    for atoms in [*frames, *references.values()]:
        total = atoms.info.pop("energy_model") + atoms.info.pop("energy_dispersion")
        atoms.calc = SinglePointCalculator(atoms, energy=total)
    curve = adhesion_curve(frames, {k: references[k] for k in ("bottom_own", "top_own")})
    found = select_curve(curve, spacing="sheet", layers="own", dispersion=True)
    assert found.energies.tolist() == pytest.approx([0.95, 1.45, 1.95])
    assert len(found.spacings) == 3
    CURVE.write(curve, tmp_path / "m-g.csv")
    pd.testing.assert_frame_equal(CURVE.read(tmp_path / "m-g.csv"), curve)
    with pytest.raises(StructureError, match="no column adhesion_no_dispersion_eV_nm2"):
        select_curve(curve, spacing="sheet", layers="strained", dispersion=False)


def test_structures_of_others_with_an_energy_alone_give_a_summary_without_what_they_lack(tmp_path):
    frames, references = scan()
    for atoms in [*frames, *references.values()]:
        total = atoms.info.pop("energy_model") + atoms.info.pop("energy_dispersion")
        atoms.info["energy"] = total
    own = {name: references[name] for name in ("bottom_own", "top_own")}
    curve = adhesion_curve(frames, own)
    assert curve["adhesion_relaxed_reference_eV_nm2"].tolist() == pytest.approx([0.95, 1.45, 1.95])
    summary = summarise_adhesion(curve, own, spacing="all", layers="own", peak_window=WINDOW)
    summary.write(tmp_path / "m-g.json")
    assert AdhesionSummary.read(tmp_path / "m-g.json") == summary
    assert summary.strain_energy is None
    assert "carry no forces that are slopes" in summary.peak.sentence
    assert "no column" in summary.peak_no_dispersion.sentence
    row = adhesion_table([{"model": "study", "system": "m-g", "result": summary}], None)
    assert row["layers"].tolist() == ["own"]


def test_a_curve_needs_frames_energies_and_both_layers():
    frames, references = scan()
    with pytest.raises(StructureError, match="none was given"):
        adhesion_curve([], references)
    with pytest.raises(StructureError, match="needs bottom and top"):
        adhesion_curve(frames, {"bottom": references["bottom"]})
    frames[1].info.clear()
    with pytest.raises(StructureError, match="carries no total energy"):
        adhesion_curve(frames, references)


def test_one_eV_per_square_nanometre_is_0_16022_joule_per_square_metre():
    joule_per_square_metre = units.J / units.m**2
    assert 1 / units.nm**2 / joule_per_square_metre == pytest.approx(EV_NM2_TO_J_M2, rel=1e-6)
    assert round(EV_NM2_TO_J_M2, 5) == 0.16022


@pytest.mark.parametrize(
    "text", ["", "source,stack,d,e\npbe,m-g,3,2\n", "a,b\n", "\x00\x01", "source,stack\n1,2,3\n"]
)
def test_a_reference_with_wrong_columns_is_refused_in_one_sentence(tmp_path, text):
    path = tmp_path / "adhesion.csv"
    path.write_text(text)
    with pytest.raises(ReferenceDataError, match="spacing_angstrom, adhesion_ev_per_nm2"):
        read_adhesion_reference(path)


def test_a_reference_with_words_among_its_numbers_is_refused(tmp_path):
    path = tmp_path / "adhesion.csv"
    path.write_text("source,stack,spacing_angstrom,adhesion_ev_per_nm2\npbe,m-g,3.0,high\n")
    with pytest.raises(ReferenceDataError, match=r"'high' in its column adhesion_.* data row 1"):
        read_adhesion_reference(path)
    with pytest.raises(ReferenceDataError, match="cannot be read"):
        read_adhesion_reference(tmp_path / "nothing.csv")


def test_the_figure_shows_every_curve_and_its_table_holds_every_point():
    curve = adhesion_curve(*scan())
    reference = read_adhesion_reference(REFERENCE / "adhesion.csv")
    entry = {
        "label": "model",
        "colour": "#0072B2",
        "curve": curve,
        "peak": FittedPeak(found=True, points=3, spacing=3.9, height=2.3, spacing_error=0.01),
        "reference": reference[reference["stack"] == "m-g"],
    }
    fig, table = plot_adhesion(
        {"m-g": [entry], "other": [entry | {"reference": None}]},
        spacing="sheet",
        layers="strained",
    )
    assert len([ax for ax in fig.axes if ax.get_visible()]) == 2
    assert len(table) == 2 * 2 * len(curve) + len(entry["reference"])
    assert isinstance(table, pd.DataFrame)
