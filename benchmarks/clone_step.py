"""A step of our dynamics in float32 against the plain script, for models as large as MACE-MP-0."""

import tempfile
from pathlib import Path

from clones import SHAPES, write_clone
from figures import Figure, mace_calculator, median
from md_step import our_step
from plain_script import PlainScript

START, STEPS, PLAIN_STEPS, ROUNDS = 1, 4, 2, 3


def measure() -> list[Figure]:
    """Measure both in turn, one thread, medians of three."""
    from anodeflow.threads import set_threads

    set_threads(1)
    figures = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for shape in SHAPES:
            clone = folder / f"{shape}.model"
            write_clone(clone, shape)
            ours = mace_calculator(folder, dtype="float32", source=clone)
            with PlainScript(clone) as plain:
                rounds = [
                    (
                        our_step(ours, folder / f"{shape}-{number}", start=START, steps=STEPS),
                        plain.step(PLAIN_STEPS),
                    )
                    for number in range(ROUNDS)
                ]
            own, script = (median(list(column)) for column in zip(*rounds, strict=True))
            name = f"random MACE {shape}: "
            figures += [
                Figure(f"{name}MD step, float32 / plain float64 script", own / script, "×", 0.4),
                Figure(f"{name}MD step, float32, 131 atoms, one thread", own, "s", None),
            ]
    return figures
