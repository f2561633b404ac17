"""The verdict on a honeycomb membrane whose out-of-plane branches are known in closed form."""

import numpy as np
import pytest
from ase import Atoms

from anodeflow.stages.phonons.bands import Bands, band_segments
from anodeflow.stages.phonons.results import Comparison, PhononVerdict
from anodeflow.stages.phonons.verdict import verdict

LATTICE = 2.46
CELL = np.array([[1, 0, 0], [-0.5, np.sqrt(3) / 2, 0], [0, 0, 20 / LATTICE]]) * LATTICE
RECIPROCAL = np.array(Atoms(cell=CELL).cell.reciprocal())
LIMITS = {"imaginary_THz": -0.1, "gamma_radius": 0.3}


def signed_root(squares: np.ndarray) -> np.ndarray:
    return np.sign(squares) * np.sqrt(np.abs(squares))


def membrane(qpoints: np.ndarray, second: float) -> np.ndarray:
    """Frequencies (Q, 6): ω² = 200 [3 ± |f| + second (9 − |f|²)] out of plane, 400 (3 ± |f|) in it.

    f = 1 + e^{2πi q2} + e^{2πi (q1+q2)}: springs to first and second neighbours of a honeycomb, the
    second ones `second` times as stiff. At −1/6 the term in q² of the lower branch vanishes, which
    is the flexural branch ω ∝ q²; a little below, the branch is imaginary near Γ only.
    """
    phases = [0 * qpoints[:, 0], qpoints[:, 1], qpoints[:, 0] + qpoints[:, 1]]
    f = np.abs(np.exp(2j * np.pi * np.array(phases)).sum(axis=0))
    shell = second * (9 - f**2)
    flat = [200 * (3 - f + shell), 200 * (3 + f + shell)]
    in_plane = [400 * (3 + sign * f) for sign in (-1, -1, 1, 1)]
    return np.sort(signed_root(np.stack([*flat, *in_plane], axis=1)), axis=1)


def bands_of(frequencies) -> Bands:
    path = np.concatenate(band_segments(CELL, path_points=300))
    steps = np.arange(20) / 20
    mesh = np.array([(i, j, 0) for i in steps for j in steps])
    distance = np.arange(len(path), dtype=float)
    return Bands(
        distance=distance,
        fraction=distance / distance[-1],
        qpoints=path,
        frequencies_THz=frequencies(path),
        labels=[],
        dos_frequencies_THz=np.zeros(0),
        dos=np.zeros(0),
        mesh_qpoints=mesh,
        mesh_frequencies_THz=frequencies(mesh),
    )


def test_a_flexural_branch_quadratic_in_q_is_stable():
    result = verdict(bands_of(lambda q: membrane(q, -1 / 6)), RECIPROCAL, **LIMITS)
    assert (result.stable, result.kind) == (True, "stable")
    assert result.minimum_THz == pytest.approx(0, abs=1e-5)
    assert result.imaginary_reach == 0
    assert "the lowest is 0.000 THz" in result.sentence


def test_a_flexural_branch_a_little_below_zero_near_gamma_is_a_residue():
    second = -1 / 6 - 2e-3
    result = verdict(bands_of(lambda q: membrane(q, second)), RECIPROCAL, **LIMITS)
    assert (result.stable, result.kind) == (True, "acoustic residue near Gamma")
    assert result.branch == 1
    # With s = −second − 1/6 and e = 3 − |f|: ω² = 200 [−6 s e + (1/6 + s) e²], least at
    # e = 3 s / (1/6 + s) and imaginary up to twice that; 3 − |f| = (qa)²/4 at long wavelength.
    s = 2e-3
    assert result.minimum_THz == pytest.approx(-np.sqrt(200 * 9 * s**2 / (1 / 6 + s)), rel=0.01)
    assert result.gamma_distance == pytest.approx(
        np.sqrt(4 * 3 * s / (1 / 6 + s)) / LATTICE, rel=0.1
    )
    assert result.imaginary_reach <= np.sqrt(4 * 6 * s / (1 / 6 + s)) / LATTICE


def test_the_same_branch_is_an_instability_when_it_reaches_out_of_the_radius():
    bands = bands_of(lambda q: membrane(q, -1 / 6 - 2e-3))
    result = verdict(bands, RECIPROCAL, imaginary_THz=-0.01, gamma_radius=0.05)
    assert (result.stable, result.kind) == (False, "unstable")
    assert result.gamma_distance > 0.05


def test_soft_springs_to_second_neighbours_make_the_zone_boundary_unstable():
    bands = bands_of(lambda q: membrane(q, -0.5))
    result = verdict(bands, RECIPROCAL, **LIMITS)
    assert (result.stable, result.kind, result.branch) == (False, "unstable", 1)
    # Lowest where |f| = 1, first met on the path at M: ω² = 200 (2 − 4).
    assert result.minimum_THz == pytest.approx(-20)
    np.testing.assert_allclose(result.qpoint, [0.5, 0, 0], atol=1e-12)
    assert "at M (path)" in result.sentence


def test_an_instability_that_only_the_mesh_sees_is_found_and_placed():
    bands = bands_of(lambda q: membrane(q, -1 / 6))
    bands.mesh_frequencies_THz[123, 0] = -0.7
    result = verdict(bands, RECIPROCAL, **LIMITS)
    assert result.kind == "unstable" and result.where == "mesh"
    np.testing.assert_allclose(result.qpoint, bands.mesh_qpoints[123])
    assert result.minimum_mesh_THz == result.minimum_THz == -0.7
    assert result.minimum_path_THz > -1e-5


def test_an_optical_branch_below_zero_at_gamma_is_never_a_residue():
    bands = bands_of(lambda q: membrane(q, -1 / 6))
    bands.frequencies_THz[0] = [-3.0, -2.0, -1.0, -0.5, 20.0, 30.0]
    result = verdict(bands, RECIPROCAL, **LIMITS)
    assert result.kind == "unstable" and result.branch == 4
    # The minimum stays the lowest frequency of all, the mode named is the one that decides.
    assert result.minimum_THz == -3.0 and result.frequency_THz == -0.5


def test_a_q_point_next_to_another_gamma_point_is_as_near_as_next_to_the_first():
    bands = bands_of(lambda q: membrane(q, -1 / 6))
    for q in ([0.03, 0, 0], [-0.03, 0, 0], [0.97, 0, 0], [1.0, 0.97, 0]):
        bands.mesh_qpoints[7] = q
        bands.mesh_frequencies_THz[7, 0] = -0.2
        result = verdict(bands, RECIPROCAL, **LIMITS)
        assert result.kind == "acoustic residue near Gamma"
        # |b| = 2π · 2 / (√3 a).
        expected = 0.03 * 4 * np.pi / (np.sqrt(3) * LATTICE)
        assert result.gamma_distance == pytest.approx(expected)


def test_the_threshold_itself_is_not_imaginary():
    bands = bands_of(lambda q: membrane(q, -1 / 6))
    bands.mesh_frequencies_THz[123, 0] = -0.1
    assert verdict(bands, RECIPROCAL, **LIMITS).kind == "stable"


def test_a_verdict_comes_back_from_its_file_with_and_without_a_comparison(tmp_path):
    bands = bands_of(lambda q: membrane(q, -1 / 6))
    compared = Comparison(
        kind="points", mean_abs_THz=0.1, max_abs_THz=0.3, highest_error_THz=-0.2, qpoints=3
    )
    for reference in (None, compared):
        result = verdict(bands, RECIPROCAL, **LIMITS, reference=reference)
        result.write(tmp_path / "phonons.json")
        assert PhononVerdict.read(tmp_path / "phonons.json") == result
        assert result.reference == reference
        assert result.highest_THz == bands.frequencies_THz.max()
