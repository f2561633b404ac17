"""Cost of a force call against the number of atoms, memory of dynamics against their length."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import ROOT, Figure, mace_calculator, median, study_stack

REPEATS = ((1, 1), (2, 1), (2, 2), (4, 2), (4, 4))
CALLS = 3
SHORT, LONG = 200, 1000
MEMORY = """
import sys, tempfile
from pathlib import Path
sys.path.insert(0, "benchmarks")
from anodeflow.process.threads import set_threads
set_threads(1)
from figures import mace_calculator
from md_step import run
with tempfile.TemporaryDirectory() as place:
    folder = Path(place)
    calculator = mace_calculator(folder, dtype="float32")
    for steps in map(int, sys.argv[1:]):
        run(calculator, folder / f"{steps}.h5", steps, seed=0)
        print(Path("/proc/self/statm").read_text().split()[1])
"""


def call(calculator, atoms) -> float:
    """Time a force call on atoms that moved, median of some."""
    from ase.calculators.calculator import all_changes

    seconds = []
    for _ in range(1 + CALLS):
        atoms.positions += 1e-4
        start = time.perf_counter()
        calculator.calculate(atoms, ["energy", "forces"], all_changes)
        seconds.append(time.perf_counter() - start)
    return median(seconds[1:])


def memory_growth() -> float:
    """Return by how much (MB) the memory of a process is larger after a long run than a short."""
    command = [sys.executable, "-W", "ignore", "-c", MEMORY, str(SHORT), str(LONG)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    short, long = map(int, done.stdout.split()[-2:])
    return (long - short) * resource.getpagesize() / 2**20


def measure() -> list[Figure]:
    """Measure with the demo model in float32, one thread: 130 to 2080 atoms, 200 and 1000 steps."""
    from anodeflow.process.threads import set_threads

    set_threads(1)
    import numpy as np
    import yaml

    from anodeflow.models.dispersion import load_dispersion

    with tempfile.TemporaryDirectory() as folder:
        calculator = mace_calculator(Path(folder), dtype="float32")
        config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
        settings = {"functional": "pbe"} | config["dispersion"]
        package = load_dispersion(settings | {"library": "dftd3"}, device="cpu")
        parts = {"model": calculator.model, "D3": calculator.dispersion, "dftd3": package}
        stacks = [study_stack().repeat((*repeat, 1)) for repeat in REPEATS]
        seconds = {name: [call(part, atoms) for atoms in stacks] for name, part in parts.items()}
    seconds["model + D3"] = np.add(seconds["model"], seconds["D3"])
    sizes = np.log([len(atoms) for atoms in stacks])
    span = f"{len(stacks[0])} to {len(stacks[-1])} atoms"
    figures = [
        Figure(f"D3 / dftd3, {len(stacks[place])} atoms", ours / theirs, "×", 1.0)
        for place in (0, -1)
        for ours, theirs in [(seconds["D3"][place], seconds["dftd3"][place])]
    ]
    figures += [
        Figure(
            f"cost ~ atoms^x, {span}, {name}",
            np.polyfit(sizes, np.log(column), 1)[0],
            "",
            1.1 if name == "model + D3" else None,
        )
        for name, column in seconds.items()
    ]
    name = f"memory after {LONG} MD steps - after {SHORT}, one process"
    return [*figures, Figure(name, memory_growth(), "MB", 20.0)]
