"""The script that a user would write: ASE, MACECalculator in float64, torch-dftd in a sum.

It relaxes stacks with BFGS, scans by relaxing the stack at every spacing, each time from the
relaxed one, and takes phonopy's displacements.
"""

import contextlib
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from figures import study_stack, study_unit

SPACINGS = np.linspace(2.8, 5.5, 20)
FMAX, MAX_STEPS = 0.003, 1000
SUPERCELLS = {"ti2co2": (4, 4, 1), "graphene": (5, 5, 1)}


class PlainScript(contextlib.AbstractContextManager):
    """The script in a process of its own, which has C's memory allocator as any process has it."""

    def __init__(self, weights: Path, device: str = "cpu"):
        """Start the process, with this one's threads, and open a MACE file there."""
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        self._ask(_open, weights, device)

    def step(self, steps: int) -> float:
        """Return the seconds of a step of dynamics."""
        return self._ask(_time_steps, steps)

    def scan(self, stack) -> float:
        """Return the seconds of a scan."""
        return self._ask(_time, scan, stack)

    def phonons(self, layer: str) -> float:
        """Return the seconds of a layer's force constants."""
        return self._ask(_time, phonons, layer)

    def __exit__(self, *_):
        """End the process."""
        self._pool.shutdown()

    def _ask(self, task, *arguments):
        return self._pool.submit(task, *arguments).result()


class FixedSpacing:
    """The mean height of the sheet above that of the facing termination is held, nothing else."""

    def __init__(self, tags):
        """Take the direction, along z, in which the spacing changes."""
        share = np.where(tags == 10, 1 / (tags == 10).sum(), 0.0)
        self.share = share - np.where(tags == 3, 1 / (tags == 3).sum(), 0.0)

    def adjust_positions(self, atoms, new):
        """Take what moves do to the spacing out of them."""
        self._project(change := new - atoms.positions)
        new[:] = atoms.positions + change

    def adjust_forces(self, atoms, forces):
        """Take what acts on the spacing out of the forces."""
        self._project(forces)

    def _project(self, vectors):
        vectors[:, 2] -= vectors[:, 2] @ self.share / (self.share @ self.share) * self.share


def scan(stack, calculator) -> list[float]:
    """Scan a stack; return the energies (eV)."""
    from ase.optimize import BFGS

    tags, energies = stack.get_tags(), []
    for spacing in SPACINGS:
        atoms = stack.copy()
        z = atoms.positions[:, 2]
        z[tags >= 10] += spacing - (z[tags == 10].mean() - z[tags == 3].mean())
        atoms.set_constraint(FixedSpacing(tags))
        atoms.calc = calculator
        BFGS(atoms, logfile=None).run(fmax=FMAX, steps=MAX_STEPS)
        energies.append(atoms.get_potential_energy())
    return energies


def phonons(layer: str, calculator) -> int:
    """Compute a layer's force constants as phonopy's documentation does; return the force calls."""
    from ase import Atoms
    from phonopy import Phonopy
    from phonopy.structure.atoms import PhonopyAtoms

    unit = study_unit(layer)
    cell = PhonopyAtoms(
        symbols=unit.get_chemical_symbols(),
        cell=unit.cell[:],
        scaled_positions=unit.get_scaled_positions(),
    )
    phonon = Phonopy(cell, list(SUPERCELLS[layer]))
    phonon.generate_displacements(distance=0.01)
    forces = []
    for displaced in phonon.supercells_with_displacements:
        atoms = Atoms(displaced.symbols, displaced.positions, cell=displaced.cell, pbc=True)
        atoms.calc = calculator
        forces.append(atoms.get_forces())
    phonon.forces = np.array(forces)
    phonon.produce_force_constants()
    phonon.symmetrize_force_constants()
    return len(forces)


def _open(weights: Path, device: str) -> None:
    """Open the calculator of this process, and close its mouth."""
    global _calculator
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    import torch
    from ase.calculators.mixing import SumCalculator
    from ase.units import Bohr
    from mace.calculators import MACECalculator
    from torch_dftd.torch_dftd3_calculator import TorchDFTD3Calculator

    from anodeflow.process.threads import limit_torch

    limit_torch()
    cutoff = {"cutoff": 40 * Bohr, "cnthr": 40 * Bohr}
    torch_d3 = TorchDFTD3Calculator(
        xc="pbe", damping="bj", dtype=torch.float64, device=device, **cutoff
    )
    mace = MACECalculator(model_paths=str(weights), device=device, default_dtype="float64")
    _calculator = SumCalculator([mace, torch_d3])


def _time(task, argument) -> float:
    start = time.perf_counter()
    task(argument, _calculator)
    return time.perf_counter() - start


def _time_steps(steps: int) -> float:
    from ase import units
    from ase.md.bussi import Bussi
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution

    atoms = study_stack(ions=1)
    atoms.calc = _calculator
    rng = np.random.default_rng(1)
    MaxwellBoltzmannDistribution(atoms, temperature_K=300, rng=rng)
    dynamics = Bussi(atoms, units.fs, temperature_K=300, taut=100 * units.fs, rng=rng)
    dynamics.run(3)  # a model's first calls are slow
    start = time.perf_counter()
    dynamics.run(steps)
    return (time.perf_counter() - start) / steps
