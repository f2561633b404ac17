"""Vibrations by forward differences, and forces too noisy for them."""

import io

import numpy as np
import pytest
from corrugated import LATTICE, Z_STIFFNESS, Corrugated, host
from springs import Springs, make_stack

from anodeflow.errors import CalculatorError
from anodeflow.evaluation.kept_states import KeptStates
from anodeflow.stages.barriers.modes import TO_THZ, find_modes
from anodeflow.stages.barriers.sites import with_ion
from anodeflow.structures.sites import hollow_sites


class Noisy(Corrugated):
    """Its forces have a noise of their own, as those of single precision."""

    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        rng = np.random.default_rng(self.calls)
        self.results["forces"] += rng.normal(0, 1e-4, self.results["forces"].shape)


def modes(folder, calc, stack, calls):
    """Return the frequencies (M,) of the ion and two atoms of the host; note the calls."""
    site = with_ion(stack, "Na", hollow_sites(stack)[0], 4.0)
    return find_modes(
        site,
        calc,
        atoms=np.array([0, 1, len(stack)]),
        displacement=0.0005,
        label="site-0",
        kept=KeptStates(folder, "toy", io.StringIO()),
        on_call=calls.append,
    )


def test_the_ion_vibrates_as_the_curvatures_of_its_potential_say(tmp_path):
    stack, calls = host(), []
    calc = Corrugated(stack, lattice=LATTICE, A=0.4)
    found = modes(tmp_path, calc, stack, calls)
    assert sum(calls) == 1 + 9
    # V = −3A/2 + ½ (3/4) A |G|² r² about a hollow, for each of both directions.
    curvature = 0.75 * 0.4 * (calc.G[0] @ calc.G[0])
    expected = np.sqrt(np.array([Z_STIFFNESS, curvature, curvature]) / 22.98976928) * TO_THZ
    for frequency in expected:
        assert min(abs(found - frequency)) < 1e-3 * frequency


def test_the_rigid_motion_of_a_stack_all_of_whose_atoms_vibrate_is_no_mode(tmp_path):
    stack = make_stack(bottom=1, top=1, ions=1)
    found = find_modes(
        stack,
        Springs(stack, cutoff=6.0),
        atoms=np.arange(len(stack)),
        displacement=0.0005,
        label="site-0",
        kept=KeptStates(tmp_path, "toy", io.StringIO()),
        on_call=lambda calls: None,
    )
    # The centres of both layers are held in the plane, and the whole moves along z.
    assert len(found) == 3 * len(stack) - 5
    assert abs(found).min() > 0.5


def test_forces_whose_noise_fills_the_second_derivatives_get_one_sentence(tmp_path):
    stack = host()
    with pytest.raises(CalculatorError, match=r"at site-0 are not symmetric by .* over 0\.0005 Å"):
        modes(tmp_path, Noisy(stack, lattice=LATTICE), stack, [])
