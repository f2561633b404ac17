"""An ASE calculator that another Python, with packages of its own, evaluates in a child process."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from ase import Atoms
from ase.calculators.socketio import IPIProtocol
from ase.stress import full_3x3_to_voigt_6_stress

from anodeflow.errors import CalculatorError
from anodeflow.models.child import calculator_process
from anodeflow.models.interface import Results, StructureCalculator
from anodeflow.process.memory import KEPT_MEMORY
from anodeflow.process.other_python import start_of, to_repair

PROGRAM = Path(calculator_process.__file__)


class SocketCalculator(StructureCalculator):
    """A calculator in another Python's process (child/calculator_process.py), asked by i-PI.

    Parent and child share a pair of sockets without a name, so that those of several jobs never
    meet and none is left behind. The child ends with this object, and with this process, however
    that ends. It has the threads that the environment variables of this process say, and keeps its
    memory (see `process.memory`).
    """

    def __init__(self, python: str, entry: str, kwargs: Mapping[str, Any]):
        """Start the child and wait until it has opened the calculator.

        Args:
            python: a Python that has ASE and the model's package.
            entry: "module:name" of a class or function that returns the calculator.
            kwargs: what it is called with.

        Raises:
            CalculatorError: that fails.
        """
        super().__init__()
        self.python, self.entry = python, entry
        self._served = ""
        with contextlib.ExitStack() as held:
            ours, theirs = (held.enter_context(end) for end in socket.socketpair())
            self._said = held.enter_context(tempfile.TemporaryFile())
            self._child = _start(python, theirs, self._said)
            order = {"socket": theirs.fileno(), "entry": entry, "kwargs": dict(kwargs)}
            theirs.close()
            held.callback(_end, self._child)
            self._end = weakref.finalize(self, held.pop_all().close)
        self._protocol = _Protocol(ours)
        try:
            self._tell(json.dumps(order))
            self._protocol.status()
        except OSError:
            raise self._failure() from None

    def evaluate(self, structures: Sequence[Atoms]) -> list[Results]:
        """Evaluate structures one by one.

        Raises:
            CalculatorError: the child failed.
        """
        return [self._evaluate(atoms) for atoms in structures]

    def _evaluate(self, atoms: Atoms) -> Results:
        try:
            self._tell_species(atoms)
            found = self._protocol.calculate(atoms.positions, atoms.cell.array)
        except OSError:
            raise self._failure() from None
        return {
            "energy": float(found["energy"]),
            "free_energy": float(found["energy"]),
            "forces": found["forces"],
            "stress": -full_3x3_to_voigt_6_stress(found["virial"]) / atoms.get_volume(),
        }

    def _tell(self, order: str) -> None:
        """Write a line to the child's standard input."""
        assert self._child.stdin is not None  # a pipe, as it was started with
        self._child.stdin.write(order.encode() + b"\n")
        self._child.stdin.flush()

    def _tell_species(self, atoms: Atoms) -> None:
        """Send what i-PI's positions and cell leave out, where it differs from the last call's."""
        species = {"numbers": atoms.numbers.tolist(), "pbc": atoms.pbc.tolist()}
        species |= {"info": atoms.info} if atoms.info else {}
        if (text := json.dumps(species)) != self._served:
            self._protocol.send_text(text)
            self._served = text

    def _failure(self) -> CalculatorError:
        """Wait for the child to end, put all it said into the log and return its last line."""
        code = self._child.wait()
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").rstrip()
        self._end()
        print(f"{self.entry} said:\n{said}", file=sys.stderr)
        how = f"with status {code}" if code >= 0 else f"by {signal.Signals(-code).name}"
        last = said.rpartition("\n")[2].rstrip(".") or "nothing"
        return CalculatorError(
            f"The calculator {self.entry} in {self.python} ended {how}, and the last it said was: "
            f"{last}; the log has the rest: {to_repair(self.python, last)}."
        )


class _Protocol(IPIProtocol):
    """ASE's i-PI protocol that passes on forces which are not finite, for the caller to judge."""

    def recv(self, shape: Sequence[int], dtype: "np.typing.DTypeLike") -> np.ndarray:
        """Return an array that the other side sent."""
        kind = np.dtype(dtype)
        data = self._recvall(int(np.prod(shape)) * kind.itemsize)
        return np.frombuffer(data, kind).reshape(shape)

    def send_text(self, text: str) -> None:
        """Send the message INIT with a text."""
        data = np.frombuffer(text.encode(), np.byte)
        self.sendmsg("INIT")
        self.send(0, np.int32)
        self.send(len(data), np.int32)
        self.send(data, np.byte)


def _start(python: str, wire: socket.socket, said: IO[bytes]) -> subprocess.Popen[bytes]:
    with start_of(python, CalculatorError) as program:
        return subprocess.Popen(
            [program, str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            pass_fds=[wire.fileno()],
            env=os.environ | KEPT_MEMORY,
        )


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    if child.stdin is not None:
        child.stdin.close()
