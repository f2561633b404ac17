"""A step of our dynamics against the plain script, for models as large as MACE-MP-0."""

import tempfile
from pathlib import Path

from clones import SHAPES, write_clone
from figures import Figure, mace_calculator, median
from md_step import our_step
from plain_script import PlainScript

START, STEPS, PLAIN_STEPS, ROUNDS = 1, 4, 2, 3
DTYPES, LIMIT = ("float32", "float64"), 0.4


def measure_shape(shape: str, folder: Path) -> list[Figure]:
    """Measure a model in both precisions and the script in turn, medians of three."""
    folder.mkdir()
    clone = folder / "clone.model"
    write_clone(clone, shape)
    ours = {dtype: mace_calculator(folder, dtype=dtype, source=clone) for dtype in DTYPES}
    seconds = {dtype: [] for dtype in DTYPES} | {"plain": []}
    with PlainScript(clone) as plain:
        for number in range(ROUNDS):
            for dtype in DTYPES:
                place = folder / f"{dtype}-{number}"
                seconds[dtype].append(our_step(ours[dtype], place, start=START, steps=STEPS))
            seconds["plain"].append(plain.step(PLAIN_STEPS))
    took = {name: median(values) for name, values in seconds.items()}
    name = f"random MACE {shape}: "
    ratios = [
        Figure(f"{name}MD step, {dtype} / plain script", took[dtype] / took["plain"], "×", LIMIT)
        for dtype in DTYPES
    ]
    return [*ratios, Figure(f"{name}plain script, 131 atoms, one thread", took["plain"], "s", None)]


def measure() -> list[Figure]:
    """Measure models of both shapes, one thread."""
    from anodeflow.process.threads import set_threads

    set_threads(1)
    with tempfile.TemporaryDirectory() as place:
        return [figure for shape in SHAPES for figure in measure_shape(shape, Path(place) / shape)]
