"""Run molecular dynamics; a run that was killed continues from its checkpoint."""

from pathlib import Path

from anodeflow.job import job


def main(structure, weights, card, trajectory, *, calculator, settings, label):
    from anodeflow.calculators import load_calculator
    from anodeflow.dynamics import run_dynamics
    from anodeflow.structure_io import read_structure

    run_dynamics(
        read_structure(structure),
        load_calculator(Path(weights), Path(card), **calculator),
        Path(trajectory),
        settings=settings,
        fingerprint_extra=Path(card).read_text() + str(calculator),
        label=label,
    )


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input.structure,
            snakemake.input.weights,
            snakemake.input.card,
            snakemake.output.trajectory,
            calculator=snakemake.params.calculator,
            settings=snakemake.params.settings,
            label=snakemake.wildcards.model,
        )
