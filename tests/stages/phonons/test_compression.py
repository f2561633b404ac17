"""Sheets under compression: which imaginary modes it accounts for, and which it does not."""

import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.singlepoint import SinglePointCalculator

from anodeflow.stages.phonons.compression import (
    Compression,
    compression_needed,
    compression_of,
    explain,
)
from anodeflow.units import AMU_THZ2_TO_N_M, EV_A2_TO_N_M

GRAPHENE = 2 * 12.011 / (2.46**2 * np.sqrt(3) / 2)  # amu/Å²


def test_the_units_are_those_of_ase():
    assert pytest.approx(1 / (units.J / units.m**2), rel=1e-6) == EV_A2_TO_N_M
    assert pytest.approx(units._amu * 1e24, rel=1e-6) == AMU_THZ2_TO_N_M


def test_a_plate_under_compression_needs_as_much_as_presses_it_less_what_bending_resists():
    bending, pressed = 1.5 * units._e, 1.24  # J, N/m
    density = GRAPHENE * units._amu * 1e20  # kg/m²
    for q in np.array([0.05, 0.1, 0.15, 0.2]) * 1e10:  # 1/m
        square = (bending * q**4 - pressed * q**2) / density  # of ω, 1/s²
        assert square < 0
        frequency = -np.sqrt(-square) / (2 * np.pi) * 1e-12
        needed = compression_needed(frequency, q * 1e-10, GRAPHENE)
        assert needed == pytest.approx(pressed - bending * q**2, rel=1e-5)
        assert "stress can account for this" in explain(
            frequency, q * 1e-10, Compression(pressed, GRAPHENE)
        )
        words = {0.99 * needed: "pressed by", 0.0: "free of stress", -1.0: "drawn by 1.00 N/m"}
        for less, word in words.items():
            said = explain(frequency, q * 1e-10, Compression(less, GRAPHENE))
            assert "its stress does not account for this" in said and word in said
    assert explain(-1.0, 0.1, None) == ""


def test_the_compression_of_a_cell_is_its_stress_times_its_height():
    cell = Atoms("C2", cell=[[2.46, 0, 0], [-1.23, 2.1304, 0], [0, 0, 40.0]], pbc=True)
    assert compression_of(cell) is None
    stress = [-0.002, -0.001, 0.3, 0, 0, 0]  # eV/Å³; what acts out of the plane does not count
    cell.calc = SinglePointCalculator(cell, energy=0.0, forces=np.zeros((2, 3)), stress=stress)
    found = compression_of(cell)
    assert found.N_m == pytest.approx(0.0015 * 40 * 16.0218, rel=1e-5)
    assert found.mass == pytest.approx(GRAPHENE, rel=1e-3)
