"""Files that appear under their name only when they are whole, and the sentence of a full disk."""

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from anodeflow.errors import DiskFullError

if TYPE_CHECKING:
    import pandas as pd

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside `path` to write to; it becomes `path` when the body ends well.

    What stood at `path` before stays until then, and for good if the body fails. A process that
    dies leaves its temporary file, which the next one overwrites: one job writes an output.

    Raises DiskFullError where there is no room.
    """
    path = Path(path)
    part = path.with_name(f"{path.name}.tmp")
    with full_disk_named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            sync(part)
            os.replace(part, path)
            sync(path.parent)
        finally:
            part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path, content: object) -> None:
    """Write a JSON file, whole or not at all."""
    write_text(path, json.dumps(content, indent=1) + "\n")


def sync(path: Path) -> None:
    """Have the kernel put a file, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def full_disk_named(path: Path) -> Iterator[None]:
    """Turn the error of a full disk into a sentence that names the file that found no room."""
    try:
        yield
    except Exception as error:
        if isinstance(error, DiskFullError) or not is_full_disk(error):
            raise
        raise DiskFullError(
            f"{path} could not be written because the disk is full or its quota is used up: make "
            "room and run the same command again; what was finished before is kept."
        ) from error


def is_full_disk(error: BaseException) -> bool:
    """Say whether an error, or one that it arose from, is that of a full disk or a used quota.

    HDF5 gives the reason in the text of errors of any type.
    """
    chain: BaseException | None = error
    while chain is not None:
        said = str(chain)
        if getattr(chain, "errno", None) in FULL or any(os.strerror(n) in said for n in FULL):
            return True
        chain = chain.__cause__ or chain.__context__
    return False


def write_table(table: "pd.DataFrame", path: Path) -> None:
    """Write a table as CSV in full precision; it appears under its name only when whole."""
    with whole(path) as part:
        table.to_csv(part, index=False)
