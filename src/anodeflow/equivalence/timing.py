"""How long a force call takes, and on what device."""

import contextlib
import platform
import statistics
import time
from pathlib import Path

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from anodeflow.evaluation.first_calls import warm_up
from anodeflow.models.interface import DispersionCorrected
from anodeflow.process.waits import lost_seconds, waits

TIMED_CALLS = 5


def device_name(device: str) -> str:
    """Return the name of the GPU or the processor that a calculator runs on."""
    if device == "cuda":
        import torch

        return torch.cuda.get_device_name()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def seconds_per_call(calculator: Calculator, atoms: Atoms) -> dict[str, float]:
    """Return the median seconds of a force call: model, dispersion (0.0 without) and total.

    Without the time for which it waited for a processor that other work had, as far as the system
    tells it (`process.waits`).
    """
    moving = atoms.copy()
    moving.calc = calculator
    warm_up(moving)
    parts = [calculator]
    if isinstance(calculator, DispersionCorrected):
        parts = [calculator.model, calculator.dispersion]
    rounds = []
    for call in range(TIMED_CALLS):
        moving.rattle(1e-3, seed=call)
        seconds = [_timed(part, moving) for part in parts]
        rounds.append([seconds[0], sum(seconds[1:]), sum(seconds)])
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    return dict(zip(("model", "dispersion", "total"), medians, strict=True))


def _timed(calculator: Calculator, atoms: Atoms) -> float:
    before, start = waits(), time.perf_counter()
    calculator.calculate(atoms, ["energy", "forces", "stress"], all_changes)
    seconds = time.perf_counter() - start
    return seconds - lost_seconds(before, waits())
