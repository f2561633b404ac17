"""Kills and signals of real jobs under Snakemake, in the smallest chain."""

import os
import signal
import subprocess
import time

import psutil
import pytest
from chain import MODEL, settings
from project import Project

from anodeflow.structures.files import read_structure

RELAXED = f"results/{MODEL}/relaxation/m-g.extxyz"
LOG = f"results/logs/relax/{MODEL}/m-g.log"


@pytest.fixture
def relaxing(project) -> Project:
    """Return a project whose stack takes some hundred steps to relax."""
    overlay = settings(project.root)
    overlay["relaxation"] |= {"optimiser": "BFGS", "stacks": {"fmax": 0.01}}
    project.overlay(overlay)
    return project


def wait_for(run: subprocess.Popen, project: Project, there) -> None:
    """Wait until something holds of a run that goes on."""
    deadline = time.monotonic() + 120
    while not there():
        assert run.poll() is None, (project.folder / "said.txt").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def steps_logged(project: Project) -> int:
    """Return how many steps the log of the relaxation has."""
    log = project.folder / LOG
    return log.read_text().count("BFGS:") if log.exists() else 0


def has_continued(project: Project) -> bool:
    """Return whether the relaxation made a step after it continued from its checkpoint."""
    log = project.folder / LOG
    return log.exists() and "BFGS:" in log.read_text().partition("continuing after step")[2]


@pytest.mark.slow
def test_what_ctrl_c_stopped_continues_as_an_orphan_that_keeps_a_second_job_out(relaxing):
    run = relaxing.start(RELAXED, said="said.txt")
    wait_for(run, relaxing, lambda: steps_logged(relaxing) > 5)
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait(timeout=60) != 0
    assert list((relaxing.folder / f"{RELAXED}.part").glob("relaxation*.npz"))
    assert not (relaxing.folder / RELAXED).exists()
    before = (relaxing.folder / f"{LOG}.tries").read_text()
    assert "SIGINT: stopped after step" in before

    run = relaxing.start(RELAXED, said="said.txt")
    wait_for(run, relaxing, lambda: has_continued(relaxing))
    jobs = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.wait()
    alive = [job for job in jobs if job.is_running() and job.status() != psutil.STATUS_ZOMBIE]
    assert alive, "the orphan ended with its parent"
    for job in alive:
        job.suspend()  # or it may have ended before the next run has started
    refused = relaxing.snakemake(RELAXED)
    for job in alive:
        job.resume()
    assert refused.returncode != 0
    assert f"{RELAXED}.part is in use by process " in refused.stdout
    assert "Traceback" not in refused.stdout
    psutil.wait_procs(alive, timeout=120)
    assert len(read_structure(relaxing.folder / RELAXED)) > 100
    assert "relax 1" not in relaxing.planned(RELAXED)
    result = relaxing.snakemake(RELAXED)
    assert result.returncode == 0, result.stdout
    after = (relaxing.folder / LOG).read_text()
    assert after.startswith(before)
    assert "continuing after step" in after
    assert not list((relaxing.folder / "results").rglob("*.tries"))
    assert not list((relaxing.folder / "results").rglob("*.part"))
