"""The drift of a run's conserved energy, from series whose drift is known."""

import numpy as np
import pytest
from ase import Atoms
from correlated import STEP_PS, ar1
from scipy.stats import linregress
from synthetic import synthetic_run

from anodeflow.stages.motion.energy_drift import energy_drift

ATOMS = Atoms("C10", positions=np.arange(30.0).reshape(10, 3))


def judged(meV_per_atom, **fields):
    """Judge a series of conserved energies (F,), meV per atom."""
    times = STEP_PS * np.arange(len(meV_per_atom))
    energies = -900.0 + 1e-3 * len(ATOMS) * np.asarray(meV_per_atom)
    nowhere = dict.fromkeys(("ion_positions", "bottom_centre", "top_centre"), np.empty(0))
    run = synthetic_run(ATOMS, times, conserved_energy=energies, **nowhere, **fields)
    return energy_drift(run)


def series(drift, *, seed=0, frames=4000, noise=0.3, tau=5.0):
    """Return a drift (meV per atom in 10 ps) below correlated noise (meV per atom)."""
    (left,) = ar1(np.random.default_rng(seed), frames, tau=tau)
    return drift * STEP_PS * np.arange(frames) / 10 + noise * left


@pytest.mark.parametrize(
    ("drift", "verdict"),
    [(0.0, "kept"), (0.6, "kept"), (-0.6, "kept"), (1.6, "drifts"), (-1.6, "drifts")],
)
def test_a_known_drift_is_found_and_held_against_the_limit(drift, verdict):
    found = judged(series(drift))
    assert abs(found.drift_meV_atom_10ps - drift) < 4 * found.standard_error
    assert found.verdict == verdict
    assert bool(found.note) == (verdict == "drifts")


def test_a_drift_that_cannot_be_told_from_the_limit_is_said_to_be_unknown():
    found = judged(series(1.0))
    assert found.verdict == "undetermined"
    assert "whether the conserved energy drifts is not known: " in found.note


def test_the_error_of_the_drift_is_its_scatter_over_many_runs():
    found = [judged(series(0.5, seed=seed, frames=2000)) for seed in range(200)]
    drifts = np.array([one.drift_meV_atom_10ps for one in found])
    errors = np.array([one.standard_error for one in found])
    assert np.median(errors) == pytest.approx(drifts.std(), rel=0.2)
    assert np.mean(np.abs(drifts - 0.5) < 1.96 * errors) > 0.88
    assert abs(drifts.mean() - 0.5) < 4 * drifts.std() / np.sqrt(len(drifts))


def test_of_uncorrelated_samples_line_and_error_are_those_of_ordinary_regression():
    noise = np.random.default_rng(3).normal(size=3000)
    found = judged(noise)
    line = linregress(STEP_PS * np.arange(3000) / 10, noise)
    assert found.drift_meV_atom_10ps == pytest.approx(line.slope, rel=1e-6)
    assert found.standard_error == pytest.approx(line.stderr, rel=0.1)


def test_equilibration_and_what_follows_an_instability_do_not_count():
    values = series(0.2)
    late = np.arange(len(values)) >= 3000
    early = np.arange(len(values)) < 1000
    spoilt = values + np.where(late, 500.0, 0.0) + np.where(early, -300.0, 0.0)
    broken = {"stable": False, "unstable_after_ps": 3000 * STEP_PS, "reason": "a broken bond"}
    found = judged(spoilt, production_start_ps=1000 * STEP_PS, **broken)
    assert found == judged(values, production_start_ps=1000 * STEP_PS, **broken)
    assert found.verdict == "kept"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.full(100, np.nan), "no conserved energy: the frames do not hold it"),
        (np.zeros(9), "9 samples: too few for a drift of the conserved energy"),
        (series(0.0, frames=60, tau=20.0), "no error of the drift of the conserved energy"),
    ],
)
def test_what_tells_no_drift_has_none_and_the_note_says_why(values, said):
    found = judged(values)
    assert found.verdict == "undetermined" and found.standard_error is None
    assert said in found.note


def test_forces_that_are_no_slopes_have_no_conserved_energy_to_judge():
    found = judged(series(3.0), settings={"forces": "direct"})
    assert (found.verdict, found.drift_meV_atom_10ps) == ("undetermined", None)
    assert found.note.endswith("forces that are predicted directly have none")


def test_an_energy_that_does_not_move_has_no_drift():
    found = judged(np.zeros(50))
    assert (found.drift_meV_atom_10ps, found.standard_error) == (0.0, 0.0)
    assert found.verdict == "kept"
