"""Evaluates structures with an ASE calculator as a user's own script would, and nothing else.

The Python of a model's environment runs this file as it is: it needs ASE and the model's package.
Standard input is JSON: {"entry": "module:name", "kwargs": {…}, "structures": [{numbers, positions
(Å), cell (Å), pbc}, …], "answer": path}. The answer is JSON: of each structure energy (eV), forces
(eV/Å) and stress (xx, yy, zz, yz, xz, xy; eV/Å³).
"""

import importlib
import json
import operator
import os
import sys

from ase import Atoms


def main():
    """Answer the order on standard input."""
    order = json.load(sys.stdin)
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here] + [os.getcwd()]
    module, _, name = order["entry"].partition(":")
    calculator = operator.attrgetter(name)(importlib.import_module(module))(**order["kwargs"])
    results = []
    for structure in order["structures"]:
        atoms = Atoms(**structure, calculator=calculator)
        energy, forces = float(atoms.get_potential_energy()), atoms.get_forces().tolist()
        stress = atoms.get_stress().tolist()
        results.append({"energy": energy, "forces": forces, "stress": stress})
    with open(order["answer"], "w", encoding="utf-8") as file:
        json.dump(results, file)


if __name__ == "__main__":
    main()
