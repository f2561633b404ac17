"""Dynamics, relaxations, scans and frozen hosts, ended at any moment, give what unbroken ones give.

The runs are made in forked children, which are killed or signalled; each stage's result is compared
to the last bit with that of a run that nothing disturbed.
"""

import io
import signal
import time
from functools import partial

import numpy as np
import pytest
from ase.build import fcc111
from ase.calculators.emt import EMT
from kills import ended, kill_again_and_again, signalled
from springs import Springs, assert_equal_to_the_last_bit, make_stack, simulate
from study import GRAPHENE, TI2CO2
from test_adhesion import Toy

from anodeflow import relaxation, tags
from anodeflow.adhesion import reference_layers, scan_spacings
from anodeflow.archives import read_archive, write_archive
from anodeflow.errors import BusyError, NotConvergedError, TrajectoryError
from anodeflow.layers import build_layer
from anodeflow.part_folder import part_folder
from anodeflow.relaxation import relax
from anodeflow.stacks import stack_layers
from anodeflow.voltage import fill_frozen_host

SIGNALS = [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT]
SEED = 20
LEAVING_S = 10.0
RELAXATIONS = [
    (optimiser, cell) for optimiser in ("BFGS", "LBFGS", "FIRE") for cell in ("fixed", "full")
]


@pytest.fixture(autouse=True)
def _a_checkpoint_at_every_step(monkeypatch):
    monkeypatch.setattr(relaxation, "CHECKPOINT_INTERVAL_S", 0.0)


def slow(kind: type) -> type:
    """Return a kind of calculator that leaves another process the time to kill this one."""

    class Slow(kind):
        def calculate(self, *args, **kwargs):
            super().calculate(*args, **kwargs)
            time.sleep(0.001)

    return Slow


def run_long(output, calculator=Springs):
    """Run 1 ps of dynamics with a checkpoint at every 23rd step."""
    stack = make_stack()
    options = {"production_ps": 0.9, "checkpoint_interval_ps": 0.023}
    simulate(output, stack=stack, calc=calculator(stack), **options)


def springy_stack():
    start = make_stack()
    shaken = start.copy()
    shaken.rattle(0.1, seed=1)
    return shaken, lambda kind: kind(start)


def copper_slab():
    slab = fcc111("Cu", (2, 2, 3), a=3.7, vacuum=8.0)
    slab.pbc = True
    slab.rattle(0.1, seed=1)
    return slab, lambda kind: kind()


# ASE's EMT keeps its list of neighbours while the cell is fixed, so its sums depend on the past.
RELAXED = {"fixed": (springy_stack, Springs), "full": (copper_slab, EMT)}


def relax_one(output, *, optimiser, cell, calculator=None, fmax=1e-4, max_steps=2000):
    """Relax a shaken structure as the rule does, and keep every number of the result."""
    (atoms, make), usual = RELAXED[cell][0](), RELAXED[cell][1]
    with part_folder(output) as folder:
        relaxed = relax(
            atoms,
            make(calculator or usual),
            optimiser=optimiser,
            fmax=fmax,
            max_steps=max_steps,
            cell=cell,
            fingerprint_extra="calculator",
            checkpoint=folder / "relaxation.npz",
            unfinished=None,
            log=io.StringIO(),
        )
        keep([relaxed], output)


def keep(frames, output):
    """Write positions, cells, forces, energies and steps to the last bit."""
    arrays = {
        f"{name}{number}": value
        for number, atoms in enumerate(frames)
        for name, value in {
            "positions": atoms.positions,
            "cell": atoms.cell.array,
            "forces": atoms.get_forces(),
            "numbers": [atoms.info["energy_model"], atoms.info["fmax"], atoms.info["steps"]],
        }.items()
    }
    write_archive(output, arrays, {"frames": len(frames)})


def assert_same(output, other):
    (left, frames), (right, _) = read_archive(output), read_archive(other)
    assert left.keys() == right.keys()
    assert len(left) == 4 * frames["frames"] > 0
    for name, value in left.items():
        assert np.array_equal(value, right[name]), name


def rattled_stack():
    layers = [build_layer(settings, cell_height=40.0) for settings in (TI2CO2, GRAPHENE)]
    options = {"strained": "top", "spacing": 3.5, "registry": (0.0, 0.0), "strain_limit": 0.03}
    stack = stack_layers(*layers, cell_height=40.0, **options)
    z, planes = stack.positions[:, 2], {tag: tags.facing(stack) for tag in tags.BOTTOM_TAGS}
    planes[tags.SHEET] = tags.sheet(stack)
    heights = {t: z[stack.get_tags() == t].mean() - z[mask].mean() for t, mask in planes.items()}
    for atoms in (stack, *layers):
        atoms.rattle(0.2, seed=2)
    return stack, layers, heights


def options_of_points(folder, optimiser):
    return {
        "optimiser": optimiser,
        "fmax": 1e-6,
        "max_steps": 200,
        "points_dir": folder,
        "fingerprint_extra": "toy",
        "log": io.StringIO(),
    }


def scan(output, calculator=Toy):
    """Scan two spacings and relax the layers as the rule does."""
    stack, layers, heights = rattled_stack()
    calc = calculator(heights)
    with part_folder(output) as folder:
        options = options_of_points(folder, "BFGS")
        references = reference_layers(stack, *layers, calc, **options)
        spacings = {"spacings": [3.0, 4.0], "on_point": lambda point: None}
        points = scan_spacings(stack, calc, **spacings, **options)
        keep([*references.values(), *points], output)


class Sited(Toy):
    """The toy with sites off the place where ions are put, so that they have a way to go."""

    def calculate(self, atoms=None, *args, **kwargs):
        super().calculate(atoms, *args, **kwargs)
        ions = tags.ions(atoms)
        off = atoms.positions[ions, 0] - 3.0
        self.results["energy"] += (off**2).sum() / 2
        self.results["forces"][ions, 0] -= off


def fill(output, calculator=Sited):
    """Fill a frozen host with one, two and three ions as the rule does."""
    stack, _, heights = rattled_stack()
    with part_folder(output) as folder:
        filled = fill_frozen_host(
            stack,
            calculator(heights),
            element="Na",
            counts=[1, 2, 3],
            on_point=lambda point: None,
            **options_of_points(folder, "FIRE"),
        )
        keep(filled, output)


STAGES = {
    "dynamics": (run_long, slow(Springs), assert_equal_to_the_last_bit),
    "scan": (scan, slow(Toy), assert_same),
    "frozen host": (fill, slow(Sited), assert_same),
} | {
    f"{optimiser}, {cell} cell": (
        partial(relax_one, optimiser=optimiser, cell=cell),
        slow(RELAXED[cell][1]),
        assert_same,
    )
    for optimiser, cell in RELAXATIONS
}
KILLS = {"dynamics": (30, 0.4), "scan": (10, 0.6), "frozen host": (6, 0.15)}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_killed_at_random_moments_ends_with_the_numbers_of_an_unbroken_one(tmp_path, stage):
    run, calculator, assert_equal = STAGES[stage]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(whole)
    kills, longest = KILLS.get(stage, (6, 0.25))
    slowly = partial(run, killed, calculator=calculator)
    moments = kill_again_and_again(slowly, killed, kills=kills, longest=longest, seed=SEED)
    print(f"killed after {moments} s")
    assert_equal(whole, killed)
    assert {path.name for path in tmp_path.iterdir()} == {"whole", "killed", "messages.txt"}


def checkpoints(output, count):
    """Say whether a run has written `count` checkpoints."""
    folder = output.with_name(f"{output.name}.part")
    return lambda: len(list(folder.glob("*.npz"))) >= count


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_signal_leaves_a_checkpoint_from_which_the_stage_continues_exactly(
    tmp_path, stage, number
):
    run, calculator, assert_equal = STAGES[stage]
    whole, stopped, messages = (tmp_path / name for name in ("whole", "stopped", "messages.txt"))
    run(whole)
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
    assert_equal(whole, stopped)


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
    tmp_path, stage, kind
):
    run, calculator, assert_equal = STAGES[stage]
    whole, stopped, messages = (tmp_path / name for name in ("whole", "stopped", "messages.txt"))
    run(whole)
    newest, *_ = stop(run, stopped, calculator, messages)
    damage(newest, kind)
    last = ended(partial(run, stopped), messages)
    assert last.code == 0, last
    assert f"{newest} is damaged" in last.said
    assert "; going back" in last.said
    assert "continuing after" in last.said
    assert_equal(whole, stopped)


@pytest.mark.parametrize("stage", ["dynamics", "scan", "frozen host", "FIRE, fixed cell"])
def test_a_stage_whose_checkpoints_are_all_damaged_says_so_and_begins_anew(tmp_path, stage):
    run, calculator, assert_equal = STAGES[stage]
    whole, stopped, messages = (tmp_path / name for name in ("whole", "stopped", "messages.txt"))
    run(whole)
    for path in stop(run, stopped, calculator, messages):
        damage(path, "cut")
    last = ended(partial(run, stopped), messages)
    assert last.code == 0, last
    assert "beginning anew" in last.said
    assert "continuing after" not in last.said
    assert_equal(whole, stopped)


def test_the_checkpoint_of_another_relaxation_is_refused_and_kept(tmp_path):
    run, calculator, _ = STAGES["BFGS, fixed cell"]
    stopped = tmp_path / "stopped"
    kept = stop(run, stopped, calculator, tmp_path / "messages.txt")
    for change in ({"fmax": 1e-3}, {"cell": "full"}, {"optimiser": "FIRE"}):
        with pytest.raises(TrajectoryError, match="delete this folder to begin anew"):
            run(stopped, **change)
    assert all(path.exists() for path in kept)


def test_more_steps_continue_a_relaxation_that_ran_out_of_them(tmp_path, capsys):
    run, _, assert_equal = STAGES["LBFGS, fixed cell"]
    whole, short = tmp_path / "whole", tmp_path / "short"
    run(whole)
    for steps in (2, 2, 5):
        with pytest.raises(NotConvergedError, match=f"in {steps} steps"):
            run(short, max_steps=steps)
    capsys.readouterr()
    run(short)
    assert "continuing after step 5" in capsys.readouterr().err
    assert_equal(whole, short)


def test_a_second_process_is_refused_while_the_first_works_and_let_in_once_it_is_killed(tmp_path):
    run, calculator, assert_equal = STAGES["dynamics"]
    whole, shared, messages = (tmp_path / name for name in ("whole", "shared", "messages.txt"))
    run(whole)
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
    assert_equal(whole, shared)
