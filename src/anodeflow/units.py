"""Units beside ASE's own, as factors."""

EV_NM2_TO_J_M2 = 0.1602176634
"""1 eV/nm² in J/m²: the elementary charge (CODATA 2018, exact) times 1e18 m⁻²."""

EV_A2_TO_N_M = 16.02176634
"""1 eV/Å² in N/m: the elementary charge (CODATA 2018, exact) times 1e20 m⁻²."""

AMU_THZ2_TO_N_M = 1.66053906660e-3
"""1 amu THz² in N/m: the atomic mass constant (CODATA 2018) times 1e24 s⁻²."""

A2_PS_TO_CM2_S = 1e-4
"""1 Å²/ps in cm²/s."""
