"""The state of a computation that goes on: the last two are kept, damaged ones passed by."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anodeflow.errors import TrajectoryError
from anodeflow.files.archives import DamagedArchiveError, read_archive, write_archive


@dataclass(frozen=True)
class KeptState:
    """Where the state of one computation is kept: `path` (.npz), and the one before beside it.

    `mark` is the fingerprint of the computation, `what` its name in sentences, as "a relaxation".
    """

    path: Path
    mark: str
    what: str

    @property
    def before(self) -> Path:
        """Return the path of the state before the last."""
        return self.path.with_name(f"{self.path.stem}-before.npz")

    def write(self, arrays: Mapping[str, np.ndarray], steps: int) -> None:
        """Keep a state: arrays of any shapes and units, after so many steps."""
        if self.path.exists():
            os.replace(self.path, self.before)
        write_archive(self.path, arrays, {"fingerprint": self.mark, "steps": steps})

    def read(self) -> tuple[dict[str, np.ndarray], int] | None:
        """Return arrays, in their shapes, and steps of the last state that can be read, or None.

        Damaged states are named on stderr and deleted.

        Raises:
            TrajectoryError: the state belongs to another computation.
        """
        for path in (self.path, self.before):
            if not path.exists():
                continue
            try:
                arrays, values = read_archive(path)
            except DamagedArchiveError as error:
                path.unlink()
                back = "going back to the one before" if self.before.exists() else "beginning anew"
                print(f"{path} is damaged ({error}); {back}.", file=sys.stderr)
                continue
            self._refuse_others(values["fingerprint"])
            print(f"continuing after step {values['steps']} from {path}", file=sys.stderr)
            return arrays, int(values["steps"])
        return None

    def _refuse_others(self, found: str) -> None:
        if found != self.mark:
            raise TrajectoryError(
                f"{self.path.parent} holds a checkpoint of {self.what} with another start, model "
                "or settings: delete this folder to begin anew, or restore what was changed to "
                "continue it."
            )
