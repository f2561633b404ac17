"""Runs of other programs as H5MD files: `python -m anodeflow.import_trajectory`.

`python -m anodeflow.import_trajectory frames.traj results/mine/dynamics/m-go_1na_300K_0.h5
--interval-fs 10 --ion Na` reads what ASE reads.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from anodeflow.errors import AnodeflowError
from anodeflow.stages.dynamics.imported_frames import read_elements, read_frames
from anodeflow.stages.dynamics.importing import take_run, write_run
from anodeflow.study.imported_run import require_named_run
from anodeflow.study.loading import read_config
from anodeflow.study.plan import Plan


def main(arguments: Sequence[str]) -> None:
    """Convert a file of frames; the command line of this module."""
    given = _parser().parse_args(arguments)
    try:
        notes = _convert(given)
    except AnodeflowError as error:
        sys.exit(f"error: {error}")
    for note in notes:
        print(f"{given.output}: {note}.", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m anodeflow.import_trajectory")
    parser.add_argument("frames", type=Path, help="frames in any format that ASE reads")
    parser.add_argument("output", type=Path, help="H5MD file to write, named as the study names it")
    parser.add_argument("--interval-fs", type=float, required=True, help="time between frames")
    parser.add_argument("--equilibration-ps", type=float, default=0.0, help="start of production")
    parser.add_argument("--temperature", type=float, help="at which the run was held, K")
    parser.add_argument(
        "--config",
        type=Path,
        help="what snakemake's --configfile is given: it has the run by the output's name, and "
        "under dynamics.stability the limits of a stable one",
    )
    parser.add_argument(
        "--ion", action="append", default=[], help="the ion's element, to tag frames without tags"
    )
    parser.add_argument(
        "--elements", default="", help="those of LAMMPS's atom types in order, as Ti,C,O,C,Na"
    )
    parser.add_argument("--model", default="imported", help="name of the model in the file")
    return parser


def _convert(given: argparse.Namespace) -> list[str]:
    """Write the file, and return what could not be checked."""
    plan = Plan(read_config(given.config))
    run = take_run(
        read_frames(given.frames, read_elements(given.elements)),
        interval_fs=given.interval_fs,
        equilibration_ps=given.equilibration_ps,
        temperature=given.temperature,
        stability=plan.config.dynamics.stability.model_dump(),
        ions=given.ion,
    )
    note = require_named_run(given.output.stem, run, plan, told=given.temperature)
    write_run(run, given.output, model=given.model)
    return [*run.notes, *([note] if note else [])]


if __name__ == "__main__":
    main(sys.argv[1:])
