"""Force calls and time of a scan and of phonons, against the script that a user would write.

The script relaxes the stack at every spacing with BFGS, each time from the relaxed stack, and takes
phonopy's displacements, with MACECalculator in float64 and torch-dftd in a sum.
"""

import io
import tempfile
import time
from pathlib import Path

import numpy as np
from figures import WEIGHTS, Figure, mace_calculator, study_stack, study_unit
from md_step import plain_calculator

SPACINGS = np.linspace(2.8, 5.5, 20)
FMAX, MAX_STEPS = 0.01, 1000
STACKS = ("m-g", "m-go", "m-goh")
TIMED_STACK = "m-g"
SUPERCELLS = {"ti2co2": (4, 4, 1), "graphene": (5, 5, 1)}


class Counted:
    """Counts the calls of the model in a sum with D3, and takes the time, until asked for both."""

    def __init__(self, calculator):
        """Put the count between the model and the sum, which asks for energy and forces apart."""
        self.calls = 0
        model = calculator.mixer.calcs[0]
        calculate = model.calculate

        def counted(*args, **kwargs):
            self.calls += 1
            calculate(*args, **kwargs)

        model.calculate = counted
        self.start = time.perf_counter()

    def taken(self) -> tuple[float, int]:
        """Return the seconds and calls since the last time."""
        now, calls = time.perf_counter(), self.calls
        seconds, self.start, self.calls = now - self.start, now, 0
        return seconds, calls


def relaxed_stack(name: str, calculator):
    """Relax a stack as the study does before it scans."""
    from anodeflow.relaxation import relax

    nowhere = {"fingerprint_extra": "", "checkpoint": None, "unfinished": None}
    limits = {"optimiser": "BFGS", "fmax": 1e-3, "max_steps": MAX_STEPS, "cell": "fixed"}
    return relax(study_stack(name=name), calculator, **limits, **nowhere, log=io.StringIO())


def our_scan(stack, calculator, folder: Path) -> list[float]:
    """Scan a stack; return the energies (eV)."""
    from anodeflow.adhesion_scan import scan_spacings

    points = scan_spacings(
        stack,
        calculator,
        spacings=SPACINGS,
        optimiser="BFGS",
        fmax=FMAX,
        max_steps=MAX_STEPS,
        points_dir=folder,
        fingerprint_extra="",
        log=io.StringIO(),
        on_point=lambda point: None,
    )
    return [point.info["energy_model"] + point.info["energy_dispersion"] for point in points]


def plain_scan(stack, calculator) -> list[float]:
    """Scan a stack as a script would; return the energies (eV)."""
    from ase.constraints import FixedPlane
    from ase.optimize import BFGS

    tags, energies = stack.get_tags(), []
    for spacing in SPACINGS:
        atoms = stack.copy()
        z = atoms.positions[:, 2]
        z[tags >= 10] += spacing - (z[tags == 10].mean() - z[tags == 3].mean())
        held = np.flatnonzero((tags == 3) | (tags >= 10))
        atoms.set_constraint(FixedPlane(held, (0, 0, 1)))
        atoms.calc = calculator
        BFGS(atoms, logfile=None).run(fmax=FMAX, steps=MAX_STEPS)
        energies.append(atoms.get_potential_energy())
    return energies


def our_phonons(layer: str, calculator) -> None:
    """Compute a layer's force constants."""
    from anodeflow.phonons import compute_force_constants

    compute_force_constants(
        study_unit(layer),
        calculator,
        supercell=SUPERCELLS[layer],
        displacement=0.01,
        on_step=lambda done, total: None,
    )


def plain_phonons(layer: str, calculator) -> None:
    """Compute a layer's force constants as phonopy's documentation does."""
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


def count_and_time(folder: Path) -> tuple[dict[str, int], dict[str, float], list[float]]:
    """Return calls and seconds of ours and of the script, and how the scans' energies differ."""
    ours, plain = mace_calculator(folder, dtype="float64"), plain_calculator(WEIGHTS)
    stacks = {name: relaxed_stack(name, ours) for name in STACKS}
    own, script = Counted(ours), Counted(plain)
    calls, times, differences = {"ours": 0, "plain": 0}, {"ours": 0.0, "plain": 0.0}, []
    for name, stack in stacks.items():
        own.taken()
        energies = np.array(our_scan(stack, ours, folder / name))
        seconds, count = own.taken()
        # How many calls the script makes does not depend on how fast the calculator is.
        differences += list(energies - plain_scan(stack, ours))
        calls["ours"], calls["plain"] = calls["ours"] + count, calls["plain"] + own.taken()[1]
        if name == TIMED_STACK:
            script.taken()
            plain_scan(stack, plain)
            times = {"ours": seconds, "plain": script.taken()[0]}
    for layer in SUPERCELLS:
        tasks = (("ours", our_phonons, ours, own), ("plain", plain_phonons, plain, script))
        for whose, compute, calculator, counted in tasks:
            counted.taken()
            compute(layer, calculator)
            seconds, count = counted.taken()
            times[whose], calls[whose] = times[whose] + seconds, calls[whose] + count
    return calls, times, differences


def measure() -> list[Figure]:
    """Count the calls of all, and time the scan of one stack and the phonons, one thread."""
    from anodeflow.threads import limit_torch, set_threads

    set_threads(1)
    limit_torch()
    with tempfile.TemporaryDirectory() as folder:
        calls, times, differences = count_and_time(Path(folder))
    ratios = {key: found["ours"] / found["plain"] for key, found in (("c", calls), ("t", times))}
    return [
        Figure("scans of three stacks, both phonons / plain, calls", ratios["c"], "×", 0.6),
        Figure("scans of three stacks, both phonons, plain, calls", calls["plain"], "", None),
        Figure(f"scan of {TIMED_STACK}, both phonons / plain, time", ratios["t"], "×", 0.5),
        Figure(f"scan of {TIMED_STACK}, both phonons, plain, time", times["plain"], "s", None),
        Figure("scans / plain, energy, highest difference", max(differences), "eV", 0.01),
        Figure("scans / plain, energy, lowest difference", min(differences), "eV", None),
    ]
