"""Computations that advance together end as they do alone, and none spoils another."""

import os
import signal
from functools import partial

import numpy as np
import pytest
from ase import Atoms
from ase.optimize import BFGS
from demo_model import load_demo
from springs import SETTINGS, SOFTWARE, Springs, assert_equal_to_the_last_bit, make_stack, simulate

from anodeflow.errors import StructureError
from anodeflow.evaluation.batches import evaluate_all
from anodeflow.evaluation.lockstep import raise_first, run_in_lockstep
from anodeflow.models.interface import DispersionCorrected, batch_size
from anodeflow.stages.adhesion.scan import at_spacing
from anodeflow.stages.dynamics.run import advance_all

IONS_AND_SEEDS = [(0, 1), (1, 1), (1, 2)]


class InBatches(Springs):
    """Springs of several stacks, told apart by their number of atoms, called as a batch."""

    def __init__(self, stacks):
        super().__init__(stacks[0])
        self.batch_size = 64
        self.springs = {len(stack): Springs(stack) for stack in stacks}
        self.asked = []
        self.on_call = lambda: None

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):
        own = self.springs[len(atoms)]
        own.calculate(atoms)
        self.results = own.results

    def evaluate(self, structures):
        self.asked.append(len(structures))
        self.on_call()
        return evaluate_all(_Alone(self), structures)


class _Alone:
    """The same calculator, one structure a call."""

    implemented_properties = ("energy", "forces")

    def __init__(self, calc):
        self.calc = calc

    def calculate(self, atoms, *_):
        self.calc.calculate(atoms)
        self.results = self.calc.results


@pytest.fixture
def stacks():
    return {(ions, seed): make_stack(ions=ions) for ions, seed in IONS_AND_SEEDS}


@pytest.fixture
def calc(stacks):
    return InBatches(list(stacks.values()))


def _output(folder, key):
    return folder / f"{key[0]}na_{key[1]}.h5"


def _advance_all(folder, stacks, calc, *, at_once=16, of=None):
    of = of or {}
    return advance_all(
        stacks,
        calc,
        {key: _output(folder, key) for key in stacks},
        settings={key: SETTINGS | {"seed": key[1]} | of.get(key, {}) for key in stacks},
        at_once=at_once,
        checkpoint_interval_ps=0.05,
        software=SOFTWARE,
        fingerprint_extra="springs",
    )


def _never():
    raise AssertionError("the run was to be at its end")


def test_runs_that_advance_together_are_those_that_run_alone_to_the_last_bit(
    stacks, calc, tmp_path
):
    _advance_all(tmp_path, stacks, calc)
    assert calc.asked == [3] * len(calc.asked)
    for key, stack in stacks.items():
        alone = tmp_path / "alone.h5"
        simulate(alone, stack=stack, seed=key[1])
        path = _output(tmp_path, key)
        assert not path.exists()
        simulate(path, stack=stack, calc=Springs(stack), seed=key[1])
        assert_equal_to_the_last_bit(path, alone)


def test_a_run_advanced_to_its_end_is_written_without_a_calculator(stacks, calc, tmp_path):
    _advance_all(tmp_path, stacks, calc)
    before = len(calc.asked)
    for key, stack in stacks.items():
        simulate(_output(tmp_path, key), stack=stack, load=_never, seed=key[1])
    assert not list(tmp_path.glob("*.part"))
    _advance_all(tmp_path, stacks, calc)  # nothing is left to do
    assert (len(calc.asked), list(tmp_path.glob("*.part"))) == (before, [])


def test_a_shorter_run_leaves_the_batch_and_the_others_go_on(stacks, calc, tmp_path):
    _advance_all(tmp_path, stacks, calc, of={(0, 1): {"production_ps": 0.1}})
    assert set(calc.asked) == {3, 2}
    assert calc.asked == sorted(calc.asked, reverse=True)
    steps = [round(1000 * (SETTINGS["equilibration_ps"] + length)) for length in (0.1, 0.2)]
    assert abs(calc.asked.count(3) - steps[0]) < 5
    assert len(calc.asked) - calc.asked.count(3) == steps[1] - steps[0]


def test_the_progress_counts_the_steps_of_all_runs_from_the_beginning(
    stacks, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("anodeflow.process.progress.LINE_INTERVAL_S", 0.0)
    calc = Springs(next(iter(stacks.values())))  # no batches: one run after the other
    same = {key: next(iter(stacks.values())) for key in stacks}
    length = round(1000 * (SETTINGS["equilibration_ps"] + SETTINGS["production_ps"]))
    short = {(0, 1): {"production_ps": 0.1}}
    total = 3 * length - 100
    _advance_all(tmp_path, same, calc, of=short)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("3 runs: ")]
    assert len(lines) > 10
    assert all(f"/{total} steps" in line for line in lines)
    assert f"3 runs: {total}/{total} steps (100 %)" in lines[-1]
    simulate(_output(tmp_path, (0, 1)), stack=same[0, 1], load=_never, seed=1, production_ps=0.1)
    capsys.readouterr()
    _advance_all(tmp_path, same, calc, of=short)  # what was done before is no work
    assert "3 runs: 0 steps, " in capsys.readouterr().err.splitlines()[-1]


def test_no_more_than_asked_for_advance_at_once(stacks, calc, tmp_path):
    _advance_all(tmp_path, stacks, calc, at_once=2)
    assert set(calc.asked) == {2, 1}
    for key, stack in stacks.items():
        simulate(_output(tmp_path, key), stack=stack, load=_never, seed=key[1])


def test_a_failed_member_spoils_no_other(stacks, calc, tmp_path):
    spoilt = (1, 1)
    stacks[spoilt].set_tags(0)  # no stack
    with pytest.raises(StructureError, match="no facing termination"):
        _advance_all(tmp_path, stacks, calc)
    for key in stacks.keys() - {spoilt}:
        simulate(_output(tmp_path, key), stack=stacks[key], load=_never, seed=key[1])


def test_a_structure_that_the_model_refuses_fails_alone(stacks, calc):
    def energy(atoms, shared):
        atoms = atoms.copy()
        atoms.calc = shared
        return atoms.get_potential_energy()

    atoms = {str(key): stack for key, stack in stacks.items()} | {
        "unknown": Atoms("He", cell=3 * [9])
    }
    energies, failures = run_in_lockstep(
        calc, {name: partial(energy, one) for name, one in atoms.items()}
    )
    assert energies.keys() == {str(key) for key in stacks}
    assert {name: type(error) for name, error in failures.items()} == {"unknown": KeyError}
    with pytest.raises(KeyError):
        raise_first(failures)


def test_a_signal_leaves_a_checkpoint_of_each_from_which_it_goes_on_exactly(
    stacks, calc, tmp_path, capfd
):
    def signal_once():
        if len(calc.asked) == 120:
            os.kill(os.getpid(), signal.SIGTERM)

    calc.on_call = signal_once
    with pytest.raises(SystemExit) as left:
        _advance_all(tmp_path, stacks, calc)
    assert left.value.code == 128 + signal.SIGTERM
    assert capfd.readouterr().err.count("SIGTERM: checkpoint at") == len(stacks)
    calls = len(calc.asked)
    assert calls < 130
    _advance_all(tmp_path, stacks, calc)
    assert len(calc.asked) - calls < 310 - 110
    for key, stack in stacks.items():
        simulate(tmp_path / "alone.h5", stack=stack, seed=key[1])
        simulate(_output(tmp_path, key), stack=stack, load=_never, seed=key[1])
        assert_equal_to_the_last_bit(_output(tmp_path, key), tmp_path / "alone.h5")


def test_an_interrupt_ends_all_at_once(stacks, calc, tmp_path):
    def interrupt():
        if len(calc.asked) == 50:
            raise KeyboardInterrupt

    calc.on_call = interrupt
    with pytest.raises(KeyboardInterrupt):
        _advance_all(tmp_path, stacks, calc)
    calc.on_call = lambda: None
    _advance_all(tmp_path, stacks, calc)  # none is held any more


def test_without_batches_each_ends_before_the_next_begins(stacks, tmp_path):
    order = []

    def compute(name, shared):
        order.append(f"{name} begins")
        atoms = make_stack()
        atoms.rattle(0.1, seed=3)
        atoms.calc = shared
        BFGS(atoms, logfile=None).run(fmax=0.05)
        order.append(f"{name} ends")

    run_in_lockstep(Springs(make_stack()), {name: partial(compute, name) for name in "ab"})
    assert order == ["a begins", "a ends", "b begins", "b ends"]


def test_a_calculator_without_batches_takes_one_structure_at_once_with_d3_and_without(stacks):
    plain = Springs(make_stack())
    assert [batch_size(calc) for calc in (plain, DispersionCorrected(plain, plain))] == [1, 1]
    plain.batch_size = 8  # and still no `evaluate`
    assert batch_size(plain) == 1
    many = InBatches(list(stacks.values()))
    assert [batch_size(calc) for calc in (many, DispersionCorrected(many, plain))] == [64, 64]


def test_relaxations_together_find_the_minima_that_each_finds_alone(tmp_path):
    calc = load_demo(tmp_path, "float64")
    pristine = make_stack(bottom=2, top=2, ions=0)
    starts = {f"{d:.1f}": at_spacing(pristine, d) for d in (3.2, 3.6, 4.0)}

    def relaxed(start, shared):
        atoms = start.copy()
        atoms.calc = shared
        BFGS(atoms, logfile=None).run(fmax=0.01)
        return atoms.get_potential_energy(), atoms.positions

    computations = {name: partial(relaxed, start) for name, start in starts.items()}
    alone, _ = run_in_lockstep(calc, computations)
    calc.batch_size = 8
    together, failures = run_in_lockstep(calc, computations)
    assert not failures
    for name in starts:
        assert together[name][0] == pytest.approx(alone[name][0], abs=1e-6)
        np.testing.assert_allclose(together[name][1], alone[name][1], atol=1e-4)
