"""A project: the checkout's Snakefile in a folder with a copy of its config and resources."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from forked import forked_python


@dataclass(frozen=True)
class Project:
    """A working directory in which the checkout's workflow runs.

    anew: its processes import their libraries themselves, as a user's do, and are not forked.
    """

    folder: Path
    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    anew: bool = False

    def overlay(self, settings: dict) -> None:
        """Write the overlay that every later `snakemake` uses."""
        (self.folder / "overlay.yaml").write_text(yaml.safe_dump(settings))

    def command(self, *arguments: str, python: str = sys.executable) -> list[str]:
        """Return the command line of a run on this project."""
        overlay = self.folder / "overlay.yaml"
        configfile = ["--configfile", "overlay.yaml"] if overlay.exists() else []
        snakefile = str(self.root / "Snakefile")
        return [
            python,
            "-m",
            "snakemake",
            "-s",
            snakefile,
            "--cores",
            "1",
            *arguments,
            *configfile,
        ]

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of a run: this Python's own commands come first."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return os.environ | {"PATH": path} | self.variables

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run snakemake and return its result, stdout and stderr joined in stdout."""
        return subprocess.run(
            self.command(*arguments, python=sys.executable if self.anew else forked_python()),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def start(self, *arguments: str, said: str) -> subprocess.Popen:
        """Start snakemake in a process group of its own, as a shell does; it writes to `said`."""
        with (self.folder / said).open("a") as output:
            return subprocess.Popen(
                self.command(*arguments),
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def planned(self, *arguments: str) -> set[str]:
        """Return the rules that a dry run would run, with their counts, as `rule count`."""
        result = self.snakemake("-n", *arguments)
        assert result.returncode == 0, result.stdout
        if "Nothing to be done" in result.stdout:
            return set()
        table = result.stdout.split("Job stats:")[1].split("\n\n")[0].splitlines()[3:]
        return {" ".join(line.split()) for line in table}


def new_project(folder: Path, root: Path) -> Project:
    """Return a project in `folder` with all that a checkout holds but weights and results."""
    for name in ("config", "resources", "profiles"):
        ignored = shutil.ignore_patterns("weights")
        shutil.copytree(root / name, folder / name, ignore=ignored)
    (folder / "slurm").symlink_to((root / "slurm").readlink())
    return Project(folder, root)
