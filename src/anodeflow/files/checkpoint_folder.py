"""The folder beside an output in which unfinished work is kept, for one process at a time."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from anodeflow.files.locks import held


@contextlib.contextmanager
def part_folder(output: Path) -> Iterator[Path]:
    """Yield `{output}.part`, held by this process alone; it is removed when the body ends well.

    The kernel gives it free when the process dies, however it dies.

    Raises BusyError while another process holds it.
    """
    output = Path(output)
    folder = part_of(output)
    # Renamed before it is removed, so that a kill leaves all of it or nothing under its name.
    done = output.with_name(f"{output.name}.done")
    shutil.rmtree(done, ignore_errors=True)
    with held(folder):
        yield folder
        os.replace(folder, done)
    shutil.rmtree(done, ignore_errors=True)  # what stays is removed by the next


def part_of(output: Path) -> Path:
    """Return the folder of the unfinished work on an output."""
    return output.with_name(f"{output.name}.part")
