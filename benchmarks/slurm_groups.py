"""Short relaxations through Slurm, each as a job of its own and in one group: what the start costs.

Needs what `make test-slurm` needs. Both ways the jobs take turns on one node, as on one GPU.
"""

import os
import platform
import re
import subprocess
import tempfile
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import yaml
from chain import MODEL, settings
from cluster import jobs, slurm, start, use_gpus
from figures import ROOT
from project import Project, new_project

STRUCTURES = ["graphene", "ti2co2_unit", "ti2co2", "m-g", "m-g_1na"]
TARGETS = [f"results/{MODEL}/relaxation/{name}.extxyz" for name in STRUCTURES]
STEP = re.compile(r"^\s*\w+:\s+\d+ (\d\d:\d\d:\d\d) ", flags=re.MULTILINE)


def prepared(folder: Path, *, grouped: bool) -> Project:
    """Return a project in which all is made that the relaxations need."""
    folder.mkdir()
    project = new_project(folder, ROOT)
    overlay = settings(ROOT)
    overlay["study"]["layers"] = ["graphene", "ti2co2"]
    overlay["phonons"]["layers"]["ti2co2"] = {"supercell": [2, 2, 1]}
    overlay["relaxation"] = {key: {"fmax": 0.01} for key in ("layers", "stacks", "bulk")}
    project.overlay(overlay)
    use_gpus(project, ["relax"])
    path = folder / "profiles/slurm/config.yaml"
    profile = yaml.safe_load(path.read_text())
    profile["set-resources"]["relax"]["slurm_extra"] = "'--exclusive --nodelist=gpu1'"
    if not grouped:
        del profile["groups"], profile["group-components"]
    path.write_text(yaml.safe_dump(profile))
    made = project.snakemake(*TARGETS, "--omit-from", "relax")
    assert made.returncode == 0, made.stdout
    return project


def measure(folder: Path, *, grouped: bool) -> list[float]:
    """Return the jobs, the seconds from first submission to last end, on the GPU, and relaxing.

    The end of the run says little: snakemake asks for the state of its jobs ever more rarely.
    """
    project = prepared(folder, grouped=grouped)
    run = start(project, *TARGETS)
    assert run.finish(seconds=400) == 0, run.said
    done = jobs(folder)
    ends = [job["EndTime"] for job in done]
    wall = seconds(min(job["SubmitTime"] for job in done), max(ends))
    held = sum(seconds(job["StartTime"], end) for job, end in zip(done, ends, strict=True))
    return [len(done), wall, held, sum(relaxing(project, name) for name in STRUCTURES)]


def seconds(begin: str, end: str) -> float:
    """Return the seconds between two times in ISO format."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()


def relaxing(project: Project, structure: str) -> float:
    """Return the seconds between the first and the last step in a relaxation's log."""
    log = project.folder / f"results/logs/relax/{MODEL}/{structure}.log"
    times = STEP.findall(log.read_text())
    return seconds(f"2000-01-01T{times[0]}", f"2000-01-01T{times[-1]}") % 86400


def main() -> None:
    """Bring a cluster up, relax both ways, print a table, take the cluster down."""
    subprocess.run([ROOT / "tests/slurm/cluster_up.sh"], check=True)
    try:
        plugin = version("snakemake-executor-plugin-slurm")
        print(
            f"{platform.machine()}, {os.cpu_count()} cores; {slurm('sinfo', '--version').strip()}"
        )
        print(f"snakemake {version('snakemake')}, its plugin for Slurm {plugin}")
        with tempfile.TemporaryDirectory() as folder:
            for way, grouped in (("one by one", False), ("grouped", True)):
                number, wall, held, relaxed = measure(Path(folder) / way[:3], grouped=grouped)
                print(
                    f"{way:<11} {number} job(s), {wall:.0f} s in all, {held:.0f} s on the GPU, "
                    f"{relaxed:.0f} s of it relaxing; start-up {1 - relaxed / wall:.0%} of the "
                    f"run, {1 - relaxed / held:.0%} of the time on the GPU",
                    flush=True,
                )
    finally:
        subprocess.run([ROOT / "tests/slurm/cluster_down.sh"], check=True)


if __name__ == "__main__":
    main()
