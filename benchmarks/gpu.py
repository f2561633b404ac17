"""Steps per second on a GPU: one run, 3, 9 and 27 together, and the script that a user would write.

`python benchmarks/gpu.py [model file]`, by default the demo model and two random ones as large as
MACE-MP-0's; not part of `make benchmark`, which needs no GPU.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clones import SHAPES, write_clone
from figures import WEIGHTS, Figure, mace_calculator, median, study_stack
from md_step import SETTINGS
from plain_script import PlainScript

from anodeflow.equivalence.timing import device_name
from anodeflow.process.threads import set_threads

MEMBERS = (1, 3, 9, 27)
STACKS = ("m-g", "m-go", "m-goh")
IONS = (0, 1, 8)
# A model with random weights holds no bond: its runs would stop, and the time of a step seem short.
ENDLESS = {"max_spacing": 1e3, "max_bond_stretch": 1e3, "max_temperature_K": 1e6}
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
                name: SETTINGS | {"production_ps": steps / 1000, "seed": seed, "stability": ENDLESS}
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


def seconds_of_parts(calculator, count: int) -> tuple[float, float]:
    """Return the seconds of a call of the model and of D3, for so many structures in a batch."""
    structures = list(starts(count).values())
    seconds = {"model": [], "dispersion": []}
    for call in range(CALLS):
        for atoms in structures:
            atoms.rattle(0.005, seed=call)
        for part, taken in seconds.items():
            start = time.perf_counter()
            getattr(calculator, part).evaluate(structures)  # ends with a copy from the GPU
            taken.append(time.perf_counter() - start)
    return median(seconds["model"]), median(seconds["dispersion"])


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

    single = step(calculator, 1, steps)
    for count in members:
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        seconds = single if count == 1 else step(calculator, count, steps)
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
