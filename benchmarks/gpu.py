"""Steps per second on a GPU: one run, 3, 9 and 27 together, and the script that a user would write.

`python benchmarks/gpu.py [model file]`, by default the demo model and two random ones as large as
MACE-MP-0's; not part of `make benchmark`, and longer than `make test-gpu` (`gpu_check`), with which
it shares its parts.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from clones import SHAPES, write_clone
from figures import WEIGHTS, Figure, mace_calculator
from gpu_parts import seconds_of_parts, step
from plain_script import PlainScript

from anodeflow.equivalence.timing import device_name
from anodeflow.process.threads import set_threads

MEMBERS = (1, 3, 9, 27)
WARM_UP, STEPS = 20, 200


def measure_model(
    name: str, weights: Path, folder: Path, device: str, members, steps
) -> Iterator[Figure]:
    """Measure one model in float32 on a device that takes batches, without and with CUDA graphs."""
    with PlainScript(weights, device) as script:
        plain = script.step(max(1, steps // 10))
    yield Figure(f"{name}: plain float64 script, steps per second", 1 / plain, "", None)
    for graphs in (False, True) if device == "cuda" else (False,):
        options = {"source": weights, "device": device, "cuda_graphs": graphs}
        calculator = mace_calculator(folder, dtype="float32", **options)
        calculator.batch_size = max(members)
        known = f"{name}, CUDA graphs" if graphs else name
        yield from measure_members(known, calculator, plain, device, members, steps)


def measure_members(
    name: str, calculator, plain: float, device: str, members, steps
) -> Iterator[Figure]:
    """Measure so many runs together, against one alone and the seconds of a plain step."""
    import torch

    single = step(calculator, 1, steps, warm_up=WARM_UP)
    for count in members:
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        seconds = single if count == 1 else step(calculator, count, steps, warm_up=WARM_UP)
        largest = count == max(members)
        model, dispersion = seconds_of_parts(calculator, count)
        rows = [
            ("steps per second", 1 / seconds, "", None),
            ("time of a step / one run's", seconds / single, "×", 0.2 if largest else None),
            ("time of a step / plain", seconds / plain, "×", 0.1 if largest else None),
            ("D3 / model", dispersion / model, "×", 0.05),
            ("beside model and D3", 1 - (model + dispersion) / count / seconds, "×", None),
        ]
        if device == "cuda":
            rows.append(("GPU memory", torch.cuda.max_memory_allocated() / 2**20, "MB", None))
        for what, value, unit, limit in rows:
            yield Figure(f"{name}: {count} together, {what}", value, unit, limit)


def measure(
    models: list[Path], device: str = "cuda", members=MEMBERS, steps=STEPS
) -> Iterator[Figure]:
    """Measure given models, or the demo model and two random ones; each figure as it is known."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        named = {path.stem: path for path in models}
        if not named:
            named = {"demo model": WEIGHTS} | {shape: folder / f"{shape}.pt" for shape in SHAPES}
            for shape in SHAPES:
                write_clone(named[shape], shape)
        for name, weights in named.items():
            yield from measure_model(name, weights, folder, device, members, steps)


if __name__ == "__main__":
    set_threads(1)
    print(device_name("cuda"))
    for found in measure([Path(name) for name in sys.argv[1:]]):
        row = f"{found.name:<70} {found.value:>9.3g} {found.unit:<3} {found.limit} {found.within}"
        print(row, flush=True)
