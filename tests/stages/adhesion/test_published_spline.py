"""The study's smoothing spline: its own peaks, and how far it lies off."""

import numpy as np
import pytest
from places import REFERENCE
from scipy.interpolate import CubicSpline

from anodeflow.stages.adhesion.peak import peak_spline
from anodeflow.tables.published import read_adhesion_reference

WINDOW = (3.4, 5.0)


def published(stack):
    table = read_adhesion_reference(REFERENCE / "adhesion.csv")
    rows = table[(table["source"] == "MACE-OMAT-0 + D3, published") & (table["stack"] == stack)]
    return rows["spacing_angstrom"].to_numpy(), rows["adhesion_ev_per_nm2"].to_numpy()


@pytest.mark.parametrize(("stack", "spacing"), [("m-g", 3.963), ("m-go", 3.995), ("m-goh", 3.892)])
def test_the_published_spline_puts_the_peaks_where_the_study_does(stack, spacing):
    peak = peak_spline(*published(stack), window=WINDOW)
    assert peak.found
    assert round(peak.spacing, 3) == spacing


@pytest.mark.parametrize(("stack", "height"), [("m-g", 1.79), ("m-go", 1.61), ("m-goh", 2.47)])
def test_the_published_peaks_are_as_high_as_published(stack, height):
    assert peak_spline(*published(stack), window=WINDOW).height == pytest.approx(height, abs=0.01)


def test_the_published_spline_does_not_depend_on_the_order_of_the_points():
    d, e = published("m-g")
    assert peak_spline(d[::-1], e[::-1], window=WINDOW) == peak_spline(d, e, window=WINDOW)


@pytest.mark.parametrize("stack", ["m-g", "m-go", "m-goh"])
def test_the_published_spline_is_one_quartic_and_lies_inwards_of_one_through_the_points(stack):
    d, e = published(stack)
    inside = (d > WINDOW[0]) & (d < WINDOW[1])
    d, e = d[inside], e[inside]
    grid = np.linspace(d[0], d[-1], 500)
    quartic = np.polyval(np.polyfit(d - 4, e, 4), grid - 4)
    peak = peak_spline(*published(stack), window=WINDOW)
    assert peak.spacing == pytest.approx(grid[quartic.argmax()], abs=1e-6)
    assert peak.height == pytest.approx(quartic.max(), abs=1e-6)
    through = CubicSpline(d, e)(grid)
    assert 0.002 < grid[through.argmax()] - peak.spacing < 0.010
    assert 0.002 < through.max() - peak.height < 0.012


def test_the_published_spline_errs_by_two_hundredths_of_an_angstrom_on_known_curves():
    errors, spacings, depth = [], np.linspace(2.8, 5.5, 20), 1.8
    for best in (3.7, 3.96):
        part = np.exp(-1.9 * (spacings - best))
        well = depth * (2 * part - part**2)
        peak = peak_spline(spacings, well, window=WINDOW)
        errors.append((peak.spacing - best, peak.height - depth))
    assert errors[0] == pytest.approx((0.021, -0.022), abs=0.002)
    assert errors[1] == pytest.approx((0.003, 0.063), abs=0.002)
