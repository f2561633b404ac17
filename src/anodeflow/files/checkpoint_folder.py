"""The folder beside an output in which unfinished work is kept, for one process at a time."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from anodeflow.errors import OldCheckpointsError
from anodeflow.files.atomic import full_disk_named
from anodeflow.files.kept_notes import take_back_the_note
from anodeflow.files.locks import held

LAYOUT = "layout-2"
"""An empty file that tells what is in the folder; another name for each change of that."""


@contextlib.contextmanager
def part_folder(output: Path) -> Iterator[Path]:
    """Yield `{output}.part`, held by this process alone; it is removed when the body ends well.

    The kernel gives it free when the process dies, however it dies.

    Raises:
        BusyError: another process holds it.
        OldCheckpointsError: it is of a version that kept other files there.
        SystemExit: the job is being put back into its queue; the folder stays.
    """
    output = Path(output)
    # Renamed before it is removed, so that a kill leaves all of it or nothing under its name.
    done = output.with_name(f"{output.name}.done")
    shutil.rmtree(done, ignore_errors=True)
    with kept_part(output) as folder:
        yield folder
        take_back_the_note()
        os.replace(folder, done)
    shutil.rmtree(done, ignore_errors=True)  # what stays is removed by the next


@contextlib.contextmanager
def kept_part(output: Path) -> Iterator[Path]:
    """Yield `{output}.part` likewise, and leave it for the job that makes the output.

    Raises as `part_folder` does.
    """
    with held(output.with_name(f"{output.name}.part")) as folder:
        marker = folder / LAYOUT
        if not marker.exists():
            if len(list(folder.iterdir())) > 1:  # beside the lock's own file
                raise OldCheckpointsError(
                    f"{folder} holds unfinished work of an earlier version of anodeflow, which "
                    "this one cannot continue: delete the folder to begin anew, or finish with "
                    "that version."
                )
            with full_disk_named(marker):
                marker.touch()
        yield folder
