"""What decides the numbers of force calls, as text that partial results carry."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io.jsonio import encode

from anodeflow.models.weights.card import WeightsCard


def identity(card: Path, settings: Mapping[str, Any], method: int) -> str:
    """Return what decides a stage's numbers beside its settings: weights, calculator, method.

    Partial results carry it, so that those of another model or setting are never continued.
    """
    weights = WeightsCard.read(card).sha256
    return json.dumps({"weights": weights, "method": method, **settings}, sort_keys=True)


def fingerprint(atoms: Atoms, settings: Mapping[str, Any], extra: str) -> str:
    """Return the sha256 of everything that decides a run: start, settings, and `extra`.

    The start is its elements, positions, cell, tags, masses and constraints; `settings` are plain
    values, JSON-able.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    digest.update(extra.encode())
    digest.update(encode([constraint.todict() for constraint in atoms.constraints]).encode())
    start = (atoms.numbers, atoms.positions, atoms.cell.array, atoms.pbc, atoms.get_tags())
    for array in (*start, atoms.get_masses()):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
