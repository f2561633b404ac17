"""The contract of every calculator in a study, for those who write calculators.

`python -m anodeflow.testing module:name '{"keyword": "value"}'` holds a calculator to it on a
distorted layer of Ti2CO2; `broken_promises` does so in a test, on a structure that the calculator
is made for.
"""

import argparse
import json
import sys

from anodeflow.equivalence.contract import NOISE, broken_promises, distorted_layer
from anodeflow.models.child.calculator_process import open_calculator

__all__ = ["NOISE", "broken_promises", "distorted_layer"]


def main(arguments: list[str] | None = None) -> None:
    """Hold a calculator to the contract, by its entry; exit with 1 where it breaks it."""
    parser = argparse.ArgumentParser(prog="python -m anodeflow.testing", description=main.__doc__)
    parser.add_argument("entry", help="class or function that returns it, as module:name")
    parser.add_argument("kwargs", nargs="?", default="{}", help="what it is called with, as JSON")
    parser.add_argument("--noise", type=float, default=NOISE["float64"], help="eV; 1e-3: float32")
    given = parser.parse_args(arguments)
    calc = open_calculator(given.entry, json.loads(given.kwargs))
    found = broken_promises(calc, noise=given.noise)
    for sentence in found:
        print(f"broken: {sentence}")
    print(f"{given.entry}: {f'{len(found)} promises broken' if found else 'keeps the contract'}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
