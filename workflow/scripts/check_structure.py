"""Compare a relaxed structure with the one it started from."""

import json
import sys
from pathlib import Path

from anodeflow.job import job


def main(start, relaxed, check):
    from anodeflow.structure_check import check_structure
    from anodeflow.structure_io import read_structure

    found = check_structure(read_structure(relaxed), read_structure(start))
    for change in found["changes"]:
        print(f"WARNING: {relaxed}: the structure changed: {change}", file=sys.__stderr__)
    Path(check).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input.start, snakemake.input.relaxed, snakemake.output.check)
