"""The constraint of a scan: it holds the spacing, and its force is the slope of the energy."""

import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator
from ase.neighborlist import neighbor_list
from demo_model import load_demo
from scanning import scan
from scipy.integrate import simpson
from scipy.interpolate import CubicSpline
from springs import Springs, make_stack

from anodeflow.stages.adhesion.held_spacing import (
    force_on_spacing,
    force_on_spacing_error,
    held,
)
from anodeflow.structures import roles
from anodeflow.structures.files import stored_energy
from anodeflow.structures.geometry import area_nm2
from anodeflow.structures.spacing import spacing_of


def test_the_force_on_the_spacing_integrates_to_the_energy(stack, toy, tmp_path):
    spacings = np.linspace(3.0, 4.5, 25)
    frames = scan(stack, toy, tmp_path, spacings=spacings)
    force = [force_on_spacing(frame) for frame in frames]
    energy = [frame.get_potential_energy() for frame in frames]
    work = -simpson(force, x=spacings)
    assert work == pytest.approx(energy[-1] - energy[0], abs=2e-4)


class LennardJonesPair(Springs):
    """Two layers of springs, drawn together by Lennard-Jones pairs across the gap."""

    EPSILON, SIGMA, CUTOFF = 0.01, 3.0, 6.0  # eV, Å, Å

    def calculate(self, atoms=None, *args, **kwargs):
        super().calculate(atoms, *args, **kwargs)
        i, j, vectors = neighbor_list("ijD", atoms, self.CUTOFF)
        across = roles.facing(atoms)[i] & roles.sheet(atoms)[j]
        i, j, vectors = i[across], j[across], vectors[across]
        r = np.linalg.norm(vectors, axis=1)
        part = (self.SIGMA / r) ** 6
        # Energy and force end smoothly at the cutoff, so that no pair that enters costs energy.
        end = (self.SIGMA / self.CUTOFF) ** 6
        slope = 24 * self.EPSILON * (2 * part**2 - part) / r
        slope_there = 24 * self.EPSILON * (2 * end**2 - end) / self.CUTOFF
        energy = 4 * self.EPSILON * (part**2 - part - end**2 + end)
        self.results["energy"] += (energy + slope_there * (r - self.CUTOFF)).sum()
        push = ((slope - slope_there) / r)[:, None] * vectors
        np.add.at(self.results["forces"], i, -push)
        np.add.at(self.results["forces"], j, push)


def test_the_force_on_the_spacing_of_a_lennard_jones_pair_integrates_to_its_energies(tmp_path):
    stack = make_stack(ions=0, spacing=3.2)
    calc = LennardJonesPair(stack, cutoff=2.6)
    spacings = np.linspace(2.6, 5.0, 49)
    frames = scan(stack, calc, tmp_path, spacings=spacings, fmax=1e-4)
    energies = np.array([frame.get_potential_energy() for frame in frames])
    forces = CubicSpline(spacings, [force_on_spacing(frame) for frame in frames])
    work = -(forces.antiderivative()(spacings) - forces.antiderivative()(spacings[0]))
    assert np.ptp(energies) / area_nm2(stack) > 0.1
    assert (work - (energies - energies[0])) / area_nm2(stack) == pytest.approx(0, abs=1e-3)


@pytest.mark.slow
def test_the_force_on_the_spacing_of_the_demo_stack_integrates_to_its_energies(stack, tmp_path):
    cutoffs = {"pair_cutoff_bohr": 40.0, "coordination_cutoff_bohr": 40.0}
    # Shorter cutoffs cut off what pairs that leave them had: the energy steps, the force does not.
    d3 = {"functional": "pbe", "damping": "bj", "library": "anodeflow"} | cutoffs
    calc = load_demo(tmp_path, "float64", dispersion=d3)
    spacings = np.linspace(3.0, 3.5, 6)
    settings = {"optimiser": "PreconBFGS", "fmax": 0.01, "max_steps": 300}
    frames = scan(stack, calc, tmp_path, spacings=spacings, **settings)
    energies = np.array([stored_energy(frame, "total") for frame in frames])
    forces = CubicSpline(spacings, [force_on_spacing(frame) for frame in frames])
    work = forces.antiderivative()(spacings) + energies - energies[0]
    assert np.ptp(energies) / area_nm2(stack) > 1
    assert work / area_nm2(stack) == pytest.approx(0, abs=0.01)


def test_what_relaxing_left_inside_a_layer_is_the_error_of_the_force_on_the_spacing(stack, toy):
    at = stack.copy()
    at.calc = toy
    unrelaxed, facing = force_on_spacing(at), roles.facing(at)
    left = force_on_spacing_error(at)
    forces = at.get_forces()
    lower, upper = np.flatnonzero(at.get_tags() == roles.X)[0], np.flatnonzero(facing)[0]
    forces[[upper, lower], 2] += 0.02, -0.02  # a bond of the bottom layer that is too short
    at.calc = SinglePointCalculator(at, energy=0.0, forces=forces)
    shares = 1 / roles.sheet(at).sum() + 1 / facing.sum()
    assert force_on_spacing(at) == unrelaxed
    assert force_on_spacing_error(at) - left == pytest.approx(0.02 / facing.sum() / shares)


def test_the_constraint_holds_the_spacing_and_nothing_else(stack):
    rng = np.random.default_rng(3)
    moved = held(stack, "spacing")
    moved.set_positions(stack.positions + rng.normal(0, 0.1, (len(stack), 3)))
    assert spacing_of(moved, convention="sheet") == pytest.approx(3.5, abs=1e-12)
    forces = rng.normal(0, 1, (len(stack), 3))
    left = forces.copy()
    moved.constraints[0].adjust_forces(moved, left)
    again = left.copy()
    moved.constraints[0].adjust_forces(moved, again)
    assert again == pytest.approx(left)
    # What it takes has one direction: up on the sheet, down on the facing atoms, no net force.
    taken = forces - left
    assert taken.sum(axis=0) == pytest.approx(0, abs=1e-12)
    touched = roles.sheet(stack) | roles.facing(stack)
    assert not taken[~touched].any() and not taken[:, :2].any()
    assert np.ptp(taken[roles.sheet(stack), 2]) == pytest.approx(0, abs=1e-12)
    assert moved.constraints[0].get_removed_dof(moved) == 1
