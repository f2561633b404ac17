"""Snakemake's plan of a project, taken from its own graph of jobs in a forked process."""

import contextlib
import functools
import gc
import multiprocessing
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch


@dataclass(frozen=True)
class Job:
    """A job of a plan: its rule, its wildcards, whether it runs, and what feeds it."""

    rule: str
    names: tuple[str, ...]
    runs: bool
    lacks_output: bool
    needs: frozenset[int]

    def __str__(self) -> str:
        return ": ".join([self.rule, *self.names])


def plan(folder: Path, snakefile: Path, *arguments: str) -> dict[int, Job]:
    """Return every job of a dry run by an arbitrary number, `all` left out."""

    def jobs_of(workflow) -> dict[int, Job]:
        dag = workflow.dag
        return {
            id(job): Job(
                rule=job.rule.name,
                names=tuple(job.wildcards_dict.values()),
                runs=dag.needrun(job),
                lacks_output=not all(os.path.exists(path) for path in job.output),
                needs=frozenset(id(other) for other in dag.dependencies[job]),
            )
            for job in dag.jobs
            if job.rule.name != "all"
        }

    return _in_a_fork(folder, snakefile, arguments, jobs_of)


def pretend_that_all_ran(folder: Path, snakefile: Path, *arguments: str) -> int:
    """Make every file of a project, empty, and let Snakemake record its jobs as finished."""

    def finish(workflow) -> int:
        jobs = [job for level in workflow.dag.toposorted() for job in level]
        for job in jobs:
            for path in job.output:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).touch()
            workflow.async_run(workflow.persistence.finished(job))
        return len(jobs)

    return _in_a_fork(folder, snakefile, arguments, finish)


def _in_a_fork(folder: Path, snakefile: Path, arguments: tuple[str, ...], visit: Callable):
    """Run `snakemake -n` up to its graph of jobs and return what `visit` says of the workflow.

    In a fork, because importing Snakemake costs more than planning, and because it leaves its
    logging and its working directory behind.
    """
    _import_snakemake()
    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        gc.freeze()
        try:
            theirs.send(_visit(folder, snakefile, arguments, visit))
        except BaseException:
            theirs.send(traceback.format_exc())
        finally:
            theirs.close()
            os._exit(0)
    theirs.close()
    found = ours.recv()
    os.waitpid(child, 0)
    if isinstance(found, str):
        raise RuntimeError(found)
    return found


@functools.cache
def _import_snakemake() -> None:
    """Import Snakemake, what it imports while it reads a workflow, and its plugins."""
    import smart_open  # noqa: F401
    import snakemake.cli

    snakemake.cli.get_argument_parser()


def _visit(folder: Path, snakefile: Path, arguments: tuple[str, ...], visit: Callable):
    import snakemake.cli
    from snakemake.workflow import Workflow

    found = []
    build = Workflow._build_dag

    def build_and_visit(workflow) -> None:
        build(workflow)
        found.append(visit(workflow))
        raise SystemExit(0)

    os.chdir(folder)
    output = folder / "plan.log"
    with (
        output.open("w") as stream,
        contextlib.redirect_stdout(stream),
        contextlib.redirect_stderr(stream),
        patch.object(Workflow, "_build_dag", build_and_visit),
        contextlib.suppress(SystemExit),
    ):
        sys.argv = ["snakemake"]
        snakemake.cli.main(["-s", str(snakefile), "-n", *arguments])
    return found[0] if found else output.read_text()
