"""Steps per second on a GPU: one run, 3, 9 and 27 together, and the script that a user would write.

`python benchmarks/gpu.py [model file]`, by default the demo model and two random ones as large as
MACE-MP-0's; not part of `make benchmark`, which needs no GPU.
"""

import sys
import tempfile
import time
from pathlib import Path

from clones import SHAPES, write_clone
from figures import WEIGHTS, Figure, mace_calculator, median, study_stack
from md_step import SETTINGS
from plain_script import PlainScript

MEMBERS = (1, 3, 9, 27)
STACKS = ("m-g", "m-go", "m-goh")
IONS = (0, 1, 8)
WARM_UP, STEPS, CALLS = 20, 200, 10


def starts(count: int) -> dict:
    """Return so many of the study's runs: its stacks with 0, 1 and 8 sodium, again and again."""
    kinds = [(stack, ions) for ions in IONS for stack in STACKS]
    chosen = [kinds[number % len(kinds)] for number in range(count)]
    return {
        f"{stack}-{ions}-{number}": study_stack(ions=ions, name=stack)
        for number, (stack, ions) in enumerate(chosen)
    }


def advance(calculator, runs: dict, steps: int) -> float:
    """Advance runs by so many steps and return the seconds, all included."""
    from anodeflow.stages.dynamics.run import advance_all

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        advance_all(
            runs,
            calculator,
            {name: Path(folder) / f"{name}.h5" for name in runs},
            settings={
                name: SETTINGS | {"production_ps": steps / 1000, "seed": seed}
                for seed, name in enumerate(runs)
            },
            at_once=len(runs),
            checkpoint_interval_ps=1.0,
            software={},
            fingerprint_extra="",
        )
        return time.perf_counter() - start


def step(calculator, count: int, steps: int = STEPS) -> float:
    """Return the seconds of a step of so many runs together, for each run."""
    runs = starts(count)
    advance(calculator, runs, WARM_UP)
    start_up = advance(calculator, runs, WARM_UP)
    return (advance(calculator, runs, WARM_UP + steps) - start_up) / steps / count


def dispersion_share(calculator, count: int) -> float:
    """Return the time of D3 over that of the model, for so many structures in a batch."""
    structures = list(starts(count).values())
    seconds = {"model": [], "dispersion": []}
    for call in range(CALLS):
        for atoms in structures:
            atoms.rattle(0.005, seed=call)
        for part, taken in seconds.items():
            start = time.perf_counter()
            getattr(calculator, part).evaluate(structures)  # ends with a copy from the GPU
            taken.append(time.perf_counter() - start)
    return median(seconds["dispersion"]) / median(seconds["model"])


def measure_model(name: str, weights: Path, folder: Path, device: str, members, steps) -> list:
    """Measure one model in float32 on a device that takes batches."""
    import torch

    calculator = mace_calculator(folder, dtype="float32", source=weights, device=device)
    calculator.batch_size = max(members)
    single = step(calculator, 1, steps)
    with PlainScript(weights, device) as script:
        plain = script.step(max(1, steps // 10))
    figures = [
        Figure(f"{name}: plain float64 script, steps per second", 1 / plain, "", None),
        Figure(
            f"{name}: one run / plain float64 script, time of a step", single / plain, "×", None
        ),
    ]
    for count in members:
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        seconds = single if count == 1 else step(calculator, count, steps)
        largest = count == max(members)
        rows = [
            ("steps per second", 1 / seconds, "", None),
            ("time of a step / one run's", seconds / single, "×", 0.2 if largest else None),
            ("time of a step / plain", seconds / plain, "×", 0.1 if largest else None),
            ("D3 / model", dispersion_share(calculator, count), "×", 0.05),
        ]
        if device == "cuda":
            rows.append(("GPU memory", torch.cuda.max_memory_allocated() / 2**20, "MB", None))
        figures += [
            Figure(f"{name}: {count} together, {what}", value, unit, limit)
            for what, value, unit, limit in rows
        ]
    return figures


def measure(models: list[Path], device: str = "cuda", members=MEMBERS, steps=STEPS) -> list[Figure]:
    """Measure given models, or the demo model and two random ones."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        named = {path.stem: path for path in models}
        if not named:
            named = {"demo model": WEIGHTS} | {shape: folder / f"{shape}.pt" for shape in SHAPES}
            for shape in SHAPES:
                write_clone(named[shape], shape)
        return [
            figure
            for name, weights in named.items()
            for figure in measure_model(name, weights, folder, device, members, steps)
        ]


if __name__ == "__main__":
    for found in measure([Path(name) for name in sys.argv[1:]]):
        print(f"{found.name:<70} {found.value:>9.3g} {found.unit:<3} {found.limit} {found.within}")
