"""Units beside ASE's own, as factors."""

EV_NM2_TO_J_M2 = 0.1602176634
"""1 eV/nm² in J/m²: the elementary charge (CODATA 2018, exact) times 1e18 m⁻²."""

A2_PS_TO_CM2_S = 1e-4
"""1 Å²/ps in cm²/s."""
