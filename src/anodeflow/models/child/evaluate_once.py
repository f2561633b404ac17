"""Evaluates structures with an ASE calculator as a user's own script would, and nothing else.

The Python of a model's environment runs this file as it is: it needs ASE and the model's package.
Standard input is JSON: {"entry": "module:name", "kwargs": {…}, "structures": [{numbers, positions
(Å), cell (Å), pbc}, …], "answer": path}. The answer is JSON: "versions" of packages, and "results"
with energy (eV), forces (eV/Å) and stress (xx, yy, zz, yz, xz, xy; eV/Å³) of each structure.
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
    packages = ("ase", "numpy", "torch", "e3nn", "chgnet", module.partition(".")[0])
    found = {name: getattr(sys.modules.get(name), "__version__", None) for name in packages}
    versions = {name: str(version) for name, version in found.items() if version}
    with open(order["answer"], "w", encoding="utf-8") as file:
        json.dump({"versions": versions, "results": results}, file)


if __name__ == "__main__":
    main()
