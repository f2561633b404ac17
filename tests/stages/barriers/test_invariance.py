"""Barriers do not depend on where a stack lies, how it is turned, or how its atoms are numbered."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from corrugated import LATTICE, MERGE, Corrugated, host, paths_of, sites_of

from anodeflow.stages.barriers.host_symmetry import host_operations
from anodeflow.stages.barriers.joining import join_network
from anodeflow.structures.sites import hollow_sites


class Elsewhere(Calculator):
    """A potential of a stack that was turned, shifted and renumbered: asked where it was before."""

    implemented_properties = ("energy", "forces")

    def __init__(self, inner, turn, shift, order):
        super().__init__()
        self.inner, self.turn, self.shift, self.order = inner, turn, shift, order

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        order = np.append(self.order, range(len(self.order), len(atoms)))
        before = Atoms(f"H{len(atoms)}")
        before.positions[order] = (atoms.positions - self.shift) @ self.turn.T
        self.inner.calculate(before)
        forces = self.inner.results["forces"][order] @ self.turn
        self.results = self.inner.results | {"forces": forces}


def moved(stack, *, angle, shift, seed):
    """Return a stack turned about z (degrees), shifted (Å) and renumbered, and how it was done."""
    order = np.random.default_rng(seed).permutation(len(stack))
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    found = stack[order]
    found.set_cell(stack.cell.array @ turn)
    found.positions = found.positions @ turn + shift
    return found, {"turn": turn, "shift": np.array(shift), "order": order}


def test_barriers_are_those_of_the_potential_wherever_and_however_a_stack_lies(tmp_path):
    stack = host()
    calc = Corrugated(stack, lattice=LATTICE, B=0.02)
    other, how = moved(stack, angle=-101.0, shift=(-1.7, 0.9, -3.0), seed=2)
    calc_there = Elsewhere(calc, **how)
    search = paths_of(other, sites_of(other, calc_there, tmp_path), calc_there, tmp_path)
    paths = list(search.paths.values())
    near = {"merge": MERGE, "symmetry_tolerance": 0.05}
    found = join_network(other, search.sites, paths, None, temperatures=[], **near)
    # From a hollow of one kind straight to the next one, of the other kind.
    first, *others = hollow_sites(stack)
    second = min(others, key=lambda other: np.linalg.norm(other - first))
    way = [calc.potential(first + s * (second - first)) for s in np.linspace(0, 1, 1001)]
    barriers = sorted(max(way) - end for end in (way[0], way[-1]))
    assert barriers[1] - barriers[0] == pytest.approx(3 * np.sqrt(3) * 0.02, abs=1e-4)
    assert np.linalg.norm(second - first) == pytest.approx(LATTICE / np.sqrt(3))
    assert len(found.hops) == 12
    for hop in found.hops:
        both = sorted([hop.barrier_eV, hop.barrier_back_eV])
        assert both == pytest.approx(barriers, abs=1e-3)
    assert found.percolation_barrier.one_direction == pytest.approx(barriers[1], abs=1e-3)
    assert found.percolation_barrier.both_directions == pytest.approx(barriers[1], abs=1e-3)
    # All follow from one by the symmetry, which is that of where the stack lies.
    assert found.operations == len(host_operations(stack, 0.05))
    assert len(paths) == 1
