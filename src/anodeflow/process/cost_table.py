"""What each try of a job cost: a line in a table beside its log, written and read here.

Snakemake's own `benchmark:` keeps the last try only, and refuses rules whose results are cached.
"""

import contextlib
import csv
import gc
import resource
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anodeflow.errors import ResultFileError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("started", "seconds", "cpu_seconds", "max_memory_MB", "threads", "host", "end")

FINISHED = "finished"
"""What stands under `end` of a try that ended well, and begins the last line of its log."""


@contextlib.contextmanager
def noted_cost(log: Path, threads: int) -> Iterator[None]:
    """Append what the body took to `results/benchmarks/…`, the path of `log` in another folder.

    Wall time in s, CPU time in s of this process and its children, their largest memory in MB, and
    how the try ended: FINISHED, or the name of what was raised.
    """
    started, start = datetime.now(), time.monotonic()
    end = FINISHED
    try:
        yield
    except BaseException as error:
        end = type(error).__name__
        raise
    finally:
        gc.collect()  # ends the processes of models, whose use is counted once they have ended
        usage = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        seconds = time.monotonic() - start
        cpu = sum(used.ru_utime + used.ru_stime for used in usage)
        memory = max(used.ru_maxrss for used in usage) / 1024
        numbers = (f"{seconds:.1f}", f"{cpu:.1f}", f"{memory:.0f}", threads)
        row = (f"{started:%Y-%m-%d %H:%M:%S}", *numbers, socket.gethostname(), end)
        # A disk too full for this line is told of by the log.
        with contextlib.suppress(OSError):
            _append(_table_of(log), row)


def read_costs(table: Path) -> "pd.DataFrame":
    """Read what `noted_cost` wrote: a row for each try of a job, in the columns COLUMNS.

    Raises:
        ResultFileError: it is damaged, or has other columns.
    """
    import pandas as pd

    try:
        tries = pd.read_csv(table, sep="\t", dtype=dict.fromkeys(COLUMNS[1:4], float))
    except ValueError as error:  # of the parser, of the encoding and of the numbers alike
        fault = " ".join(str(error).split())
    else:
        if tuple(tries.columns) == COLUMNS:
            return tries
        fault = f"it has the columns {', '.join(map(str, tries.columns))}"
    raise ResultFileError(
        f"{table} does not tell what a job cost ({fault}; expected are {', '.join(COLUMNS)}): "
        "delete it, which loses no result, and run the same command again."
    )


@dataclass(frozen=True)
class Costs:
    """What all tries of a job took, s."""

    seconds: float
    cpu_seconds: float


def finished_costs(log: Path) -> Costs | None:
    """Return what a job took that finished here, by its log; None where no whole table tells.

    Without pandas, for dry runs; what is wrong with a damaged table, `read_costs` says.
    """
    try:
        with _table_of(log).open(encoding="utf-8", newline="") as lines:
            tries = list(csv.DictReader(lines, delimiter="\t"))
        seconds, cpu = (sum(float(one[key]) for one in tries) for key in COLUMNS[1:3])
    except (OSError, KeyError, TypeError, ValueError):
        return None
    return Costs(seconds, cpu) if any(one["end"] == FINISHED for one in tries) else None


def _table_of(log: Path) -> Path:
    parts = ["benchmarks" if part == "logs" else part for part in log.parts]
    return Path(*parts).with_suffix(".tsv")


def _append(table: Path, row: tuple[Any, ...]) -> None:
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("a", encoding="utf-8") as stream:
        if stream.tell() == 0:
            stream.write("\t".join(COLUMNS) + "\n")
        stream.write("\t".join(map(str, row)) + "\n")
