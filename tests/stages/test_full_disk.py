"""A disk that fills up ends a stage with a sentence; once there is room it continues exactly."""

import contextlib
import os
import subprocess
import sys
from functools import partial

import pytest
from killing import ended
from places import HELPERS
from stages import STAGES

from anodeflow.process.job import job

pytestmark = pytest.mark.usefixtures("a_checkpoint_at_every_step")

ROOM_A_TIME = {
    "dynamics": 150_000,
    "scan": 400_000,
    "frozen host": 16_384,
    "BFGS, full cell": 12_288,
    "LBFGS, fixed cell": 32_768,
}


@pytest.fixture
def disk(tmp_path):
    """Return a small disk of its own, filled by `fill`; it lies in memory."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"mounting a small disk is not permitted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk):
    """Fill the disk to the last byte; return the file to shorten in order to make room."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass
    return filler


def as_a_job(run, output):
    with job(log=output.with_name("a.log"), threads=1):
        run(output)


@pytest.mark.parametrize("stage", ROOM_A_TIME)
def test_a_stage_that_finds_the_disk_full_again_and_again_ends_as_an_unbroken_one_does(
    disk, tmp_path, unbroken, capfd, stage
):
    run, _, assert_equal = STAGES[stage]
    output, messages = disk / "output", tmp_path / "messages.txt"
    filler = fill(disk)
    sentences = []
    while (end := ended(partial(as_a_job, run, output), messages)).code != 0:
        said = capfd.readouterr().err
        assert end.code == 1, said
        assert "Traceback" not in said
        assert not output.exists()
        assert not list(disk.rglob("*.tmp"))
        (sentence,) = [line for line in said.splitlines() if line.startswith("error: ")]
        assert "make room" in sentence
        assert sentences or "lacks lines from here on" in said
        sentences.append(sentence)
        os.truncate(filler, max(0, filler.stat().st_size - ROOM_A_TIME[stage]))
    assert_equal(unbroken(stage), output)
    assert len(sentences) > 2
    named = {word for sentence in sentences for word in sentence.split() if str(disk) in word}
    if stage == "dynamics":
        assert str(output) in named
        assert any(word.endswith(".npz") for word in named)


WRITE_TRAJECTORY = """
import sys
from pathlib import Path
from anodeflow.process.job import job
sys.path.insert(0, sys.argv[2])
with job(log=sys.argv[1] + ".log", threads=1):
    import numpy as np
    from springs import SETTINGS, make_stack
    from anodeflow.stages.dynamics.trajectory import (
        FRAME_SERIES, ION_SERIES, OBSERVABLES, write_trajectory
    )
    stack, steps = make_stack(), np.arange(500)
    segment = {"frame_step": steps, "sample_step": steps}
    segment |= {name: np.zeros((500, len(stack), 3)) for name in FRAME_SERIES}
    segment |= {name: np.zeros((500, 1, 3)) for name in ION_SERIES}
    segment |= {name: np.zeros(500) for name in OBSERVABLES}
    outcome = {"settings": SETTINGS, "model": "springs", "reason": "", "last_step": 499}
    outcome["step_fs"] = 1.0
    outcome["software"] = {}
    write_trajectory(Path(sys.argv[1]), stack, [segment], **outcome)
"""


def test_a_trajectory_that_finds_no_room_does_not_crash_the_process_on_its_way_out(disk, tmp_path):
    filler = fill(disk)
    os.truncate(filler, filler.stat().st_size - 300_000)
    command = [sys.executable, "-c", WRITE_TRAJECTORY, str(disk / "run.h5"), str(HELPERS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done
    assert "run.h5 could not be written" in done.stderr
