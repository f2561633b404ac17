"""Bring a model's runs to their ends together; what they have is kept for run_dynamics to write."""

from pathlib import Path

from anodeflow.process.job import job


def main(
    inputs, record, *, calculator, runs, trajectories, together, method, checkpoint_interval_ps
):
    from anodeflow.evaluation.identity import identity
    from anodeflow.files.atomic import write_json
    from anodeflow.models.loading import load_calculator
    from anodeflow.models.versions import software_of
    from anodeflow.stages.dynamics.run import advance_all
    from anodeflow.structures.files import read_structure

    advance_all(
        {run: read_structure(path) for run, path in zip(runs, inputs.structures, strict=True)},
        load_calculator(Path(inputs.weights), Path(inputs.card), **calculator),
        {run: Path(path) for run, path in trajectories.items()},
        settings=runs,
        at_once=together,
        checkpoint_interval_ps=checkpoint_interval_ps,
        software=software_of(calculator),
        fingerprint_extra=identity(Path(inputs.card), calculator, method),
    )
    write_json(Path(record), list(runs))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(
            snakemake.input,
            snakemake.output.advanced,
            **dict(snakemake.params.items()),
            together=snakemake.resources.together,
            checkpoint_interval_ps=float(snakemake.resources.checkpoint_interval_ps),
        )
