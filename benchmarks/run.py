"""Run every benchmark on an otherwise idle machine: `make benchmark`."""

import contextlib
import csv
import importlib
import io
import os
import platform
from pathlib import Path

BENCHMARKS = (
    "planning",
    "large_study",
    "md_step",
    "clone_step",
    "fewer_calls",
    "paths",
    "saddles",
    "peers",
    "path_peers",
    "scaling",
    "socket_overhead",
    "parallel_jobs",
)
OUTPUT = Path(__file__).parent / "results" / "benchmarks.csv"


def main() -> None:
    """Print one table, each part as soon as it is measured, and write it as CSV."""
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    rows = [["figure", "value", "unit", "limit", "within"]]
    show(rows[0])
    for name in BENCHMARKS:
        with contextlib.redirect_stdout(None), contextlib.redirect_stderr(io.StringIO()):
            figures = importlib.import_module(name).measure()
        for figure in figures:
            value, limit = f"{figure.value:.3g}", figure.limit or ""
            rows.append([figure.name, value, figure.unit, limit, figure.within])
            show(rows[-1])
    OUTPUT.parent.mkdir(exist_ok=True)
    with OUTPUT.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)


def show(row: list) -> None:
    """Print a row of the table at once."""
    print("{:<72} {:>9} {:<5} {!s:>6} {}".format(*row), flush=True)


if __name__ == "__main__":
    main()
