"""Adhesion curves and their peak, as published and where they are known in closed form."""

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from ase import Atoms, units
from ase.calculators.singlepoint import SinglePointCalculator
from places import REFERENCE
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
from anodeflow.stages.adhesion.peak import peak_fit, peak_spline
from anodeflow.stages.adhesion.results import CURVE, AdhesionSummary
from anodeflow.stages.adhesion.settings import LayersApart
from anodeflow.structures.spacing import CONVENTIONS
from anodeflow.structures.spacing_conventions import SpacingConvention
from anodeflow.tables.published import read_adhesion_reference
from anodeflow.units import EV_NM2_TO_J_M2

WINDOW = (3.4, 5.0)


def published(stack):
    table = read_adhesion_reference(REFERENCE / "adhesion.csv")
    rows = table[(table["source"] == "MACE-OMAT-0 + D3, published") & (table["stack"] == stack)]
    return rows["spacing_angstrom"].to_numpy(), rows["adhesion_ev_per_nm2"].to_numpy()


def layer(tags, heights, cell, **info):
    positions = np.column_stack([np.linspace(0, 1, len(tags)), np.zeros(len(tags)), heights])
    atoms = Atoms("C" * len(tags), positions, tags=tags, cell=cell, pbc=True)
    atoms.info.update(info)
    return atoms


def test_every_convention_that_the_schema_lists_is_measured_and_has_its_curve():
    assert set(CONVENTIONS) == set(SPACING_COLUMNS) == set(get_args(SpacingConvention))
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


@pytest.mark.parametrize(("stack", "spacing"), [("m-g", 3.963), ("m-go", 3.995), ("m-goh", 3.892)])
def test_the_published_spline_puts_the_peaks_where_the_study_does(stack, spacing):
    peak = peak_spline(*published(stack), window=WINDOW)
    assert peak.found
    assert round(peak.spacing, 3) == spacing


@pytest.mark.parametrize(("stack", "height"), [("m-g", 1.79), ("m-go", 1.61), ("m-goh", 2.47)])
def test_the_fitted_peaks_are_as_high_as_published(stack, height):
    spline = peak_spline(*published(stack), window=WINDOW)
    fit = peak_fit(*published(stack), half_width=0.6)
    assert spline.height == pytest.approx(height, abs=0.01)
    assert fit.height == pytest.approx(height, abs=0.015)
    assert abs(fit.spacing - spline.spacing) < 3 * fit.spacing_error


def test_the_published_spline_does_not_depend_on_the_order_of_the_points():
    d, e = published("m-g")
    assert peak_spline(d[::-1], e[::-1], window=WINDOW) == peak_spline(d, e, window=WINDOW)


def test_the_fit_finds_the_peak_of_an_exact_quartic():
    d = np.linspace(3, 5, 15)
    x = d - 3.9
    peak = peak_fit(d, 2 - 3 * x**2 + x**3 - 0.2 * x**4, half_width=0.6)
    assert peak.spacing == pytest.approx(3.9, abs=1e-9)
    assert peak.height == pytest.approx(2.0, abs=1e-9)
    # The cubic misses by the quartic term: by less than 0.2 * 0.7**4 in height.
    assert peak.height_error < 0.2 * 0.7**4


def test_the_errors_of_the_fit_are_as_large_as_its_scatter():
    rng = np.random.default_rng(7)
    d = np.linspace(2.8, 5.5, 20)
    exact = 2.2 - 3.0 * (1 - np.exp(-0.9 * (d - 3.95))) ** 2
    fits = [peak_fit(d, exact + rng.normal(0, 0.01, len(d)), half_width=0.6) for _ in range(200)]
    for name, truth in (("spacing", 3.95), ("height", 2.2)):
        values = np.array([getattr(fit, name) for fit in fits])
        errors = np.array([getattr(fit, f"{name}_error") for fit in fits])
        assert 0.5 < np.median(errors) / np.std(values) < 3
        assert np.mean(np.abs(values - truth) < 2 * errors) > 0.8


MORSE = {"depth": 2.2, "stiffness": 1.3, "best": 3.95}


def morse(d, depth, stiffness, best):
    return depth * (1 - (1 - np.exp(-stiffness * (d - best))) ** 2)


@pytest.mark.parametrize("noise", [0.002, 0.01, 0.03])
def test_the_errors_of_a_peak_hold_its_truth_as_often_as_they_should(noise):
    rng, d = np.random.default_rng(8), np.linspace(2.8, 5.5, 20)
    scans = [morse(d, **MORSE) + rng.normal(0, noise, len(d)) for _ in range(300)]
    fits = [peak_fit(d, e, half_width=0.6) for e in scans]
    fits = [fit for fit in fits if fit.found]
    assert len(fits) > 290
    for name, truth in (("spacing", 3.95), ("height", 2.2)):
        errors = np.array([getattr(fit, f"{name}_error") for fit in fits])
        off = np.abs(np.array([getattr(fit, name) for fit in fits]) - truth) / errors
        assert np.mean(off < 1) > 0.6
        assert np.mean(off < 2) > 0.88


def test_a_bootstrap_of_the_residuals_gives_the_error_of_the_fit_again():
    """The second route: fits of the fitted curve plus its own residuals, drawn anew."""
    rng, d = np.random.default_rng(9), np.linspace(2.8, 5.5, 60)
    # A cubic, which polynomials of every degree fit alike: what is left is the covariance.
    e = 2.2 - 3 * (d - 3.95) ** 2 + (d - 3.95) ** 3 + rng.normal(0, 0.02, len(d))
    fit = peak_fit(d, e, half_width=0.6)
    near = np.abs(d - d[e.argmax()]) <= 0.6
    curve = np.poly1d(np.polyfit(d[near], e[near], 4))
    residuals = (e[near] - curve(d[near])) * np.sqrt(near.sum() / (near.sum() - 5))
    peaks = []
    for _ in range(400):
        again = e.copy()
        again[near] = curve(d[near]) + rng.choice(residuals, near.sum())
        refitted = np.poly1d(np.polyfit(d[near] - 4, again[near], 4))
        grid = np.linspace(3.5, 4.5, 2001)
        peaks.append((grid[refitted(grid - 4).argmax()], refitted(grid - 4).max()))
    for name, scatter in zip(("spacing", "height"), np.std(peaks, axis=0), strict=True):
        assert 0.85 * scatter < getattr(fit, f"{name}_error") < 2 * scatter


def test_the_choice_of_the_window_is_reported_apart_from_the_error_of_the_fit():
    d = np.linspace(2.8, 5.5, 40)
    smooth = peak_fit(d, morse(d, **MORSE), half_width=0.6)
    others = [peak_fit(d, morse(d, **MORSE), half_width=w) for w in (0.48, 0.72)]
    for name in ("spacing", "height"):
        expected = max(abs(getattr(fit, name) - getattr(smooth, name)) for fit in others)
        assert getattr(smooth, f"{name}_window") == pytest.approx(expected)
        assert getattr(smooth, f"{name}_window") > 0


def test_a_peak_near_the_end_of_the_scan_says_so():
    d = np.linspace(3.7, 5.5, 14)
    peak = peak_fit(d, morse(d, **MORSE), half_width=0.7)
    assert peak.found, peak
    assert "nearer to the end of the scan, 3.700 Å" in peak.sentence
    whole = np.linspace(2.8, 5.5, 20)
    assert peak_fit(whole, morse(whole, **MORSE), half_width=0.6).sentence is None


def test_a_curve_that_rises_to_its_end_has_no_peak():
    d = np.linspace(3, 5, 12)
    for peak in (peak_spline(d, d, window=WINDOW), peak_fit(d, d, half_width=0.6)):
        assert not peak.found
        assert "5" in peak.sentence


def test_too_few_points_are_no_peak_and_say_how_many_are_needed():
    d = np.linspace(3, 5, 4)
    spline = peak_spline(d, -((d - 4) ** 2), window=WINDOW)
    fit = peak_fit(d, -((d - 4) ** 2), half_width=0.8)
    assert "needs 5" in spline.sentence
    assert "needs 6" in fit.sentence
    assert not spline.found and not fit.found


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
    d, _ = select_curve(curve, spacing="all", layers="own", dispersion=True)
    assert d == pytest.approx(np.array([3.0, 3.5, 4.0]) - 0.4)


def test_structures_with_total_energies_only_have_no_curve_without_dispersion(tmp_path):
    frames, references = scan()
    for atoms in [*frames, *references.values()]:
        total = atoms.info.pop("energy_model") + atoms.info.pop("energy_dispersion")
        atoms.calc = SinglePointCalculator(atoms, energy=total)
    curve = adhesion_curve(frames, {k: references[k] for k in ("bottom_own", "top_own")})
    d, e = select_curve(curve, spacing="sheet", layers="own", dispersion=True)
    assert e.tolist() == pytest.approx([0.95, 1.45, 1.95])
    assert len(d) == 3
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
    summary = summarise_adhesion(
        curve, own, spacing="all", layers="own", peak_window=WINDOW, fit_half_width=0.6
    )
    summary.write(tmp_path / "m-g.json")
    assert AdhesionSummary.read(tmp_path / "m-g.json") == summary
    assert summary.strain_energy is None
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
    with pytest.raises(ReferenceDataError, match="text among its numbers"):
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
        "peak": peak_fit(curve["spacing"], curve["adhesion_eV_nm2"], half_width=0.6),
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
