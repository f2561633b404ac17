"""A potential whose adhesion curve and voltages are known in closed form."""

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from anodeflow.structures import roles

DEPTH, STIFFNESS, BEST = 0.03, 1.3, 3.7  # eV per sheet atom, 1/A, A
SPRING, STRETCH = 4.0, 2.0  # eV/A² per atom
SITE_ENERGY, SITE_DEPTH = -2.1, 0.5  # eV per ion; eV/A²
CELLS = {"bottom": 4 * 3.03, "top": 5 * 2.46}


class Toy(Calculator):
    """A Morse well between the mean planes, each layer on springs, ions on springs mid-gap.

    E = N_top D [(1 - exp(-a (d - d0)))² - 1] + sum k/2 (z_i - z_plane - h)² over all atoms of a
    layer + sum over layers of N c/2 (|a| - a_layer)², and per ion E_s + c/2 (z - z_mid)².
    """

    implemented_properties = ("energy", "forces")

    def __init__(self, heights):
        super().__init__()
        self.heights = heights
        self.calls = 0

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.calls += 1
        z, tags = atoms.positions[:, 2], atoms.get_tags()
        energy, slope = 0.0, np.zeros(len(atoms))
        layers = {
            "bottom": (roles.bottom, roles.UPPER_TERMINATION),
            "top": (roles.top, roles.SHEET),
        }
        for name, (select, role) in layers.items():
            members, plane = select(atoms), tags == role
            if not members.any():
                continue
            target = np.array([self.heights[tag] for tag in tags[members]])
            off = z[members] - z[plane].mean() - target
            energy += SPRING / 2 * (off**2).sum()
            energy += members.sum() * STRETCH / 2 * (atoms.cell.lengths()[0] - CELLS[name]) ** 2
            slope[members] += SPRING * off
            slope[plane] -= SPRING * off.sum() / plane.sum()
        facing, sheet = roles.facing(atoms), roles.sheet(atoms)
        if facing.any() and sheet.any():
            d = z[sheet].mean() - z[facing].mean()
            decay = np.exp(-STIFFNESS * (d - BEST))
            energy += sheet.sum() * DEPTH * ((1 - decay) ** 2 - 1)
            pull = sheet.sum() * 2 * DEPTH * STIFFNESS * decay * (1 - decay)
            slope[sheet] += pull / sheet.sum()
            slope[facing] -= pull / facing.sum()
            middle = (z[sheet].mean() + z[facing].mean()) / 2
            for ion in np.flatnonzero(roles.ions(atoms)):
                energy += SITE_ENERGY + SITE_DEPTH / 2 * (z[ion] - middle) ** 2
                slope[ion] += SITE_DEPTH * (z[ion] - middle)
        forces = np.zeros((len(atoms), 3))
        forces[:, 2] = -slope
        self.results = {"energy": energy, "forces": forces}
