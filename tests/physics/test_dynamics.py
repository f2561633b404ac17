"""Dynamics on a network of springs, with every number checked by a second route."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes
from ase.constraints import FixSubsetCom
from ase.neighborlist import neighbor_list

from anodeflow import dynamics, tags
from anodeflow.centres import draw_momenta, hold_centres
from anodeflow.checkpoints import segment_path
from anodeflow.dynamics import run_dynamics
from anodeflow.errors import ConfigError, StructureError, TrajectoryError
from anodeflow.trajectory import read_trajectory
from anodeflow.warm_up import WARM_UP_CALLS

MODEL = Path(__file__).parents[2] / "resources" / "demo-model" / "mace-mxene-demo.model"

SETTINGS = {
    "temperature": 300.0,
    "timestep_fs": 1.0,
    "thermostat_time_fs": 100.0,
    "equilibration_ps": 0.1,
    "production_ps": 0.2,
    "frame_interval_fs": 20.0,
    "ion_interval_fs": 10.0,
    "seed": 7,
    "hold_centres_of_mass": True,
    "stability": {"max_spacing": 6.0, "max_bond_stretch": 1.5, "max_temperature_K": 3000.0},
}


class Springs(Calculator):
    """Springs of stiffness k (eV/A^2) between all atoms within a cutoff of the start, at rest."""

    implemented_properties = ("energy", "forces")

    def __init__(self, start: Atoms, *, stiffness: float = 2.0, cutoff: float = 3.5):
        super().__init__()
        i, j, shift = neighbor_list("ijS", start, cutoff)
        once = i < j
        self.i, self.j, self.offset = i[once], j[once], shift[once] @ start.cell.array
        self.rest = np.linalg.norm(self._vectors(start.positions), axis=1)
        self.stiffness = stiffness
        self.calls = 0

    def _vectors(self, positions):
        return positions[self.j] + self.offset - positions[self.i]

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.calls += 1
        vectors = self._vectors(atoms.positions)
        lengths = np.linalg.norm(vectors, axis=1)
        stretch = lengths - self.rest
        pull = (self.stiffness * stretch / lengths)[:, None] * vectors
        forces = np.zeros((len(atoms), 3))
        np.add.at(forces, self.i, pull)
        np.add.at(forces, self.j, -pull)
        self.results = {"energy": 0.5 * self.stiffness * (stretch**2).sum(), "forces": forces}


def make_stack(*, bottom=2, top=2, lattice=2.46, ions=1, spacing=3.9):
    """Ti2CO2 below, a flat honeycomb sheet on the same cell above, ions in the middle."""
    side = bottom * lattice
    third, two_thirds = 1 / 3, 2 / 3
    layers = [
        ("O", 1, two_thirds, third, -2.232),
        ("Ti", 0, third, two_thirds, -1.313),
        ("C", 2, 0.0, 0.0, 0.0),
        ("Ti", 0, two_thirds, third, 1.313),
        ("O", 3, third, two_thirds, 2.232),
    ]
    z = 2.232 + spacing
    sheet = [("C", 10, 0.0, 0.0, z), ("C", 10, third, two_thirds, z)]
    rows = [
        (symbol, tag, (u + x) / count, (v + y) / count, height)
        for unit, count in ((layers, bottom), (sheet, top))
        for u in range(count)
        for v in range(count)
        for symbol, tag, x, y, height in unit
    ]
    rows += [("Na", 20, k / max(ions, 1), 0.1, 2.232 + spacing / 2) for k in range(ions)]
    cell = np.array([[side, 0, 0], [-side / 2, side * np.sqrt(3) / 2, 0], [0, 0, 40]])
    positions = [np.array([x, y, 0]) @ cell + [0, 0, 20 + height] for *_, x, y, height in rows]
    return Atoms(
        [row[0] for row in rows],
        positions=positions,
        cell=cell,
        pbc=True,
        tags=[row[1] for row in rows],
    )


def simulate(output, *, stack=None, calc=None, checkpoint_interval_ps=0.05, **changes):
    stack = make_stack() if stack is None else stack
    calc = Springs(stack) if calc is None else calc
    run_dynamics(
        stack,
        calc,
        output,
        settings=SETTINGS | changes,
        checkpoint_interval_ps=checkpoint_interval_ps,
        label="springs",
        fingerprint_extra="springs",
    )
    return read_trajectory(output)


def datasets(path):
    """Return every dataset and attribute of a file by its path."""
    found = {}

    def collect(name, item):
        found.update({f"{name}@{key}": np.asarray(value) for key, value in item.attrs.items()})
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(collect)
        for name in ("particles/all", "particles/ions", "observables"):
            for element in file.get(name, {}).values():
                if isinstance(element, h5py.Group):
                    for clock in {"step", "time"} & set(element):
                        found[f"{element.name}/{clock}"] = element[clock][()]
    return found


def assert_equal_to_the_last_bit(path, other):
    left, right = datasets(path), datasets(other)
    assert left.keys() == right.keys()
    assert len(left) > 20
    for name, value in left.items():
        assert np.array_equal(value, right[name]), name


class Interrupting(Springs):
    """Springs that break off at a given call, as a crash in the middle of a step would."""

    def __init__(self, start, *, last_call):
        super().__init__(start)
        self.last_call = last_call

    def calculate(self, *args, **kwargs):
        if self.calls == self.last_call:
            raise RuntimeError("crash")
        super().calculate(*args, **kwargs)


def test_a_run_that_crashes_again_and_again_ends_with_the_numbers_of_an_unbroken_one(tmp_path):
    stack = make_stack()
    whole, broken = tmp_path / "whole.h5", tmp_path / "broken.h5"
    simulate(whole, stack=stack)
    crashes = 0
    for last_call in (30, 71, 106, 57):
        with pytest.raises(RuntimeError, match="crash"):
            simulate(broken, stack=stack, calc=Interrupting(stack, last_call=last_call))
        crashes += 1
        assert not broken.exists()
    trajectory = simulate(broken, stack=stack)
    assert crashes == 4
    assert_equal_to_the_last_bit(whole, broken)
    assert np.array_equal(np.round(trajectory.times_ps * 1000), np.arange(0, 301, 20))
    assert np.array_equal(np.round(trajectory.ion_times_ps * 1000), np.arange(0, 301, 10))
    assert not (tmp_path / "broken.h5.part").exists()


def run_in_a_process(output, *, kind="springs"):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, __file__, kind, str(output)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def kill_after_segment(process, folder, number, delay):
    deadline = time.monotonic() + 60
    while not segment_path(folder, number).exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_run_killed_by_sigkill_at_random_moments_ends_with_the_numbers_of_an_unbroken_one(
    tmp_path,
):
    whole, killed = tmp_path / "whole.h5", tmp_path / "killed.h5"
    folder = tmp_path / "killed.h5.part"
    simulate_long(whole)
    rng = np.random.default_rng()
    codes, reached = [], 0
    for _ in range(4):
        process = run_in_a_process(killed)
        kill_after_segment(process, folder, reached + 3, rng.uniform(0, 0.03))
        codes.append(process.returncode)
        reached = len(list(folder.glob("*.npz")))
    assert codes == [-signal.SIGKILL] * 4
    last = run_in_a_process(killed)
    _, messages = last.communicate()
    assert last.returncode == 0, messages.decode()
    assert b"continuing after" in messages
    assert_equal_to_the_last_bit(whole, killed)


class Slow(Springs):
    """Springs that leave another process the time to kill this one."""

    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        time.sleep(0.0005)


def simulate_long(output, calculator=Springs):
    stack = make_stack()
    calc = calculator(stack)
    return simulate(output, stack=stack, calc=calc, production_ps=1.9, checkpoint_interval_ps=0.023)


def simulate_slowly(output):
    return simulate_long(output, Slow)


def test_sigterm_leaves_a_checkpoint_from_which_the_run_continues_exactly(tmp_path):
    stack = make_stack()
    whole, stopped = tmp_path / "whole.h5", tmp_path / "stopped.h5"
    simulate(whole, stack=stack)

    class Terminated(Springs):
        def calculate(self, *args, **kwargs):
            super().calculate(*args, **kwargs)
            if self.calls == 77:
                os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as exit_:
        simulate(stopped, stack=stack, calc=Terminated(stack))
    assert exit_.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    assert len(list((tmp_path / "stopped.h5.part").glob("*.npz"))) == 2
    simulate(stopped, stack=stack)
    assert_equal_to_the_last_bit(whole, stopped)


def test_a_damaged_last_checkpoint_is_named_and_the_run_goes_back_before_it(tmp_path, capsys):
    stack = make_stack()
    whole, broken = tmp_path / "whole.h5", tmp_path / "broken.h5"
    simulate(whole, stack=stack)
    with pytest.raises(RuntimeError):
        simulate(broken, stack=stack, calc=Interrupting(stack, last_call=180))
    last = sorted((tmp_path / "broken.h5.part").glob("*.npz"))[-1]
    last.write_bytes(last.read_bytes()[:-400])
    capsys.readouterr()
    simulate(broken, stack=stack)
    assert f"{last} is damaged" in capsys.readouterr().err
    assert_equal_to_the_last_bit(whole, broken)


def test_a_run_that_dies_while_its_file_is_put_together_is_only_put_together_again(
    tmp_path, monkeypatch
):
    stack = make_stack()
    whole, broken = tmp_path / "whole.h5", tmp_path / "broken.h5"
    simulate(whole, stack=stack)
    with monkeypatch.context() as patch:
        patch.setattr(dynamics, "write_trajectory", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            simulate(broken, stack=stack)
    calc = Springs(stack)
    simulate(broken, stack=stack, calc=calc)
    assert calc.calls == 0
    assert_equal_to_the_last_bit(whole, broken)


def test_checkpoints_of_another_run_are_refused(tmp_path):
    stack, output = make_stack(), tmp_path / "run.h5"
    with pytest.raises(RuntimeError):
        simulate(output, stack=stack, calc=Interrupting(stack, last_call=120))
    with pytest.raises(TrajectoryError, match="delete this folder"):
        simulate(output, stack=stack, temperature=310.0)


def test_the_start_structure_is_not_changed(tmp_path):
    stack = make_stack()
    before = stack.copy()
    simulate(tmp_path / "run.h5", stack=stack)
    assert stack == before
    assert "momenta" not in stack.arrays
    assert stack.calc is None
    assert not stack.constraints


def test_energy_is_conserved_when_the_thermostat_is_infinitely_slow(tmp_path):
    trajectory = simulate(
        tmp_path / "nve.h5", thermostat_time_fs=1e12, production_ps=1.9, timestep_fs=0.5
    )
    energy = trajectory.potential_energy + trajectory.kinetic_energy
    assert np.ptp(trajectory.kinetic_energy) > 0.2
    # the slope is the drift; what is left is the error of the integrator, which does not grow
    slope = np.polyfit(trajectory.ion_times_ps, energy, 1)[0]
    assert abs(slope) / len(trajectory.symbols) < 1e-5
    assert np.ptp(energy) < 5e-3


def kinetic_energies(tmp_path, hold, *, production_ps=20.0):
    trajectory = simulate(
        tmp_path / "run.h5",
        hold_centres_of_mass=hold,
        thermostat_time_fs=10.0,
        timestep_fs=2.0,
        equilibration_ps=1.0,
        production_ps=production_ps,
        frame_interval_fs=1000.0,
        ion_interval_fs=20.0,
        checkpoint_interval_ps=10.0,
    )
    kept = trajectory.ion_times_ps >= trajectory.production_start_ps
    return trajectory, trajectory.kinetic_energy[kept]


def independent_samples(series):
    """Return how many of a correlated series count as independent, by its autocorrelation."""
    deviation = series - series.mean()
    correlation = np.correlate(deviation, deviation, "full")[len(series) - 1 :]
    correlation /= correlation[0]
    stop = np.argmax(correlation < 0.05)
    return len(series) / (1 + 2 * correlation[1:stop].sum())


@pytest.mark.parametrize(("hold", "removed"), [(True, 5), (False, 3)])
def test_the_thermostat_gives_the_canonical_distribution_of_kinetic_energy(tmp_path, hold, removed):
    trajectory, kinetic = kinetic_energies(tmp_path, hold)
    freedom = 3 * len(trajectory.symbols) - removed
    thermal = units.kB * SETTINGS["temperature"]
    mean, variance = 0.5 * freedom * thermal, 0.5 * freedom * thermal**2
    samples = independent_samples(kinetic)
    assert samples > 200
    assert abs(kinetic.mean() - mean) < 4 * np.sqrt(variance / samples)
    # a gamma distribution of shape f/2: var(s^2) = var^2 (2 + 12/f) / samples
    spread = variance * np.sqrt((2 + 12 / freedom) / samples)
    assert abs(kinetic.var() - variance) < 4 * spread
    assert trajectory.temperature.mean() == pytest.approx(300, abs=15)


def test_holding_the_layers_leaves_their_distance_free_and_the_ions_alone(tmp_path):
    trajectory = simulate(tmp_path / "run.h5")
    for centre in (trajectory.bottom_centre, trajectory.top_centre):
        assert np.abs(centre[:, :2] - centre[0, :2]).max() < 1e-10
        assert np.ptp(centre[:, 2]) > 1e-3
    masses = trajectory.initial.get_masses()
    whole = (masses[:, None] * trajectory.positions).sum(axis=1)[:, 2] / masses.sum()
    assert np.ptp(whole) < 1e-10
    assert np.ptp(trajectory.ion_positions[:, 0, :2], axis=0).min() > 1e-3


def test_the_correction_of_one_layer_moves_nothing_else_unlike_the_one_of_ase():
    stack = make_stack()
    pushed = stack.positions.copy()
    pushed[tags.top(stack)] += [0.2, 0.1, 0.3]
    moved = {}
    for mode in (True, "published"):
        atoms = stack.copy()
        atoms.set_constraint(hold_centres(stack, mode)[0])
        atoms.set_positions(pushed)
        moved[mode] = atoms.positions - stack.positions
    assert np.allclose(moved[True][tags.top(stack)], [0, 0, 0.3])
    assert np.allclose(moved[True][~tags.top(stack)], 0)
    assert np.allclose(moved["published"][tags.top(stack)], 0)
    assert np.allclose(moved["published"][tags.ions(stack)], [-0.2, -0.1, -0.3])


def test_the_published_hold_is_the_one_of_ase():
    constraints, conserved = hold_centres(make_stack(), "published")
    assert [type(constraint) for constraint in constraints] == [FixSubsetCom, FixSubsetCom]
    assert conserved == []


@pytest.mark.parametrize("hold", [True, False, "published"])
def test_momenta_at_the_start_obey_the_constraints_and_the_temperature(hold):
    stack = make_stack(bottom=8, top=8)
    constraints, conserved = hold_centres(stack, hold)
    stack.set_constraint(constraints)
    draw_momenta(stack, np.random.default_rng(1), temperature=300.0, conserved=conserved)
    momenta = stack.get_momenta()
    assert np.allclose(momenta[:, conserved].sum(axis=0), 0)
    for layer in (tags.bottom(stack), tags.top(stack)):
        held = {True: [0, 1], False: [], "published": [0, 1, 2]}[hold]
        assert np.allclose(momenta[layer][:, held].sum(axis=0), 0)
    freedom = stack.get_number_of_degrees_of_freedom() - len(conserved)
    temperature = 2 * stack.get_kinetic_energy() / (freedom * units.kB)
    assert abs(temperature - 300) < 4 * 300 * np.sqrt(2 / freedom)


def test_unwrapped_positions_and_velocities_are_continuous_across_the_cell(tmp_path):
    stack = make_stack()
    stack.positions[:, 0] -= stack.positions[:, 0].min()
    trajectory = simulate(
        tmp_path / "run.h5",
        stack=stack,
        frame_interval_fs=1.0,
        ion_interval_fs=1.0,
        thermostat_time_fs=1e12,
    )
    steps = np.diff(trajectory.positions, axis=0)
    assert np.abs(steps).max() < 0.2
    assert trajectory.positions[..., 0].min() < 0
    with h5py.File(tmp_path / "run.h5") as file:
        velocity = file["particles/all/velocity/value"][:]
    central = (trajectory.positions[2:] - trajectory.positions[:-2]) / 0.002
    assert np.allclose(central, velocity[1:-1], atol=0.25)
    masses = trajectory.initial.get_masses()
    kinetic = 0.5 * (masses[:, None] * velocity**2).sum(axis=(1, 2)) * 1.036427e-4
    assert np.allclose(kinetic, trajectory.kinetic_energy, rtol=1e-6)
    assert np.array_equal(
        trajectory.positions[:, tags.ions(trajectory.initial)], trajectory.ion_positions
    )


def test_a_run_without_ions_has_empty_ion_positions(tmp_path):
    trajectory = simulate(tmp_path / "run.h5", stack=make_stack(ions=0))
    assert trajectory.ion_positions.shape == (31, 0, 3)


def test_a_stopped_run_is_kept_with_reason_and_time(tmp_path, capsys):
    limits = SETTINGS["stability"] | {"max_spacing": 3.92}
    trajectory = simulate(tmp_path / "run.h5", stability=limits)
    assert not trajectory.stable
    assert "the sheet detached" in trajectory.reason
    assert trajectory.unstable_after_ps == trajectory.ion_times_ps[-1]
    assert trajectory.spacing[-1] > 3.92 >= trajectory.spacing[:-1].max()
    assert trajectory.reason in capsys.readouterr().err
    assert not (tmp_path / "run.h5.part").exists()


def test_a_start_beyond_a_limit_is_stopped_at_time_zero(tmp_path):
    limits = SETTINGS["stability"] | {"max_spacing": 3.0}
    trajectory = simulate(tmp_path / "run.h5", stability=limits)
    assert trajectory.unstable_after_ps == 0
    assert trajectory.positions.shape == (1, 29, 3)


def test_a_force_that_is_not_finite_stops_the_run(tmp_path):
    stack = make_stack()

    class Failing(Springs):
        def calculate(self, *args, **kwargs):
            super().calculate(*args, **kwargs)
            if self.calls > 60:
                self.results["forces"][3, 1] = np.nan

    trajectory = simulate(tmp_path / "run.h5", stack=stack, calc=Failing(stack))
    assert trajectory.reason == "a force is not finite"
    assert 0.05 < trajectory.unstable_after_ps < 0.065
    assert np.isfinite(trajectory.positions).all()
    assert np.isfinite(trajectory.kinetic_energy).all()


def test_an_interval_that_is_no_whole_number_of_steps_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="ion_interval_fs is 10 fs"):
        simulate(tmp_path / "run.h5", timestep_fs=3.0, frame_interval_fs=30.0)


def test_atoms_that_are_no_stack_are_refused(tmp_path):
    stack = make_stack()
    with pytest.raises(StructureError, match="a stack of two layers is needed"):
        simulate(tmp_path / "run.h5", stack=stack[tags.bottom(stack)])


def test_each_step_calls_the_calculator_once(tmp_path):
    stack = make_stack()
    calc = Springs(stack)
    simulate(tmp_path / "run.h5", stack=stack, calc=calc)
    assert calc.calls == 300 + 1 + WARM_UP_CALLS


def simulate_mace(output):
    """0.012 ps of Ti2CO2 4x4 with graphene 5x5 and the demonstration model."""
    import logging
    import warnings

    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from mace.calculators import MACECalculator

        torch.set_num_threads(1)
        calc = MACECalculator(model_paths=str(MODEL), device="cpu", default_dtype="float64")
        stack = make_stack(bottom=4, top=5, lattice=3.03, ions=1)
        return simulate(
            output,
            stack=stack,
            calc=calc,
            equilibration_ps=0.0,
            production_ps=0.012,
            frame_interval_fs=2.0,
            ion_interval_fs=1.0,
            checkpoint_interval_ps=0.003,
        )


@pytest.mark.slow
def test_a_killed_run_of_the_demonstration_model_in_float64_continues_exactly(tmp_path):
    whole, killed = tmp_path / "whole.h5", tmp_path / "killed.h5"
    reference = run_in_a_process(whole, kind="mace")
    process = run_in_a_process(killed, kind="mace")
    kill_after_segment(process, tmp_path / "killed.h5.part", 2, 0.1)
    assert process.returncode == -signal.SIGKILL
    for last in (run_in_a_process(killed, kind="mace"), reference):
        _, messages = last.communicate()
        assert last.returncode == 0, messages.decode()
    assert_equal_to_the_last_bit(whole, killed)


if __name__ == "__main__":
    {"springs": simulate_slowly, "mace": simulate_mace}[sys.argv[1]](Path(sys.argv[2]))
