"""Relax the hops of another model's lowest walk to their saddles; finished steps are kept."""

import sys
from pathlib import Path

from anodeflow.process.job import job


def main(inputs, paths, sites, *, calculator, walk_of, search, merge, band, settings, **own):
    from anodeflow.evaluation.identity import identity
    from anodeflow.files.checkpoint_folder import part_folder
    from anodeflow.models.loading import load_calculator
    from anodeflow.process.progress import Progress
    from anodeflow.stages.barriers.band import BandSettings
    from anodeflow.stages.barriers.path_files import path_frames, site_frames
    from anodeflow.stages.barriers.relaxed_walk import lowest_walk, relax_walk
    from anodeflow.stages.barriers.results import NetworkResult
    from anodeflow.stages.barriers.sites import Merge
    from anodeflow.stages.relaxation.kept_minima import KeptMinima
    from anodeflow.structures.files import read_frames, read_structure, write_frames

    calc = load_calculator(Path(inputs.weights), Path(inputs.card), **calculator)
    extra, steps = identity(Path(inputs.card), calculator, own["method"]), own["max_steps"]
    settings |= {"max_steps": steps, "fingerprint_extra": extra, "log": sys.stdout}
    walk = lowest_walk(walk_of, NetworkResult.read(inputs.network), read_frames(inputs.sites))
    with part_folder(paths) as folder, Progress(None, label="paths", unit="paths") as bar:
        how = {"merge": Merge(**merge), "band": BandSettings(**band, max_steps=steps)}
        how |= search | {"kept": KeptMinima(folder, **settings), "on_path": bar.reach}
        found = relax_walk(read_structure(inputs.host), walk, calc, **how)
        write_frames(sites, site_frames(found))
        write_frames(paths, path_frames(found))


if __name__ == "__main__":
    with job(log=snakemake.log[0], threads=snakemake.threads):
        settings = dict(snakemake.params.items()) | {"max_steps": snakemake.resources.max_steps}
        main(snakemake.input, *snakemake.output, **settings)
