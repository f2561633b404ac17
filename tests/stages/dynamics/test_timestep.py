"""The time step: what it does to the vibrations of hydrogen, and which one a run takes."""

import h5py
import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes
from ase.data import atomic_masses
from springs import make_stack, simulate

BOTH = {"timestep_fs": 1.0, "timestep_with_hydrogen_fs": 0.5}
WAVENUMBERS = {"C-H": 3000.0, "O-H": 3600.0}
LIGHT_CM_PER_FS = 2.99792458e-5


class Tethers(Calculator):
    """Every atom on springs of its own: independent harmonic oscillators of one frequency."""

    implemented_properties = ("energy", "forces")

    def __init__(self, start: Atoms, frequency: float):
        super().__init__()
        self.start = start.positions.copy()
        self.stiffness = start.get_masses()[:, None] * frequency**2

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        away = atoms.positions - self.start
        energy = 0.5 * (self.stiffness * away**2).sum()
        self.results = {"energy": energy, "forces": -self.stiffness * away}


def with_hydrogen() -> Atoms:
    """Return a stack that carries a hydroxyl."""
    stack = make_stack(ions=0)
    top = stack.positions[stack.get_tags() == 10].mean(axis=0)
    group = Atoms("OH", positions=[top - [0, 0, 1.4], top - [0, 0, 2.38]], tags=[11, 12])
    return stack + group


def frequency_of(series: np.ndarray, step: float) -> float:
    """Return ω of x(t + Δt) + x(t − Δt) = 2 cos(ω Δt) x(t), fitted to a series (F,)."""
    beside, middle = series[2:] + series[:-2], series[1:-1]
    return float(np.arccos(0.5 * (beside @ middle) / (middle @ middle)) / step)


@pytest.mark.parametrize("timestep_fs", [1.0, 0.5])
@pytest.mark.parametrize("bond", WAVENUMBERS)
def test_a_vibration_is_too_fast_by_the_square_of_the_step_over_24(tmp_path, bond, timestep_fs):
    wanted = 2 * np.pi * LIGHT_CM_PER_FS * WAVENUMBERS[bond]  # 1/fs
    stack = with_hydrogen()
    trajectory = simulate(
        tmp_path / "run.h5",
        stack=stack,
        calc=Tethers(stack, wanted / units.fs),
        hold_centres_of_mass=False,
        thermostat_time_fs=1e30,
        timestep_fs=1.0,
        timestep_with_hydrogen_fs=timestep_fs,
        frame_interval_fs=1.0,
        ion_interval_fs=1.0,
    )
    away = trajectory.positions[:, -1, 2] - stack.positions[-1, 2]
    assert np.ptp(away) > 0.02
    found = frequency_of(away, 1.0)
    too_fast = found / wanted - 1
    assert too_fast == pytest.approx((wanted * timestep_fs) ** 2 / 24, rel=0.06)
    # Exactly: cos(ω' Δt) = 1 − (ω Δt)²/2. Frames of every second step show the same vibration.
    exact = np.arccos(1 - 0.5 * (wanted * timestep_fs) ** 2) / timestep_fs
    assert found == pytest.approx(exact, rel=1e-9)
    with h5py.File(tmp_path / "run.h5") as file:
        velocity = file["particles/all/velocity/value"][:, -1, 2] / 1000  # Å/fs
    smooth = np.hanning(len(away))  # lets broken periods at the ends count little
    ratio = smooth @ (wanted * away) ** 2 / (smooth @ velocity**2)
    assert ratio == pytest.approx(1 / (1 - (wanted * timestep_fs) ** 2 / 4), abs=0.001)
    stated = {("C-H", 1.0): 1.4, ("O-H", 1.0): 2.0, ("C-H", 0.5): 0.3, ("O-H", 0.5): 0.5}
    assert 100 * too_fast == pytest.approx(stated[bond, timestep_fs], abs=0.06)


def test_of_two_time_steps_a_run_takes_the_one_for_its_atoms_and_writes_it_down(tmp_path):
    taken = {}
    for name, stack in {"without": make_stack(), "with": with_hydrogen()}.items():
        calc = Tethers(stack, 0.1 / units.fs)
        trajectory = simulate(tmp_path / f"{name}.h5", stack=stack, calc=calc, **BOTH)
        assert np.allclose(np.diff(trajectory.ion_times_ps), 0.01)
        assert np.isclose(trajectory.ion_times_ps[-1], 0.3)
        assert "timestep_with_hydrogen_fs" not in trajectory.settings
        taken[name] = trajectory.settings["timestep_fs"]
    assert taken == {"without": 1.0, "with": 0.5}


def test_a_step_for_hydrogen_changes_nothing_in_a_run_without_it(tmp_path):
    stack = make_stack()
    alone = simulate(tmp_path / "alone.h5", stack=stack)
    both = simulate(tmp_path / "both.h5", stack=stack, **BOTH)
    assert np.array_equal(alone.positions, both.positions)
    assert np.array_equal(alone.temperature, both.temperature)
    assert atomic_masses[1] < 1.01 < stack.get_masses().min()
