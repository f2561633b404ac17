"""The demonstration model in float64, killed at random moments, repeats its numbers exactly.

The children are forked from a process that has loaded the model and not yet called it, so each of
them starts with a cold model, as a new job does.
"""

import io
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from killing import ended, kill_again_and_again
from places import DEMO_MODEL
from springs import assert_equal_to_the_last_bit, make_stack, simulate
from stages import assert_same, keep

from anodeflow.files.checkpoint_folder import part_folder
from anodeflow.models.loading import load_calculator
from anodeflow.models.weights.card import WeightsCard
from anodeflow.models.weights.hash_records import hash_file
from anodeflow.stages.relaxation import minimum


def run_md(output, calc):
    """Run 0.012 ps of Ti2CO2 4x4 with graphene 5x5 and an ion."""
    simulate(
        output,
        stack=make_stack(bottom=4, top=5, lattice=3.03, ions=1),
        calc=calc,
        equilibration_ps=0.0,
        production_ps=0.012,
        frame_interval_fs=2.0,
        ion_interval_fs=1.0,
        checkpoint_interval_ps=0.003,
    )


def relax_cell(output, calc):
    """Relax Ti2CO2 under graphene, both 2x2 and shaken, with the cell free in its plane."""
    stack = make_stack(bottom=2, top=2, lattice=2.7, ions=0)
    stack.rattle(0.05, seed=3)
    with part_folder(output) as folder:
        relaxed = minimum.relax(
            stack,
            calc,
            optimiser="LBFGS",
            fmax=0.3,
            max_steps=500,
            cell="in-plane",
            fingerprint_extra="demo",
            checkpoint=folder / "relaxation.npz",
            unfinished=None,
            log=io.StringIO(),
        )
        keep([relaxed], output)


WORK = {
    "dynamics": (run_md, assert_equal_to_the_last_bit, 2.0),
    "relaxation": (relax_cell, assert_same, 1.0),
}
"""What is done, how results are compared, and how long (s) a child lives at most."""


def survive(kind, folder, *, kills):
    """Kill one kind of work at random moments and compare it with an unbroken run."""
    minimum.CHECKPOINT_INTERVAL_S = 0.0
    card = folder / "card.json"
    WeightsCard(source=None, family="mace", sha256=hash_file(DEMO_MODEL), size_bytes=0).write(card)
    options = {"family": "mace", "device": "cpu", "dtype": "float64", "dispersion": None}
    calc = load_calculator(DEMO_MODEL, card, **options)
    work, assert_equal, longest = WORK[kind]
    whole, killed = folder / "whole", folder / "killed"
    unbroken = ended(partial(work, whole, calc), folder / "messages.txt")
    assert unbroken.code == 0, unbroken
    moments = kill_again_and_again(
        partial(work, killed, calc), killed, kills=kills, longest=longest, seed=5
    )
    assert_equal(whole, killed)
    print(f"survived kills after {moments} s")


@pytest.mark.slow
@pytest.mark.parametrize("kind", WORK)
def test_a_killed_model_ends_with_the_numbers_of_an_unbroken_run(tmp_path, kind):
    command = [sys.executable, __file__, kind, str(tmp_path)]
    path = {"PYTHONPATH": ":".join(sys.path), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(command, env=path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "survived kills after [" in done.stdout


if __name__ == "__main__":
    survive(sys.argv[1], Path(sys.argv[2]), kills=4)
