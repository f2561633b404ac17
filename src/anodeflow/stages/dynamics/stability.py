"""The watch over a running simulation: it says in one sentence why a run must stop."""

import numpy as np
from ase import Atoms

from anodeflow.structures import roles
from anodeflow.structures.bonds import find_bonds
from anodeflow.structures.metal_atoms import metal_atoms, termination_atoms
from anodeflow.structures.spacing import gap_edges

# ASSUME: an ion has left the gap when it is 1 Å below the facing plane or 1 Å above the sheet.
GAP_MARGIN = 1.0


def start_bonds(atoms: Atoms) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the bonds that are watched: metal to X or termination, and within the sheet.

    Index arrays i (B,) and j (B,), and the periodic offset (B, 3) in Å that makes
    r_j + offset - r_i the bond vector, each bond once.
    """
    i, j, shift = find_bonds("ijS", atoms)
    metals, sheet = metal_atoms(atoms), roles.sheet(atoms)
    partners = (atoms.get_tags() == roles.X) | termination_atoms(atoms)
    in_bottom = metals[i] & partners[j]
    in_sheet = sheet[i] & sheet[j] & (i < j)
    chosen = in_bottom | in_sheet
    return i[chosen], j[chosen], shift[chosen] @ atoms.cell.array


class StabilityWatch:
    """Compare a run with its start: sheet detached or inside, broken bond, escaped ion, heat.

    Works on unwrapped positions, so that no minimum image is needed.
    """

    def __init__(
        self,
        start: Atoms,
        *,
        max_spacing: float,
        max_bond_stretch: float,
        max_temperature_K: float,
    ):
        self.max_spacing = max_spacing
        self.max_bond_stretch = max_bond_stretch
        self.max_temperature_K = max_temperature_K
        self.symbols = start.get_chemical_symbols()
        self.first, self.second, self.offset = start_bonds(start)
        self.start_lengths = self._bond_lengths(start.positions)
        self.tags = start.get_tags()
        self.ions = np.flatnonzero(roles.ions(start))

    def _bond_lengths(self, positions: np.ndarray) -> np.ndarray:
        vectors = positions[self.second] + self.offset - positions[self.first]
        found: np.ndarray = np.sqrt(np.einsum("bk,bk->b", vectors, vectors))
        return found

    def check(self, positions: np.ndarray, *, temperature: float = 0.0, energy: float = 0.0) -> str:
        """Return why the run must stop, or an empty string.

        positions (N, 3) unwrapped, in Å; temperature in K, energy in eV, each left out where a run
        of another program does not hold it.
        """
        if not (np.isfinite(energy) and np.isfinite(temperature)):
            return f"the energy ({energy}) or temperature ({temperature}) is not finite"
        if temperature > self.max_temperature_K:
            return f"the temperature reached {temperature:.0f} K (limit {self.max_temperature_K:g})"
        floor, ceiling = map(float, gap_edges(positions[:, 2], self.tags))
        if ceiling - floor > self.max_spacing:
            return (
                f"the sheet detached: spacing {ceiling - floor:.2f} Å "
                f"(limit {self.max_spacing:g} Å)"
            )
        if not ceiling > floor:
            return f"the sheet went through the facing plane, {floor - ceiling:.2f} Å below it"
        return self._broken_bond(positions) or self._escaped_ion(positions, floor, ceiling)

    def _broken_bond(self, positions: np.ndarray) -> str:
        if not len(self.first):
            return ""
        lengths = self._bond_lengths(positions)
        stretch = lengths / self.start_lengths
        worst = stretch.argmax()
        if stretch[worst] <= self.max_bond_stretch:
            return ""
        i, j = self.first[worst], self.second[worst]
        return (
            f"the bond {self.symbols[i]}{i}-{self.symbols[j]}{j} broke: from "
            f"{self.start_lengths[worst]:.2f} to {lengths[worst]:.2f} Å "
            f"(limit {self.max_bond_stretch:g} times)"
        )

    def _escaped_ion(self, positions: np.ndarray, floor: float, ceiling: float) -> str:
        heights = positions[self.ions, 2]
        escaped = (heights < floor - GAP_MARGIN) | (heights > ceiling + GAP_MARGIN)
        if not escaped.any():
            return ""
        k = escaped.argmax()
        ion = self.ions[k]
        return (
            f"the ion {self.symbols[ion]}{ion} left the gap: z {heights[k]:.2f} Å, "
            f"gap {floor:.2f} to {ceiling:.2f} Å"
        )
