"""Dynamics, relaxations, scans and frozen hosts, ended at any moment, give what unbroken ones give.

The runs are made in forked children, which are killed or signalled; each stage's result is compared
to the last bit with that of a run that nothing disturbed.
"""

import signal
from functools import partial

import numpy as np
import pytest
from killing import ended, kill_again_and_again, signalled
from stages import STAGES

from anodeflow.errors import BusyError, NotConvergedError, TrajectoryError

pytestmark = pytest.mark.usefixtures("a_checkpoint_at_every_step")

SIGNALS = [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT]
SEED = 20
LEAVING_S = 10.0
# Every signal for dynamics and a relaxation, one for each of the others.
SIGNALLED = [(stage, number) for stage in ("dynamics", "LBFGS, fixed cell") for number in SIGNALS]
SIGNALLED += [
    (stage, SIGNALS[place % 3])
    for place, stage in enumerate(STAGES)
    if stage not in ("dynamics", "LBFGS, fixed cell")
]
KILLS = {"network": (8, 0.8), "dynamics": (12, 0.4), "scan": (10, 0.6), "frozen host": (6, 0.15)}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_killed_at_random_moments_ends_with_the_numbers_of_an_unbroken_one(
    tmp_path, unbroken, stage
):
    run, calculator, assert_equal = STAGES[stage]
    killed = tmp_path / "killed"
    kills, longest = KILLS.get(stage, (6, 0.25))
    slowly = partial(run, killed, calculator=calculator)
    moments = kill_again_and_again(slowly, killed, kills=kills, longest=longest, seed=SEED)
    print(f"killed after {moments} s")
    assert_equal(unbroken(stage), killed)
    assert {path.name for path in tmp_path.iterdir()} == {"killed", "messages.txt"}


def checkpoints(output, count):
    """Say whether a run has written `count` checkpoints."""
    folder = output.with_name(f"{output.name}.part")
    return lambda: len(list(folder.glob("*.npz"))) >= count


@pytest.mark.parametrize(("stage", "number"), SIGNALLED)
def test_a_signal_leaves_a_checkpoint_from_which_the_stage_continues_exactly(
    tmp_path, unbroken, stage, number
):
    run, calculator, assert_equal = STAGES[stage]
    stopped, messages = tmp_path / "stopped", tmp_path / "messages.txt"
    slowly = partial(run, stopped, calculator=calculator)
    moment = float(np.random.default_rng(SEED + number).uniform(0, 0.02))
    end = signalled(slowly, number, moment, messages, once=checkpoints(stopped, 2))
    assert end.code == 128 + number, end
    assert end.seconds_after_signal < LEAVING_S
    assert number.name in end.said
    assert not stopped.exists()
    assert checkpoints(stopped, 2)()
    last = ended(partial(run, stopped), messages)
    assert last.code == 0, last
    assert "continuing after" in last.said
    assert_equal(unbroken(stage), stopped)


def stop(run, output, calculator, messages):
    """Stop a stage by SIGTERM once it has two checkpoints; return these, the newest first."""
    slowly = partial(run, output, calculator=calculator)
    end = signalled(slowly, signal.SIGTERM, 0.01, messages, once=checkpoints(output, 2))
    assert end.code == 128 + signal.SIGTERM, end
    folder = output.with_name(f"{output.name}.part")
    found = sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime_ns)
    return found[::-1]


def damage(path, kind):
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    flipped = content.copy()
    flipped[half] ^= 0xFF
    path.write_bytes({"cut": content[:half], "empty": b"", "flipped": flipped}[kind])


@pytest.mark.parametrize("kind", ["cut", "empty", "flipped"])
@pytest.mark.parametrize("stage", ["dynamics", "scan", "frozen host", "LBFGS, full cell"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_gives_the_same_numbers(
    tmp_path, unbroken, stage, kind
):
    run, calculator, assert_equal = STAGES[stage]
    stopped, messages = tmp_path / "stopped", tmp_path / "messages.txt"
    newest, *_ = stop(run, stopped, calculator, messages)
    damage(newest, kind)
    last = ended(partial(run, stopped), messages)
    assert last.code == 0, last
    assert f"{newest} is damaged" in last.said
    assert "; going back" in last.said
    assert "continuing after" in last.said
    assert_equal(unbroken(stage), stopped)


@pytest.mark.parametrize("stage", ["dynamics", "scan", "frozen host", "FIRE, fixed cell"])
def test_a_stage_whose_checkpoints_are_all_damaged_says_so_and_begins_anew(
    tmp_path, unbroken, stage
):
    run, calculator, assert_equal = STAGES[stage]
    stopped, messages = tmp_path / "stopped", tmp_path / "messages.txt"
    for path in stop(run, stopped, calculator, messages):
        damage(path, "cut")
    last = ended(partial(run, stopped), messages)
    assert last.code == 0, last
    assert "beginning anew" in last.said
    assert "continuing after" not in last.said
    assert_equal(unbroken(stage), stopped)


def test_the_checkpoint_of_another_relaxation_is_refused_and_kept(tmp_path):
    run, calculator, _ = STAGES["BFGS, fixed cell"]
    stopped = tmp_path / "stopped"
    kept = stop(run, stopped, calculator, tmp_path / "messages.txt")
    for change in ({"fmax": 1e-3}, {"cell": "full"}, {"optimiser": "FIRE"}):
        with pytest.raises(TrajectoryError, match="delete this folder to begin anew"):
            run(stopped, **change)
    assert all(path.exists() for path in kept)


def test_more_steps_continue_a_relaxation_that_ran_out_of_them(tmp_path, unbroken, capsys):
    run, _, assert_equal = STAGES["LBFGS, fixed cell"]
    short = tmp_path / "short"
    for steps in (2, 2, 5):
        with pytest.raises(NotConvergedError, match=f"in {steps} steps"):
            run(short, max_steps=steps)
    capsys.readouterr()
    run(short)
    assert "continuing after step 5" in capsys.readouterr().err
    assert_equal(unbroken("LBFGS, fixed cell"), short)


def test_a_second_process_is_refused_while_the_first_works_and_let_in_once_it_is_killed(
    tmp_path, unbroken
):
    run, calculator, assert_equal = STAGES["dynamics"]
    shared, messages = tmp_path / "shared", tmp_path / "messages.txt"
    said = []

    def second_try():
        if checkpoints(shared, 2)():
            with pytest.raises(BusyError) as refused:
                run(shared)
            said.append(str(refused.value))
        return bool(said)

    slowly = partial(run, shared, calculator=calculator)
    end = signalled(slowly, signal.SIGKILL, 0.0, messages, once=second_try)
    assert end.code == -signal.SIGKILL
    assert "is in use by process " in said[0]
    run(shared)
    assert_equal(unbroken("dynamics"), shared)
