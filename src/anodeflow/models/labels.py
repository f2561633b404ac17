"""What the labels of PBE+U training data are: for which structures they have a Hubbard U."""

from collections.abc import Iterable

METALS = frozenset({"V", "Cr", "Mn", "Fe", "Co", "Ni", "Mo", "W"})
"""Metals that have a U where oxygen or fluorine is in the cell with them."""

ANIONS = frozenset({"O", "F"})


def with_hubbard_u(symbols: Iterable[str]) -> bool:
    """Tell whether PBE+U data have a U in a cell of these elements; elsewhere they are plain PBE.

    So it is in MPtrj, Alexandria and OMat24, which all follow the Materials Project.
    Source: pymatgen, `MPRelaxSet.yaml` (LDAUU); fairchem, `OMat24StaticSet.yaml`; arXiv:2601.21056
    for all three data sets, and for what the mixture does to models trained on it.
    """
    held = set(symbols)
    return bool(held & METALS) and bool(held & ANIONS)
