"""Relax a structure with a model."""

import sys
from pathlib import Path

from anodeflow.job import job


def main(structure, weights, card, relaxed, *, calculator, settings):
    from anodeflow.calculators import load_calculator
    from anodeflow.relaxation import relax
    from anodeflow.structure_io import read_structure, write_structure

    unfinished = Path(f"{relaxed}.unfinished.extxyz")
    minimum = relax(
        read_structure(structure),
        load_calculator(Path(weights), Path(card), **calculator),
        **settings,
        log=sys.stdout,
        unfinished=unfinished,
    )
    write_structure(relaxed, minimum)
    unfinished.unlink(missing_ok=True)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.structure,
            snakemake.input.weights,
            snakemake.input.card,
            snakemake.output.structure,
            calculator=snakemake.params.calculator,
            settings=snakemake.params.settings | {"max_steps": snakemake.resources.max_steps},
        )
