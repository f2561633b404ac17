"""Dynamics on a network of springs, with every number checked by a second route."""

import json

import h5py
import numpy as np
import pytest
from ase import units
from ase.constraints import FixSubsetCom
from springs import (
    SETTINGS,
    Interrupting,
    Springs,
    assert_equal_to_the_last_bit,
    make_stack,
    simulate,
)

from anodeflow.errors import ConfigError, StructureError, TrajectoryError
from anodeflow.evaluation.first_calls import WARM_UP_CALLS
from anodeflow.stages.dynamics import run as run_module
from anodeflow.stages.dynamics.constraints import draw_momenta, hold_centres
from anodeflow.structures import roles


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


def _dies(*args, **kwargs):
    raise RuntimeError("dies")


def test_a_run_names_the_versions_it_was_computed_with_whoever_writes_its_file(
    tmp_path, monkeypatch
):
    stack, output = make_stack(), tmp_path / "run.h5"
    old, new, never = ({"environment_software": {"sevenn": x}} for x in ("0.12", "0.13", "1"))
    with pytest.raises(RuntimeError, match="crash"):
        simulate(output, stack=stack, calc=Interrupting(stack, last_call=60), software=old)
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "write_trajectory", _dies)
        with pytest.raises(RuntimeError, match="dies"):
            simulate(output, stack=stack, software=new)
    simulate(output, stack=stack, software=never)
    with h5py.File(output) as file:
        found = json.loads(file["parameters"].attrs["environment_software"])
    assert found == {"sevenn": "0.12, then 0.13"}


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
        patch.setattr(run_module, "write_trajectory", lambda *args, **kwargs: 1 / 0)
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
    pushed[roles.top(stack)] += [0.2, 0.1, 0.3]
    moved = {}
    for mode in (True, "published"):
        atoms = stack.copy()
        atoms.set_constraint(hold_centres(stack, mode)[0])
        atoms.set_positions(pushed)
        moved[mode] = atoms.positions - stack.positions
    assert np.allclose(moved[True][roles.top(stack)], [0, 0, 0.3])
    assert np.allclose(moved[True][~roles.top(stack)], 0)
    assert np.allclose(moved["published"][roles.top(stack)], 0)
    assert np.allclose(moved["published"][roles.ions(stack)], [-0.2, -0.1, -0.3])


def test_the_published_hold_is_the_one_of_ase():
    constraints, conserved = hold_centres(make_stack(), "published")
    assert [type(constraint) for constraint in constraints] == [FixSubsetCom, FixSubsetCom]
    assert conserved == []


@pytest.mark.parametrize("mode", ["layers", "true", None])
def test_an_unknown_hold_is_refused_with_those_that_the_configuration_allows(mode):
    with pytest.raises(ConfigError, match="allowed are true, false, published"):
        hold_centres(make_stack(), mode)


@pytest.mark.parametrize("hold", [True, False, "published"])
def test_momenta_at_the_start_obey_the_constraints_and_the_temperature(hold):
    stack = make_stack(bottom=8, top=8)
    constraints, conserved = hold_centres(stack, hold)
    stack.set_constraint(constraints)
    draw_momenta(stack, np.random.default_rng(1), temperature=300.0, conserved=conserved)
    momenta = stack.get_momenta()
    assert np.allclose(momenta[:, conserved].sum(axis=0), 0)
    for layer in (roles.bottom(stack), roles.top(stack)):
        held = {True: [0, 1], False: [], "published": [0, 1, 2]}[hold]
        assert np.allclose(momenta[layer][:, held].sum(axis=0), 0)
    freedom = stack.get_number_of_degrees_of_freedom() - len(conserved)
    temperature = 2 * stack.get_kinetic_energy() / (freedom * units.kB)
    assert abs(temperature - 300) < 4 * 300 * np.sqrt(2 / freedom)


@pytest.mark.parametrize("hold", [True, False])
def test_two_free_layers_slide_with_the_thermal_velocity_of_their_reduced_mass_and_held_ones_do_not(
    hold,
):
    stack, rng = make_stack(ions=0), np.random.default_rng(2)
    constraints, conserved = hold_centres(stack, hold)
    stack.set_constraint(constraints)
    layers = [np.flatnonzero(mask) for mask in (roles.bottom(stack), roles.top(stack))]
    masses = [stack.get_masses()[layer].sum() for layer in layers]
    slides = []
    for _ in range(2000):
        draw_momenta(stack, rng, temperature=300.0, conserved=conserved)
        momenta = stack.get_momenta()
        lower, upper = (momenta[layers[k], :2].sum(axis=0) / masses[k] for k in (0, 1))
        slides.append(upper - lower)
    thermal = 0.0 if hold else units.kB * 300.0 * (1 / masses[0] + 1 / masses[1])
    assert np.var(slides) == pytest.approx(thermal, rel=4 * np.sqrt(2 / 4000), abs=1e-20)


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
        trajectory.positions[:, roles.ions(trajectory.initial)], trajectory.ion_positions
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
    with pytest.raises(ConfigError, match=r"ion_interval_fs is 10 fs, .* 3 fs: choose another\."):
        simulate(tmp_path / "run.h5", timestep_fs=3.0, frame_interval_fs=30.0)


def test_atoms_that_are_no_stack_are_refused(tmp_path):
    stack = make_stack()
    with pytest.raises(StructureError, match="a stack of two layers is needed for dynamics"):
        simulate(tmp_path / "run.h5", stack=stack[roles.bottom(stack)])


def test_each_step_calls_the_calculator_once(tmp_path):
    stack = make_stack()
    calc = Springs(stack)
    simulate(tmp_path / "run.h5", stack=stack, calc=calc)
    assert calc.calls == 300 + 1 + WARM_UP_CALLS
