"""What the tests ask of the cluster and do to it."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from project import Project

# Figures of time are for a cluster that is there for one test: see the plugin's own defaults.
IMPATIENT = {
    "slurm-init-seconds-before-status-checks": 1,
    "max-status-checks-per-second": 1,
    "slurm-status-attempts": 5,
    "latency-wait": 5,
}


def slurm(*command: str) -> str:
    """Return what a command of Slurm says."""
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout


def jobs(folder: Path) -> list[dict[str, str]]:
    """Return what Slurm knows of each job that was submitted in `folder`, in their order."""
    lines = slurm("scontrol", "--detail", "--oneliner", "show", "job").splitlines()
    known = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines if "JobId=" in line]
    ours = [job for job in known if job["WorkDir"] == str(folder)]
    return sorted(ours, key=lambda job: int(job["JobId"]))


@contextmanager
def edited_profile(project: Project) -> Iterator[dict]:
    """Give the profile's content, and write it with what was changed."""
    path = project.folder / "profiles/slurm/config.yaml"
    profile = yaml.safe_load(path.read_text())
    yield profile
    path.write_text(yaml.safe_dump(profile))


def use_gpus(project: Project, rules: list[str]) -> None:
    """Let `rules` ask for a GPU whatever their model asks for; hurry the profile's waiting."""
    with edited_profile(project) as profile:
        profile |= IMPATIENT
        for rule in rules:
            profile["set-resources"].setdefault(rule, {})["gpu"] = 1


def cap(project: Project, minutes: int) -> None:
    """Let no job ask for more minutes, and have it queued again as soon as it kept something."""
    with edited_profile(project) as profile:
        profile["resources"]["runtime"] = minutes
    path = project.folder / "profiles/slurm/job.sh"
    script = path.read_text()
    assert "early=120" in script
    hurried = script.replace("early=120", f"early={60 * minutes}").replace("sleep 10", "sleep 0.2")
    path.write_text(hurried)


def wait_for(condition: Callable, *, seconds: float, what: str):
    """Return the first value of `condition` that is true."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not so after {seconds} s: {what}"
        time.sleep(0.2)
    return value


@dataclass(frozen=True)
class Run:
    """A `snakemake --profile slurm` that was started in a project."""

    project: Project
    process: subprocess.Popen

    @property
    def said(self) -> str:
        return (self.project.folder / "said.txt").read_text()

    def wait_for(self, condition: Callable, *, seconds: float = 300, what: str):
        """Return the first value of `condition` that is true while the run goes on."""

        def true_or_over():
            assert self.process.poll() is None, self.said
            return condition()

        return wait_for(true_or_over, seconds=seconds, what=f"{what}\n{self.said}")

    def finish(self, *, seconds: float = 600) -> int:
        """Return the exit code; a run that does not end in time fails the test."""
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """Kill what is left of the run."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def start(project: Project, *arguments: str) -> Run:
    """Start `snakemake --profile slurm` as a user does on the login node."""
    command = ["snakemake", *arguments, "-s", str(project.root / "Snakefile")]
    with (project.folder / "said.txt").open("w") as output:
        process = subprocess.Popen(
            [*command, "--profile", "slurm", "--configfile", "overlay.yaml"],
            cwd=project.folder,
            env=project.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Run(project, process)
