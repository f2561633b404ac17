"""The plain path: a model as its own manual opens it, on the CPU, in the highest precision."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from anodeflow.errors import CalculatorError
from anodeflow.families import FAMILIES
from anodeflow.models.child import calculator_process
from anodeflow.models.dispersion import load_plain_dispersion
from anodeflow.models.loading import plain_call
from anodeflow.process.other_python import start_of, to_repair


@dataclass(frozen=True)
class Evaluation:
    """Energy (eV), forces (N, 3) (eV/Å) and stress (6,) (eV/Å³) of a structure."""

    energy: float
    forces: np.ndarray
    stress: np.ndarray

    def __add__(self, other: "Evaluation") -> "Evaluation":
        """Return the sum of two contributions."""
        return Evaluation(
            self.energy + other.energy, self.forces + other.forces, self.stress + other.stress
        )


def plain_dtype(family: str) -> str:
    """Return the highest precision of a family."""
    return FAMILIES[family].dtypes[0]


def evaluate_model(
    weights: Path, structures: Sequence[Atoms], calculator: Mapping[str, Any]
) -> list[Evaluation]:
    """Evaluate structures in a fresh process of the model's Python.

    calculator: the settings of `load_calculator`, of which device, dtype and all that is for speed
    count for nothing. Neither this library nor a socket stands between ASE and the model.

    Raises CalculatorError where that process fails.
    """
    family = calculator["family"]
    dtype = plain_dtype(family)
    entry, kwargs = plain_call(family, weights, device="cpu", dtype=dtype, chosen=calculator)
    python = calculator.get("python", sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        told = {name: calculator[name] for name in ("charge", "spin") if name in calculator}
        inputs = [_as_json(atoms) | ({"info": told} if told else {}) for atoms in structures]
        order = {"entry": entry, "kwargs": kwargs, "answer": str(answer), "structures": inputs}
        elements = sorted({symbol for atoms in structures for symbol in atoms.symbols})
        _run(python, entry, json.dumps(order), elements)
        found = json.loads(answer.read_text())
    return [
        Evaluation(result["energy"], np.array(result["forces"]), np.array(result["stress"]))
        for result in found
    ]


def evaluate_dispersion(
    structures: Sequence[Atoms], dispersion: Mapping[str, Any]
) -> list[Evaluation]:
    """Evaluate D3 by torch-dftd in float64 on the CPU, with the settings of `load_dispersion`."""
    calculator = load_plain_dispersion(dispersion)
    evaluations = []
    for atoms in structures:
        probe = atoms.copy()
        probe.calc = calculator
        forces, stress = probe.get_forces(), probe.get_stress()
        evaluations.append(Evaluation(probe.get_potential_energy(), forces, stress))
    return evaluations


def _as_json(atoms: Atoms) -> dict[str, Any]:
    return {
        "numbers": atoms.numbers.tolist(),
        "positions": atoms.positions.tolist(),
        "cell": atoms.cell.array.tolist(),
        "pbc": atoms.pbc.tolist(),
    }


def _run(python: str, entry: str, order: str, elements: Sequence[str]) -> None:
    with start_of(python, CalculatorError) as program:
        command = [program, calculator_process.__file__]
        done = subprocess.run(command, input=order, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{entry} said:\n{done.stdout}{done.stderr}", file=sys.stderr)
        last = done.stderr.rstrip().rpartition("\n")[2].rstrip(".") or "nothing"
        raise CalculatorError(
            f"The calculator {entry} could not be evaluated plainly on the CPU in {python}, and "
            f"the last it said was: {last}; the log has the rest: choose another model if it does "
            f"not know one of {', '.join(elements)}, else {to_repair(python, last)}."
        )
