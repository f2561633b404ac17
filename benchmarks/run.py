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
    "peers",
    "scaling",
    "socket_overhead",
    "parallel_jobs",
)
OUTPUT = Path(__file__).parent / "results" / "benchmarks.csv"


def main() -> None:
    """Print one table and write it as CSV."""
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    rows = []
    for name in BENCHMARKS:
        with contextlib.redirect_stdout(None), contextlib.redirect_stderr(io.StringIO()):
            figures = importlib.import_module(name).measure()
        rows += [
            [figure.name, f"{figure.value:.3g}", figure.unit, figure.limit or "", figure.within]
            for figure in figures
        ]
    header = ["figure", "value", "unit", "limit", "within"]
    for row in [header, *rows]:
        print("{:<52} {:>9} {:<5} {!s:>6} {}".format(*row))
    OUTPUT.parent.mkdir(exist_ok=True)
    with OUTPUT.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


if __name__ == "__main__":
    main()
