"""First calls of a calculator, made where their numbers are thrown away."""

import weakref

from ase import Atoms
from ase.calculators.calculator import Calculator

# A TorchScript model runs its first calls through another graph than the later ones, with other
# rounding: a resumed run that began with them would not repeat the unbroken one.
WARM_UP_CALLS = 3

WARM_UP_DISPLACEMENT = 1e-3

_warm: "weakref.WeakSet[Calculator]" = weakref.WeakSet()


def warm_up(atoms: Atoms) -> None:
    """Call the calculator on slightly displaced copies, until its graph is that of later calls.

    Once for each calculator: which atoms made it warm does not matter.
    """
    if atoms.calc in _warm:
        return
    for call in range(1, WARM_UP_CALLS + 1):
        probe = atoms.copy()
        probe.positions[0, 2] += call * WARM_UP_DISPLACEMENT
        probe.calc = atoms.calc
        probe.get_forces()
    _warm.add(atoms.calc)


def mark_warm(calc: Calculator) -> None:
    """Say that a calculator needs no warm-up, since another one answers for it."""
    _warm.add(calc)
