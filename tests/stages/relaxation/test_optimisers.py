"""The Hessian that relaxations start from: its symmetries, and what it is good for."""

import io

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, surface
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms, FixedPlane
from ase.optimize import BFGS

from anodeflow.stages.adhesion.held_spacing import held, spacing_direction
from anodeflow.stages.relaxation.minimum import relax
from anodeflow.stages.relaxation.optimisers import FIXED, PreconBFGS, neighbour_hessian
from anodeflow.structures import roles


def _slab():
    """Return eight layers of copper with a vacuum: soft across, stiff along."""
    slab = surface("Cu", (1, 1, 1), 8, vacuum=8.0) * (2, 2, 1)
    slab.pbc = True
    slab.rattle(0.1, seed=1)
    slab.calc = EMT()
    return slab


def test_it_is_symmetric_positive_and_holds_a_translation_by_the_stabilisation_alone():
    slab = _slab()
    hessian = neighbour_hessian(slab)
    assert hessian.shape == (3 * len(slab), 3 * len(slab))
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-10)
    assert np.linalg.eigvalsh(hessian).min() > 0
    axes = [np.tile(axis, len(slab)) for axis in np.eye(3)]
    stiffness = axes[0] @ hessian @ axes[0] / len(slab)
    for axis in axes:
        np.testing.assert_allclose(hessian @ axis, stiffness * axis, atol=1e-9)


def test_its_scale_is_that_of_the_forces():
    """In bulk copper the diagonal is the curvature felt by one atom, to a factor of three."""
    crystal = bulk("Cu", cubic=True) * (3, 3, 3)
    crystal.rattle(0.02, seed=1)
    crystal.calc = EMT()
    moved = crystal.copy()
    moved.calc = EMT()
    moved.positions[0, 0] += 0.01
    curvature = -(moved.get_forces()[0, 0] - crystal.get_forces()[0, 0]) / 0.01
    assert 1 / 3 < neighbour_hessian(crystal)[0, 0] / curvature < 3


@pytest.mark.parametrize(
    ("constraint", "axes"),
    [(FixAtoms([0, 3]), [0, 1, 2]), (FixedPlane([0, 3], (0, 0, 1)), [2])],
)
def test_what_is_held_stands_alone(constraint, axes):
    slab = _slab()
    slab.set_constraint(constraint)
    hessian = neighbour_hessian(slab)
    for place in [3 * atom + axis for atom in (0, 3) for axis in axes]:
        row = hessian[place].copy()
        assert row[place] == FIXED
        row[place] = 0.0
        assert not row.any()
        assert not np.delete(hessian[:, place], place).any()


def test_a_direction_that_is_held_stands_alone():
    slab = _slab()
    middle = slab.positions[:, 2].mean()
    slab.set_tags(np.where(slab.positions[:, 2] < middle, roles.UPPER_TERMINATION, roles.SHEET))
    slab.set_constraint(held(slab, "spacing").constraints)
    hessian, direction = neighbour_hessian(slab), spacing_direction(slab).ravel()
    assert hessian @ direction == pytest.approx(FIXED * direction)
    assert hessian == pytest.approx(hessian.T)
    assert np.linalg.eigvalsh(hessian).min() > 0


def test_a_flat_sheet_has_one_without_a_warning():
    sheet = bulk("Cu", cubic=True)[:2] * (3, 3, 1)
    sheet.positions[:, 2] = 5.0
    sheet.set_cell([*sheet.cell.array[:2], [0, 0, 10]])
    sheet.calc = EMT()
    assert np.linalg.eigvalsh(neighbour_hessian(sheet)).min() > 0


def test_it_leads_to_the_same_minimum_in_fewer_force_calls():
    calls, energies = [], []
    for start in (None, neighbour_hessian):
        slab = _slab()
        run = BFGS(slab, logfile=None)
        if start is not None:
            run.H0 = start(slab)
        calls.append(sum(1 for _ in run.irun(fmax=1e-4, steps=500)) + 2 * (start is not None))
        energies.append(slab.get_potential_energy())
    assert energies[1] == pytest.approx(energies[0], abs=1e-5)
    assert calls[1] < 0.7 * calls[0]


def test_a_sane_relaxation_is_that_of_bfgs_to_the_last_bit():
    found = []
    for optimiser in (PreconBFGS, BFGS):
        slab = _slab()
        run = optimiser(slab, logfile=None)
        run.H0 = neighbour_hessian(slab)
        run.run(fmax=1e-3, steps=100)
        found.append(slab.positions)
    np.testing.assert_array_equal(*found)


def test_a_step_that_no_stiffness_explains_leaves_the_hessian_as_it_was():
    start, forces = np.zeros(6), np.array([1.0, 0, 0, 0, 0, 0])
    step = np.array([0.01, 0, 0, 0, 0, 0])
    across = np.array([1.0 + 1e-7, 0.1, 0, 0, 0, 0])  # changed, but hardly along the step
    downhill = np.array([1.5, 0, 0, 0, 0, 0])  # over a hill, where the curvature is negative
    along = np.array([0.2, -0.1, 0, 0, 0, 0])
    hessians = {}
    for optimiser in (PreconBFGS, BFGS):
        for name, after in (("across", across), ("downhill", downhill), ("along", along)):
            run = optimiser(Atoms("Cu2"), logfile=None)
            run.update(None, None, None, None)
            run.update(step, after, start, forces)
            hessians[optimiser, name] = run.H
    assert np.abs(np.linalg.eigvalsh(hessians[BFGS, "across"])).max() > 1e6
    assert np.linalg.eigvalsh(hessians[BFGS, "downhill"]).min() < 0
    for name in ("across", "downhill"):
        np.testing.assert_array_equal(hessians[PreconBFGS, name], FIXED * np.eye(6))
    np.testing.assert_array_equal(hessians[PreconBFGS, "along"], hessians[BFGS, "along"])


def test_only_preconbfgs_starts_from_a_given_hessian():
    options = {"fmax": 1e-3, "max_steps": 200, "cell": "fixed", "fingerprint_extra": ""}
    options |= {"checkpoint": None, "unfinished": None, "log": io.StringIO()}
    slab = _slab()
    given = 2.0 * neighbour_hessian(slab)
    steps = {
        (optimiser, start is None): relax(
            slab, EMT(), optimiser=optimiser, hessian=start, **options
        ).info["steps"]
        for optimiser in ("PreconBFGS", "BFGS")
        for start in (None, given)
    }
    assert steps["BFGS", True] == steps["BFGS", False]
    assert steps["PreconBFGS", True] != steps["PreconBFGS", False]
