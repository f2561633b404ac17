"""Where a job keeps the states of its computations, under the fingerprint of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ase import Atoms

from anodeflow.evaluation.identity import fingerprint
from anodeflow.files.kept_state import KeptState


@dataclass(frozen=True)
class KeptStates:
    """The folder of a job's unfinished work.

    fingerprint_extra: identity of the calculator (hash of its weights, dispersion), so that states
    of another model are not taken; log: receives a line for each step.
    """

    folder: Path
    fingerprint_extra: str
    log: TextIO

    def state(self, label: str, start: Atoms, settings: Mapping[str, Any], what: str) -> KeptState:
        """Return where one computation is kept, by its label; `what` is its name in sentences."""
        mark = fingerprint(start, dict(settings), self.fingerprint_extra)
        return KeptState(self.folder / f"{label}.npz", mark, what)
