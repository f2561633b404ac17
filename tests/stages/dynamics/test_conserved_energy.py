"""The conserved energy of a run: total energy without the heat that the thermostat gave."""

import h5py
import numpy as np
import pytest
from ase import units
from ase.md.bussi import Bussi
from springs import (
    SETTINGS,
    Interrupting,
    Springs,
    assert_equal_to_the_last_bit,
    make_stack,
    simulate,
)

from anodeflow.stages.dynamics.constraints import draw_momenta
from anodeflow.stages.dynamics.run import advance_all, run_dynamics
from anodeflow.stages.dynamics.trajectory import OBSERVABLES
from anodeflow.stages.motion.energy_drift import LIMIT, energy_drift


def total_energy(run):
    return run.potential_energy + run.kinetic_energy


def test_without_heat_from_the_thermostat_it_is_the_total_energy(tmp_path):
    run = simulate(tmp_path / "nve.h5", thermostat_time_fs=1e30)
    assert np.array_equal(run.conserved_energy, total_energy(run))
    coupled = simulate(tmp_path / "nvt.h5")
    assert coupled.conserved_energy[0] == total_energy(coupled)[0]
    assert np.ptp(total_energy(coupled)) > 100 * np.ptp(coupled.conserved_energy)


def error_of(path, hold, timestep_fs):
    """Return how far the conserved energy of a run moves (eV), whose total energy moves by eV."""
    options = {"thermostat_time_fs": 20.0, "production_ps": 0.9}
    run = simulate(path, hold_centres_of_mass=hold, timestep_fs=timestep_fs, **options)
    assert np.ptp(total_energy(run)) > 0.5
    return np.ptp(run.conserved_energy)


@pytest.mark.parametrize("hold", [True, False])
def test_its_error_falls_with_the_square_of_the_time_step(tmp_path, hold):
    long, short = (error_of(tmp_path / f"{step}.h5", hold, step) for step in (1.0, 0.25))
    assert long < 3e-3
    assert 10 < long / short < 25


def test_under_the_published_hold_no_time_step_keeps_it(tmp_path):
    """ASE's FixSubsetCom weights forces by squared masses, which is no work-free constraint."""
    long, short = (error_of(tmp_path / f"{step}.h5", "published", step) for step in (1.0, 0.25))
    assert long > short > 5e-3


def test_the_heat_is_what_the_thermostat_alone_changes_the_kinetic_energy_by(tmp_path):
    """A second route: the run step by step, and the kinetic energy before and after scaling."""
    run = simulate(tmp_path / "run.h5", hold_centres_of_mass=False, ion_interval_fs=1.0)
    stack = make_stack()
    rng = np.random.Generator(np.random.PCG64(SETTINGS["seed"]))
    draw_momenta(stack, rng, temperature=300.0, conserved=[0, 1, 2])
    stack.calc = Springs(make_stack())
    thermostat = Bussi(stack, units.fs, temperature_K=300.0, taut=100 * units.fs, rng=rng)
    thermostat.ndof = 3 * len(stack) - 3
    thermostat.target_kinetic_energy = 0.5 * thermostat.ndof * units.kB * 300.0
    heat, found = 0.0, [stack.get_total_energy()]
    scale = thermostat.scale_velocities

    def counted():
        nonlocal heat
        before = stack.get_kinetic_energy()
        scale()
        heat += stack.get_kinetic_energy() - before

    thermostat.scale_velocities = counted
    for _ in range(300):
        thermostat.step()
        found.append(stack.get_total_energy() - heat)
    assert abs(heat) > 0.05
    np.testing.assert_allclose(run.conserved_energy, found, rtol=0, atol=1e-9)


def test_it_goes_on_over_a_crash_to_the_last_bit(tmp_path):
    stack = make_stack()
    whole, broken = tmp_path / "whole.h5", tmp_path / "broken.h5"
    run = simulate(whole, stack=stack)
    for last_call in (80, 130):
        with pytest.raises(RuntimeError, match="crash"):
            simulate(broken, stack=stack, calc=Interrupting(stack, last_call=last_call))
    assert np.array_equal(simulate(broken, stack=stack).conserved_energy, run.conserved_energy)
    assert_equal_to_the_last_bit(whole, broken)
    with h5py.File(whole) as file:
        group = file["observables/conserved_energy"]
        assert group["value"].attrs["unit"] == "eV" == OBSERVABLES["conserved_energy"][1]
        assert len(group["value"]) == len(group["time"]) == 31


def test_runs_that_advance_together_have_it_as_each_would_alone(tmp_path):
    stack = make_stack()
    seeds = {f"run_{seed}": SETTINGS | {"seed": seed} for seed in (7, 8)}
    outputs = {name: tmp_path / f"{name}.h5" for name in seeds}
    shared = {"checkpoint_interval_ps": 0.05, "fingerprint_extra": "springs"}
    advance_all(
        dict.fromkeys(seeds, stack),
        Springs(stack),
        outputs,
        settings=seeds,
        at_once=2,
        software={},
        **shared,
    )
    for name, settings in seeds.items():
        about = {"label": "springs", "software": dict} | shared
        run_dynamics(stack, lambda: 1 / 0, outputs[name], settings=settings, **about)
        alone = tmp_path / f"alone_{name}.h5"
        run_dynamics(stack, lambda: Springs(stack), alone, settings=settings, **about)
        with h5py.File(outputs[name]) as together, h5py.File(alone) as by_itself:
            values = [
                file["observables/conserved_energy/value"][:] for file in (together, by_itself)
            ]
        assert np.array_equal(*values)
        assert np.ptp(values[0]) > 0


def long_run(path, timestep_fs, seed):
    """Return ten picoseconds of springs, whose fastest mode takes 45 fs."""
    return simulate(
        path,
        seed=seed,
        timestep_fs=timestep_fs,
        equilibration_ps=timestep_fs / 10,
        production_ps=round(2000 / timestep_fs) * timestep_fs / 200,
        ion_interval_fs=timestep_fs,
        frame_interval_fs=50 * timestep_fs,
        checkpoint_interval_ps=timestep_fs / 10,
    )


def test_it_stays_at_a_fit_time_step_and_drifts_at_one_that_is_far_too_long(tmp_path):
    fit = [energy_drift(long_run(tmp_path / f"fit_{s}.h5", 2.0, s)) for s in (7, 9)]
    assert [found.verdict for found in fit] == ["kept", "kept"]
    assert max(abs(found.drift_meV_atom_10ps) for found in fit) < 0.1 * LIMIT
    assert all(found.note == "" for found in fit)
    far = [energy_drift(long_run(tmp_path / f"far_{s}.h5", 14.0, s)) for s in (7, 9)]
    assert min(abs(found.drift_meV_atom_10ps) for found in far) > LIMIT
    assert far[1].verdict == "drifts"
    assert "the conserved energy drifts by" in far[1].note and "limit is 1" in far[1].note
