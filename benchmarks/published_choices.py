"""How much the published scan and the published start of runs weigh with the demo model and D3.

Prints for each stack by how much the adhesion (eV/nm²) is lower where all heights are held than
where the spacing alone is, with points that start from the layers apart, as published, and from
their neighbours; what relaxing a stack gains after ions are put into it (eV); and by how much ions
in the published places end higher (eV).

Run: python benchmarks/published_choices.py (about ten minutes on one core).
"""

import io
import tempfile
from pathlib import Path

import numpy as np
from ase import Atoms
from figures import mace_calculator, study_stack

from anodeflow.stages.adhesion.layers_apart import layers_as_stack
from anodeflow.stages.adhesion.scan import scan_spacings
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.stages.relaxation.minimum import relax
from anodeflow.structures import roles
from anodeflow.structures.builders.ions import fill_ions
from anodeflow.structures.geometry import area_nm2

SPACINGS = (3.2, 3.7, 4.2, 5.2)
SCANS = {
    "rigorous": ("neighbour", "spacing"),
    "published": ("separate", "heights"),
    "heights held": ("neighbour", "heights"),
}
SPACING_WITH_IONS = 4.3
ROWS = {1 / 6: (1 / 6, 1 / 2, 5 / 6), 1 / 2: (1 / 3, 2 / 3), 5 / 6: (1 / 6, 1 / 2, 5 / 6)}
"""Our reading of the 3-2-3 pattern: fractions of ions in rows along a, by the row's along b."""

PLACES = {1: [(0.5, 0.5)], 8: [(a, b) for b, row in ROWS.items() for a in row]}


def minimum(atoms: Atoms, calc, *, fmax: float) -> Atoms:
    """Relax at fixed cell."""
    whole = {"checkpoint": None, "unfinished": None, "fingerprint_extra": "", "log": io.StringIO()}
    options = {"optimiser": "PreconBFGS", "fmax": fmax, "max_steps": 1000, "cell": "fixed"}
    return relax(atoms, calc, **options, **whole)


def energy(atoms: Atoms) -> float:
    """Return the energy of a relaxed structure, eV."""
    return atoms.info["energy_model"] + atoms.info["energy_dispersion"]


def scan(stack: Atoms, calc, starts: str, hold: str) -> np.ndarray:
    """Return the energies of a scan, eV."""
    options = {"fingerprint_extra": "", "log": io.StringIO()}
    with tempfile.TemporaryDirectory() as folder:
        kept = KeptMinima(Path(folder), "PreconBFGS", 5e-3, 1000, **options)
        how = {"starts": starts, "hold": hold, "on_point": lambda point: None}
        points = scan_spacings(stack, calc, spacings=SPACINGS, kept=kept, **how)
    return np.array([energy(point) for point in points])


def compare_scans(name: str, host: Atoms, calc) -> None:
    """Print by how much the curves with held heights lie lower."""
    built = study_stack(name=name)
    lower, upper = built[roles.bottom(built)], built[roles.top(built)]
    apart = [minimum(layer, calc, fmax=1e-3) for layer in (lower, upper)]
    found = {}
    for label, (starts, hold) in SCANS.items():
        start = layers_as_stack(host, *apart) if starts == "separate" else host
        found[label] = scan(start, calc, starts, hold)
    for label in ("published", "heights held"):
        lost = (found[label] - found["rigorous"]) / area_nm2(host)
        print(f"{name:6} {label:12} lower by {lost.round(3)} at {SPACINGS} Å", flush=True)


def compare_ions(name: str, host: Atoms, calc) -> None:
    """Print what relaxing gains, and how the published places end."""
    for count, places in PLACES.items():
        filled = fill_ions(host, element="Na", count=count, spacing=SPACING_WITH_IONS)
        filled.calc = calc
        before = filled.get_potential_energy()
        ours = energy(minimum(filled, calc, fmax=1e-2))
        ions = np.flatnonzero(roles.ions(filled))
        filled.positions[ions, :2] = np.array(places) @ filled.cell.array[:2, :2]
        other = energy(minimum(filled, calc, fmax=1e-2))
        told = f"relaxing gains {before - ours:.2f} eV, published places end {other - ours:+.2f} eV"
        print(f"{name:6} {count} Na: {told}", flush=True)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        calc = mace_calculator(Path(folder), dtype="float64")
        for name in ("m-g", "m-go", "m-goh"):
            host = minimum(study_stack(name=name), calc, fmax=1e-3)
            compare_scans(name, host, calc)
            compare_ions(name, host, calc)


if __name__ == "__main__":
    main()
