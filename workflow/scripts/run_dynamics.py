"""Run molecular dynamics; a run that was killed continues from its checkpoint."""

from pathlib import Path

from anodeflow.process.job import job


def main(inputs, trajectory, *, calculator, method, settings, checkpoint_interval_ps, label):
    from functools import partial

    from anodeflow.evaluation.identity import identity
    from anodeflow.models.loading import load_calculator
    from anodeflow.models.versions import software_of
    from anodeflow.stages.dynamics.run import run_dynamics
    from anodeflow.structures.files import read_structure

    run_dynamics(
        read_structure(inputs.structure),
        partial(load_calculator, Path(inputs.weights), Path(inputs.card), **calculator),
        Path(trajectory),
        settings=settings,
        checkpoint_interval_ps=checkpoint_interval_ps,
        label=label,
        software=partial(software_of, calculator),
        fingerprint_extra=identity(Path(inputs.card), calculator, method),
    )


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            snakemake.output.trajectory,
            calculator=snakemake.params.calculator,
            method=snakemake.params.method,
            settings=snakemake.params.settings,
            checkpoint_interval_ps=float(snakemake.resources.checkpoint_interval_ps),
            label=snakemake.wildcards.model,
        )
