"""What the three-body term of D3, which no calculator here adds, would make of adhesion."""

from collections.abc import Mapping
from typing import Final

from ase import Atoms, units

from anodeflow.structures.geometry import area_nm2

CUTOFF_BOHR: Final = 25.0
"""Beyond it the term changes the adhesion of m-g by some hundredths of itself."""

PAIR_CUTOFF_BOHR: Final = 40.0


def three_body_adhesion(
    stack: Atoms, references: Mapping[str, Atoms], *, functional: str | None
) -> float | None:
    """Return by how much the Axilrod-Teller-Muto term changes adhesion at these geometries, eV/nm².

    (E_bottom + E_top - E_stack) / A of the energies that s9 = 1 adds to s9 = 0.

    Args:
        stack: relaxed (N atoms).
        references: `bottom` and `top`, the layers strained to the common cell.
        functional: of D3; None for a model without dispersion.

    Returns None without dispersion, and where the package dftd3 is not installed.

    Source: S. Grimme, J. Antony, S. Ehrlich, H. Krieg, J. Chem. Phys. 132, 154104 (2010), eq. 11.
    """
    if functional is None:
        return None
    try:
        layers = [_three_body(references[name], functional) for name in ("bottom", "top")]
    except ImportError:
        return None
    return (sum(layers) - _three_body(stack, functional)) / area_nm2(stack)


def _three_body(atoms: Atoms, functional: str) -> float:
    """Return the three-body energy of a structure, eV."""
    from dftd3.interface import DispersionModel, RationalDampingParam

    positions, cell = atoms.positions / units.Bohr, atoms.cell.array / units.Bohr
    model = DispersionModel(atoms.numbers, positions, cell, atoms.pbc)
    model.set_realspace_cutoff(PAIR_CUTOFF_BOHR, CUTOFF_BOHR, PAIR_CUTOFF_BOHR)
    with_it, without = (
        model.get_dispersion(RationalDampingParam(method=functional, atm=atm), grad=False)["energy"]
        for atm in (True, False)
    )
    return float(with_it - without) * units.Hartree
