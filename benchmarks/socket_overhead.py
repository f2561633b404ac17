"""What a model in another environment pays for a call: a socket and a second process.

The ideal gas, which computes nothing, asked directly and through the socket, in turn.
"""

import sys
import time

from figures import Figure, median, study_stack

CALLS, LIMIT_MS = 200, 5.0
ENTRY = "ase.calculators.idealgas:IdealGas"


def call(calculator, atoms) -> float:
    """Time a force call on atoms that moved, in ms."""
    from ase.calculators.calculator import all_changes

    atoms.positions += 1e-4
    start = time.perf_counter()
    calculator.calculate(atoms, ["energy", "forces", "stress"], all_changes)
    return 1000 * (time.perf_counter() - start)


def measure() -> list[Figure]:
    """Measure both in turn, one thread; the difference is that of the medians."""
    from anodeflow.models.child.calculator_process import open_calculator
    from anodeflow.models.socket_calculator import SocketCalculator
    from anodeflow.process.threads import set_threads

    set_threads(1)
    atoms = study_stack()
    direct = open_calculator(ENTRY, {})
    served = SocketCalculator(sys.executable, ENTRY, {})
    pairs = [(call(direct, atoms), call(served, atoms)) for _ in range(CALLS)]
    own, there = (median(list(column)) for column in zip(*pairs, strict=True))
    return [
        Figure(f"socket: extra time of a call, {len(atoms)} atoms", there - own, "ms", LIMIT_MS),
        Figure("the same call without a socket", own, "ms", None),
    ]
