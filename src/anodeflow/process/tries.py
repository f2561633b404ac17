"""What the earlier tries of a job say in its log, and whether another one is worth its time."""

import os
from pathlib import Path

from anodeflow.errors import RepeatedFailureError

STARTED = "started"
"""First word of each try's first line."""
RUN = "ANODEFLOW_RUN"
"""Variable of the environment: a name of the run of snakemake that submitted the job."""
ENOUGH = 2
"""So many tries in a row that end with the same error decide."""
_REFUSED = "error: Not tried again: "


def run_of_snakemake() -> str:
    """Return the name of the run of snakemake that this job is of, where one was given."""
    return os.environ.get(RUN, "")


def first_line(when: str, threads: int) -> str:
    """Return the line with which a try begins its part of the log; `when` is its date and time."""
    run = run_of_snakemake()
    return f"{STARTED} {when}, {threads} thread(s)" + (f", run {run}" if run else "")


def refuse_a_known_failure(log: Path) -> None:
    """Refuse a try where the last ones of this run of snakemake all ended with the same error.

    A new run of snakemake tries anew. Tries that a signal, a lost node or a time limit ended say
    nothing.

    Raises RepeatedFailureError, with the error.
    """
    run = run_of_snakemake()
    ends = [
        _error(lines) for first, *lines in _tries(log) if run and first.endswith(f", run {run}")
    ]
    earlier = [end for end in ends[:-1] if not end.startswith(_REFUSED)][-ENOUGH:]
    if len(earlier) == ENOUGH and earlier[0] and len(set(earlier)) == 1:
        raise RepeatedFailureError(
            f"{_REFUSED.removeprefix('error: ')}{ENOUGH} tries ended with the same error "
            f"({earlier[0].removeprefix('error: ').rstrip('.')}): correct what it says, then start "
            "snakemake again, which tries anew."
        )


def _tries(log: Path) -> list[list[str]]:
    """Return the lines of each try in a log, the first one that with which it begins."""
    tries: list[list[str]] = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(f"{STARTED} "):
            tries.append([])
        if tries:
            tries[-1].append(line)
    return tries


def _error(lines: list[str]) -> str:
    """Return the sentence, or a traceback's last line, with which a try ended, else nothing."""
    last = next((line for line in reversed(lines) if line), "")
    of_an_error = last.startswith("error: ") or "Traceback (most recent call last):" in lines
    return last if of_an_error else ""
