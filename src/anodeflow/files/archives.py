"""Archives of arrays and plain values in one file, written whole, and read whole or refused."""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from anodeflow.files.atomic import whole
from anodeflow.files.kept_notes import note_that_something_is_kept

VALUES = "values"

DIGEST_BYTES = 32


class DamagedArchiveError(Exception):
    """An archive is not what was written; the caller goes back to an earlier one."""


def write_archive(path: Path, arrays: Mapping[str, np.ndarray], values: Mapping[str, Any]) -> None:
    """Write arrays and JSON-able values to `path`, whole or not at all.

    Arrays of any shapes and units. A .npz file and its sha256 after it: zip's own checksums do not
    see a member that is lost. Whatever a job keeps for its next try is written here.
    """
    with whole(path) as part, open(part, "w+b") as stream:
        named: dict[str, Any] = {VALUES: np.array(json.dumps(values)), **arrays}
        np.savez(stream, **named)
        stream.seek(0)
        digest = hashlib.file_digest(stream, "sha256").digest()
        stream.seek(0, io.SEEK_END)
        stream.write(digest)
    note_that_something_is_kept()


def read_archive(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays, in the shapes in which they were written, and the values of an archive.

    Raises DamagedArchiveError when it is missing, cut, or altered.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedArchiveError(f"it cannot be read, {error.strerror}") from error
    if hashlib.sha256(content[:-DIGEST_BYTES]).digest() != content[-DIGEST_BYTES:]:
        raise DamagedArchiveError("it differs from what was written")
    with np.load(io.BytesIO(content[:-DIGEST_BYTES]), allow_pickle=False) as archive:
        arrays = dict(archive)
    return arrays, json.loads(str(arrays.pop(VALUES)))
