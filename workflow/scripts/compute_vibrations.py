"""Compute the vibrations at the distinct sites and at the saddles; finished ones are kept."""

import sys
from pathlib import Path

from anodeflow.process.job import job


def main(inputs, output, *, calculator, merge, settings, method):
    from anodeflow.evaluation.identity import identity
    from anodeflow.evaluation.kept_states import KeptStates
    from anodeflow.files.checkpoint_folder import part_folder
    from anodeflow.models.loading import load_calculator
    from anodeflow.process.progress import Progress
    from anodeflow.stages.barriers.path_files import read_paths
    from anodeflow.stages.barriers.sites import Merge
    from anodeflow.stages.barriers.vibrations import compute_vibrations
    from anodeflow.structures.files import read_frames, read_structure

    calc = load_calculator(Path(inputs.weights), Path(inputs.card), **calculator)
    extra = identity(Path(inputs.card), calculator, method)
    with part_folder(output) as folder, Progress(None, label="vibrations", unit="calls") as bar:
        compute_vibrations(
            read_structure(inputs.host),
            read_frames(inputs.sites),
            read_paths(read_frames(inputs.paths)),
            calc,
            merge=Merge(**merge),
            **settings,
            kept=KeptStates(folder, extra, sys.stdout),
            on_call=bar.reach,
        ).write(output)


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        main(snakemake.input, *snakemake.output, **dict(snakemake.params.items()))
