"""Voltage of a stack against its ion content."""

import itertools
from collections.abc import Mapping

import pandas as pd

from anodeflow.errors import StructureError


def voltages(
    energies: Mapping[int, float], *, bulk_energy_per_atom: float, electrons_per_ion: int
) -> pd.DataFrame:
    """Compute average and step voltages against the bulk metal of the ion.

    V(n1, n2) = -[E(n2) - E(n1) - (n2 - n1) E_bulk] / [z (n2 - n1)], in V as energies are in eV;
    average: n1 = 0; step: n1 is the content before n2. Entropy and pressure terms are left out.

    Args:
        energies: relaxed energy of the stack by number of ions, eV; 0 must be there.
        bulk_energy_per_atom: E_bulk of the same model and dispersion, eV.
        electrons_per_ion: z, 1 for Li, Na, K; 2 for Mg, Ca, Zn; 3 for Al.

    Returns a row for each n > 0: n, average_V, step_V.

    Raises:
        StructureError: the energy of the stack without ions is missing, or there is no other.

    Source: M. K. Aydinol et al., Phys. Rev. B 56, 1354 (1997).
    """
    counts = sorted(energies)
    if len(counts) < 2 or counts[0] != 0:
        raise StructureError(
            f"Energies are given for n = {counts} ions: voltages need n = 0 and at least one more."
        )
    rows = []
    for before, n in itertools.pairwise(counts):
        step, whole = (
            -(energies[n] - energies[start] - (n - start) * bulk_energy_per_atom)
            / (electrons_per_ion * (n - start))
            for start in (before, 0)
        )
        rows.append({"n": n, "average_V": whole, "step_V": step})
    return pd.DataFrame(rows)
