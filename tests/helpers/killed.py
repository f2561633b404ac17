"""A run of snakemake that is killed and started again, and what a trajectory then holds."""

import os
import signal
import time
from pathlib import Path

import h5py
import numpy as np
from project import Project


def kill_once_there(project: Project, target: str, pattern: str) -> list[Path]:
    """Start a run, kill its whole process group when `pattern` has a match, return the matches."""
    run = project.start(target, said="killed.txt")
    deadline = time.monotonic() + 120
    while not (found := list(project.folder.glob(pattern))) and run.poll() is None:
        assert time.monotonic() < deadline, (project.folder / "killed.txt").read_text()
        time.sleep(0.005)
    assert run.poll() is None, (project.folder / "killed.txt").read_text()
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not (project.folder / target).exists()
    return found


def run_again(project: Project, *targets: str) -> None:
    """Do as a user does after a kill: give the same command again."""
    result = project.snakemake(*map(str, targets))
    assert result.returncode == 0, result.stdout
    assert all((project.folder / target).exists() for target in targets)
    assert not list((project.folder / "results").rglob("*.part"))


def contents(path: Path) -> dict[str, np.ndarray]:
    """Return every dataset and attribute of an HDF5 file by each name that leads to it."""

    def walk(item: h5py.Dataset | h5py.Group, name: str) -> dict[str, np.ndarray]:
        found = {f"{name}@{key}": np.asarray(value) for key, value in item.attrs.items()}
        if isinstance(item, h5py.Dataset):
            return found | {name: item[()]}
        for key in item:
            found |= walk(item[key], f"{name}/{key}".lstrip("/"))
        return found

    with h5py.File(path) as file:
        return walk(file, "")
