"""Archives of arrays and plain values in one file, written whole, and read whole or refused."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from anodeflow.whole_files import whole

VALUES = "values"


class DamagedArchiveError(Exception):
    """An archive cannot be read to its last byte; the caller goes back to an earlier one."""


def write_archive(path: Path, arrays: Mapping[str, np.ndarray], values: Mapping) -> None:
    """Write arrays and JSON-able values to `path` (.npz), whole or not at all."""
    with whole(path) as part, open(part, "wb") as stream:
        np.savez(stream, **{VALUES: np.array(json.dumps(values))}, **arrays)


def read_archive(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """Return the arrays and the values of an archive, each checked against its checksum.

    Raises DamagedArchiveError when it is missing, cut, or altered.
    """
    try:
        # numpy leaves a file open that it cannot read, so it is opened here
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = dict(archive)
        return arrays, json.loads(str(arrays.pop(VALUES)))
    except Exception as error:  # zipfile and numpy raise whatever they happen to raise on bad bytes
        raise DamagedArchiveError(f"{type(error).__name__}: {error}") from error
