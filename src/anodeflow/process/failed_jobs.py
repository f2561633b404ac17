"""What a user is shown of jobs that failed."""

from collections.abc import Iterable
from pathlib import Path

from anodeflow.process.cost_table import FINISHED

LINES = 10


def report_failures(logs: Iterable[str | Path]) -> str:
    """Return the last lines and the path of each log but those whose job finished.

    A group of jobs fails as a whole, so that `logs` may hold those of jobs that did finish: `job`
    ends their logs with a line that begins with FINISHED.
    """
    return "\n".join(filter(None, (_report(Path(log)) for log in logs)))


def _report(log: Path) -> str:
    if not log.exists():
        return f"{log}: not written, the job did not get so far; see the message of its failure."
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if lines and lines[-1].startswith(f"{FINISHED} "):
        return ""
    return "\n".join([f"last lines of {log}:", *(f"    {line}" for line in lines[-LINES:])])
