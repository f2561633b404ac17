"""Whether what presses on a sheet accounts for its imaginary modes."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from ase import Atoms

from anodeflow.structures.geometry import area_nm2
from anodeflow.units import AMU_THZ2_TO_N_M, EV_A2_TO_N_M


@dataclass(frozen=True)
class Compression:
    """How a sheet is pressed in its plane: N/m, positive where pressed, and its mass in amu/Å²."""

    N_m: float
    mass: float


SMALL: Final = 0.05
"""N/m: a sheet pressed by less counts as free, 0.01 % of strain of graphene."""


def compression_of(cell: Atoms) -> Compression | None:
    """Return how the sheet in a relaxed unit cell (N atoms) is pressed, None without its stress.

    −(σ_xx + σ_yy)/2 times the height of the cell.
    """
    if cell.calc is None or "stress" not in cell.calc.results:
        return None
    area = 100 * area_nm2(cell)  # Å²
    pressure = -cell.get_stress()[:2].mean() * cell.get_volume() / area
    return Compression(float(pressure) * EV_A2_TO_N_M, float(cell.get_masses().sum()) / area)


def compression_needed(frequency_THz: float, distance: float, mass: float) -> float:
    """Return the least compression (N/m) that makes a mode of a sheet imaginary at this frequency.

    A sheet of mass ρ per area (amu/Å²) and bending stiffness κ that is pressed by s has
    ρω² = κq⁴ − sq² at the distance q from Γ (1/Å, 2π included), and κ ≥ 0, so that s ≥ −ρω²/q².

    Source: L. D. Landau, E. M. Lifshitz, Theory of Elasticity, §14 and §21 (plates, stability).
    """
    return mass * (2 * np.pi * frequency_THz / distance) ** 2 * AMU_THZ2_TO_N_M


def explain(frequency_THz: float, distance: float, compression: Compression | None) -> str:
    """Say whether compression can account for an imaginary mode of long wavelength (THz, 1/Å).

    It is as much as `compression_needed` where bending resists little, near Γ: κq² is 1 N/m for
    graphene at 0.2 1/Å. Farther out that says nothing.
    """
    if compression is None:
        return ""
    needed = compression_needed(frequency_THz, distance, compression.mass)
    if compression.N_m >= max(needed, SMALL):
        return (
            f" The sheet is pressed by {compression.N_m:.2f} N/m, and {needed:.2f} N/m or more "
            "bend it so: stress can account for this, and no larger supercell takes it away; see "
            "the phonons at the model's own lattice constant (phonons.lattice: own)."
        )
    held = "free of stress"
    if abs(compression.N_m) >= SMALL:
        held = f"{'pressed' if compression.N_m > 0 else 'drawn'} by {abs(compression.N_m):.2f} N/m"
    return (
        f" The sheet is {held}, and it would take a pressure of {needed:.2f} N/m to bend it so: "
        "its stress does not account for this."
    )
