"""An ASE calculator in a process of its own: served over a socket, or called as a script would.

The Python of a model's own environment runs this file as it is, so it needs nothing but ASE and
the model's package. Line 1 of its standard input is JSON: {"entry": "module:name", "kwargs": {…}}
and either {"socket": descriptor}, to serve the calculator by the i-PI protocol, or {"structures":
[{numbers, positions (Å), cell (Å), pbc}, …], "answer": path}, to evaluate these and nothing else.
The answer is JSON: energy (eV), forces (eV/Å) and stress (xx, yy, zz, yz, xz, xy; eV/Å³) of each
structure.
"""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.socketio import IPIProtocol, SocketClosed
from ase.stress import voigt_6_to_full_3x3_stress

PROPERTIES = ("energy", "forces", "stress")

HERE = os.path.dirname(os.path.abspath(__file__))


def open_calculator(entry: str, kwargs: Mapping[str, Any]) -> Calculator:
    """Call the class or function `entry` ("module:name") and return the calculator it makes.

    Modules are also looked for in the working directory, and beside this file.

    Raises whatever the import or the call raises; ValueError for a calculator without stress, or
    one that has not the head that was named.
    """
    sys.path += [folder for folder in (os.getcwd(), HERE) if folder not in sys.path]
    calculator: Calculator = pkgutil.resolve_name(entry)(**kwargs)
    heads, head = getattr(calculator, "available_heads", ()), kwargs.get("head")
    if heads and head is not None and head not in heads:  # MACE would take another one
        raise ValueError(f"the model has no head {head!r}, but {', '.join(heads)}")
    missing = [name for name in PROPERTIES if name not in calculator.implemented_properties]
    if missing:
        raise ValueError(f"{entry} gives no {', '.join(missing)}")
    return calculator


def evaluate_once(
    calculator: Calculator, structures: Sequence[Mapping[str, Any]], answer: str
) -> None:
    """Evaluate structures as a user's own script would, and write the answer."""
    results = []
    for structure in structures:
        atoms = Atoms(**structure, calculator=calculator)
        energy, forces = float(atoms.get_potential_energy()), atoms.get_forces().tolist()
        stress = atoms.get_stress().tolist()
        results.append({"energy": energy, "forces": forces, "stress": stress})
    with open(answer, "w", encoding="utf-8") as file:
        json.dump(results, file)


def serve(protocol: IPIProtocol, calculator: Calculator) -> None:
    """Answer until the socket is closed.

    A message INIT, sent again for other atoms, holds their numbers, pbc and info as JSON. Each call
    is made as if it were the first, so that results do not depend on the calls before.
    """
    atoms: Atoms | None = None
    answer: tuple[float, np.ndarray, np.ndarray] | None = None
    while True:
        message = protocol.recvmsg()
        if message == "STATUS":
            state = "NEEDINIT" if atoms is None else "READY"
            protocol.sendmsg("HAVEDATA" if answer else state)
        elif message == "INIT":
            _, text = protocol.recvinit()
            atoms = Atoms(**json.loads(text.tobytes()))
            atoms.calc = calculator
        elif message == "POSDATA" and atoms is not None:
            cell, _, positions = protocol.recvposdata()
            atoms.cell[:], atoms.positions[:] = cell, positions
            answer = evaluate(calculator, atoms)
        elif message == "GETFORCE" and answer is not None:
            protocol.sendforce(*answer)
            answer = None
        else:
            raise ValueError(f"the message {message} is not known, or came too early")


def evaluate(calculator: Calculator, atoms: Atoms) -> tuple[float, np.ndarray, np.ndarray]:
    """Return energy (eV), forces (N, 3) (eV/Å) and virial (3, 3) = -volume × stress (eV)."""
    calculator.calculate(atoms, list(PROPERTIES), all_changes)
    energy, forces, stress = (calculator.results[name] for name in PROPERTIES)
    full = voigt_6_to_full_3x3_stress(stress) if stress.shape == (6,) else stress
    return energy, forces, -atoms.get_volume() * full


def leave_with_parent() -> None:
    """Wait for the end of standard input, which the parent holds open, and end the process."""
    # Past Python's buffer, whose lock would be held against the end of the interpreter.
    os.read(sys.stdin.fileno(), 1)
    os._exit(0)


def serve_parent(descriptor: int, entry: str, kwargs: Mapping[str, Any]) -> None:
    """Serve a calculator over a socket to the process that started this one."""
    # A signal to the whole job asks the parent, which still needs the call at hand.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=leave_with_parent, daemon=True).start()
    with socket.socket(fileno=descriptor) as wire:
        calculator = open_calculator(entry, kwargs)
        try:
            serve(IPIProtocol(wire), calculator)
        except (SocketClosed, ConnectionError):
            sys.exit("the parent closed the socket")


def main() -> None:
    """Do what standard input asks for; an error is the last line of standard error."""
    # Python puts the folder of this file first, where a module of its name would hide another.
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]
    order = json.loads(sys.stdin.buffer.readline())
    entry, kwargs = order["entry"], order["kwargs"]
    try:
        if "socket" in order:
            serve_parent(order["socket"], entry, kwargs)
        else:
            calculator = open_calculator(entry, kwargs)
            evaluate_once(calculator, order["structures"], order["answer"])
    except Exception as error:
        traceback.print_exc()
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
