"""Voltage of a stack against its ion content."""

import itertools
from collections.abc import Mapping, Sequence

import pandas as pd
from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.files import TERMS, stored_energy


def voltage_curve(stacks: Sequence[Atoms], metal: Atoms, *, electrons_per_ion: int) -> pd.DataFrame:
    """Compute the voltages of `voltages`, with dispersion and without, at the same geometries.

    Those without are of the model's own energies. The difference of both is what dispersion adds,
    -[D(n2) - D(n1) - (n2 - n1) D_bulk] / [z (n2 - n1)] of dispersion energies D: D3 counts the ion
    in the stack as a neutral atom, as it does the atoms of the metal.

    Args:
        stacks: relaxed stack of each content, one of them without ions; info energy_model and
            energy_dispersion, eV.
        metal: relaxed bulk metal of the ion, likewise.
        electrons_per_ion: z, as in `voltages`.

    Returns the columns of `voltages`, and average_no_dispersion_V and step_no_dispersion_V where
    every structure carries both terms of its energy.

    Raises:
        StructureError: as `voltages`, or a structure carries no energy.
    """
    terms = {"total": ""}
    if all(atoms.info.keys() >= TERMS for atoms in (*stacks, metal)):
        terms["energy_model"] = "_no_dispersion"
    found = [
        voltages(
            {int(roles.ions(stack).sum()): stored_energy(stack, term) for stack in stacks},
            bulk_energy_per_atom=stored_energy(metal, term) / len(metal),
            electrons_per_ion=electrons_per_ion,
        )
        .set_index("n")
        .rename(columns={f"{kind}_V": f"{kind}{name}_V" for kind in ("average", "step")})
        for term, name in terms.items()
    ]
    return pd.concat(found, axis=1).reset_index()


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
