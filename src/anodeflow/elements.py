"""Facts about elements: their symbols, and the metals that ions come from."""

from collections.abc import Collection
from dataclasses import dataclass

SYMBOLS: tuple[str, ...] = (
    *("H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S"),
    *("Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga"),
    *("Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd"),
    *("Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm"),
    *("Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os"),
    *("Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa"),
    *("U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db", "Sg"),
    *("Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og"),
)
"""In the order of atomic numbers, from 1: what `ase.data` has, without numpy."""

LISTED = 20
"""So many elements are named in a sentence; of more, it says how many they are."""


@dataclass(frozen=True)
class Metal:
    """An ion's metal, as its relaxation starts."""

    electrons_per_ion: int
    """Electrons that an atom gives: the charge of the ion in its compounds."""
    structure: str
    lattice: float
    """a, Å."""
    source: str
    """Where the lattice is from."""
    c_over_a: float | None = None
    """Of hcp."""

    @property
    def atomic_volume(self) -> float:
        """Return the volume of an atom, Å³."""
        return atomic_volume(self.structure, self.lattice, self.c_over_a)


IDEAL_C_OVER_A = (8 / 3) ** 0.5
"""Of spheres that touch."""

ASHCROFT = "N. W. Ashcroft, N. D. Mermin, Solid State Physics (1976), as in ase.data"
OWN_START = "start of this study's voltages from the first; Ashcroft and Mermin have 4.23"

METALS: dict[str, Metal] = {
    "Li": Metal(1, "bcc", 3.49, ASHCROFT),
    "Na": Metal(1, "bcc", 4.29, OWN_START),
    "K": Metal(1, "bcc", 5.23, ASHCROFT),
    "Mg": Metal(2, "hcp", 3.21, ASHCROFT, c_over_a=1.624),
    "Ca": Metal(2, "fcc", 5.58, ASHCROFT),
    "Zn": Metal(2, "hcp", 2.66, ASHCROFT, c_over_a=1.856),
    "Al": Metal(3, "fcc", 4.05, ASHCROFT),
}
"""By element."""


def atomic_volume(structure: str, lattice: float, c_over_a: float | None = None) -> float:
    """Return the volume of an atom in a metal, Å³: a³/2 of bcc, a³/4 of fcc, √3/4 a² c of hcp.

    Args:
        structure: bcc, fcc or hcp.
        lattice: a, Å.
        c_over_a: of hcp, None for the ideal one.
    """
    by_cube = {"bcc": 1 / 2, "fcc": 1 / 4, "hcp": 3**0.5 / 4 * (c_over_a or IDEAL_C_OVER_A)}
    return by_cube[structure] * lattice**3


def known_c_over_a(element: str, structure: str) -> dict[str, float]:
    """Return c_over_a, a ratio, of an element that is known to be hcp, nothing of any other."""
    metal = METALS.get(element)
    if metal and metal.c_over_a and structure == metal.structure:
        return {"c_over_a": metal.c_over_a}
    return {}


def told_unknown(name: str, known: Collection[str], unknown: Collection[str]) -> str:
    """Return what a model knows and what it does not, as "NAME knows H, C, O, not K".

    Args:
        name: of the model.
        known: symbols, in any order.
        unknown: likewise, at least one.
    """
    order = {symbol: number for number, symbol in enumerate(SYMBOLS)}
    first, others = (
        sorted(symbols, key=lambda one: (order.get(one, len(order)), one))
        for symbols in (known, unknown)
    )
    told = ", ".join(first) if len(first) <= LISTED else f"{len(first)} elements"
    return f"{name} knows {told}, not {', '.join(others)}"
