"""What each try of a job cost: a line in a table beside its log.

Snakemake's own `benchmark:` keeps the last try only, and refuses rules whose results are cached.
"""

import contextlib
import gc
import resource
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

COLUMNS = ("started", "seconds", "cpu_seconds", "max_memory_MB", "threads", "host", "end")


@contextlib.contextmanager
def noted_cost(log: Path, threads: int) -> Iterator[None]:
    """Append what the body took to `results/benchmarks/…`, the path of `log` in another folder.

    Wall time in s, CPU time in s of this process and its children, their largest memory in MB, and
    how the try ended: `finished`, or the name of what was raised.
    """
    started, start = datetime.now(), time.monotonic()
    end = "finished"
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


def _table_of(log: Path) -> Path:
    parts = ["benchmarks" if part == "logs" else part for part in log.parts]
    return Path(*parts).with_suffix(".tsv")


def _append(table: Path, row: tuple) -> None:
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("a", encoding="utf-8") as stream:
        if stream.tell() == 0:
            stream.write("\t".join(COLUMNS) + "\n")
        stream.write("\t".join(map(str, row)) + "\n")
