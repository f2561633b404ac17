"""What an element can be in a layer: metal or nonmetal, X of an MXene, an ion of a battery."""

from collections.abc import Iterable

import numpy as np

from anodeflow.elements import SYMBOLS
from anodeflow.errors import StructureError, nearest

NOT_METALS = (
    *("H", "He", "B", "C", "N", "O", "F", "Ne", "Si", "P", "S", "Cl", "Ar"),
    *("Ge", "As", "Se", "Br", "Kr", "Sb", "Te", "I", "Xe"),
)

X_ELEMENTS = ("B", "C", "N")
"""Between metals these make an MXene, whose metal may also be its outermost plane."""

ALKALIS = ("Li", "Na", "K", "Rb", "Cs")

ION_ELEMENTS = (*ALKALIS, "Mg", "Ca", "Sr", "Ba", "Zn", "Al")
"""ASSUME: metals of ions, none of which is a metal of a bottom layer."""


def metallic(symbols: Iterable[str]) -> np.ndarray:
    """Say of each element whether it is a metal; mask (N,) of bool."""
    return ~np.isin(list(symbols), NOT_METALS)


def layer_metallic(symbols: Iterable[str]) -> np.ndarray:
    """Say of each element whether it may be a metal of a bottom layer; mask (N,) of bool."""
    symbols = list(symbols)
    return metallic(symbols) & ~np.isin(symbols, ION_ELEMENTS)


def require_ions(names: Iterable[str]) -> None:
    """Raise StructureError unless each of the names is a metal or H, as it is written."""
    for name in names:
        if name not in SYMBOLS:
            raise StructureError(
                f"--ion names '{name}', which is no element{nearest(name.capitalize(), SYMBOLS)}: "
                "write its symbol."
            )
        if name != "H" and not metallic([name]).all():
            raise StructureError(f"--ion names {name}, which is no metal: name the ions' element.")
