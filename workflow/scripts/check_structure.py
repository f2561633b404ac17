"""Compare a relaxed structure with the one it started from."""

import sys

from anodeflow.process.job import job


def main(start, relaxed, check):
    from anodeflow.structures.files import read_structure
    from anodeflow.structures.inspection import check_structure

    found = check_structure(read_structure(relaxed), read_structure(start))
    for change in found.changes:
        print(f"WARNING: {relaxed}: the structure changed: {change}", file=sys.__stderr__)
    found.write(check)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input.start, snakemake.input.relaxed, snakemake.output.check)
