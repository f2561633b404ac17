"""What a layer file may say beside elements, positions, cell and tags: nothing of weight."""

from pathlib import Path
from typing import Any

import ase.io.cif
import numpy as np
from ase import Atoms
from ase.data import atomic_masses

from anodeflow.errors import StructureError

UNSAID = (".", "?", "None")

WITHOUT = "write the file without"

SMALLEST = 1e-6
"""Charges (e), moments (µB) and momenta (ASE's units) below this are none."""


def refuse_unused_content(layer: Atoms) -> None:
    """Raise StructureError if a file says something of its atoms that the workflow would not use.

    The rule: elements, positions, cell and tags are used; results of another calculation
    (energies, forces) and free text are not of the structure; all else that would change it is
    refused where it says more than nothing: occupancies other than 1, fixed atoms, charges,
    magnetic moments, velocities, masses of isotopes. Zeros, and flags that fix nothing, pass.
    """
    if told := _occupancies(layer):
        raise StructureError(
            f"sites are occupied in part ({told}), and a layer needs whole atoms: give "
            "an ordered cell, with each atom there or left out."
        )
    if layer.constraints:
        count = len({int(i) for each in layer.constraints for i in each.get_indices()})
        raise StructureError(
            f"the file fixes {count} of {len(layer)} atoms, and the workflow moves "
            f"all atoms of a layer: {WITHOUT} constraints (selective dynamics)."
        )
    columns = {
        "initial_charges": ("charges", "e"),
        "initial_magmoms": ("magnetic moments", "µB"),
        "momenta": ("momenta", "u Å per time of ASE"),
    }
    for column, (name, unit) in columns.items():
        largest = float(np.abs(layer.arrays.get(column, [0.0])).max())
        if not largest <= SMALLEST:
            raise StructureError(
                f"the file gives {name} up to {largest:.3g} {unit}, which no part of the workflow "
                f"uses: {WITHOUT} them."
            )
    other = np.flatnonzero(np.abs(layer.get_masses() - atomic_masses[layer.numbers]) > 0.01)
    if len(other):
        raise StructureError(
            f"atom {other[0]} ({layer.symbols[other[0]]}) has a mass of "
            f"{layer.get_masses()[other[0]]:.3f} u, and the workflow takes the elements' own: "
            f"{WITHOUT} masses."
        )


def refuse_unread_columns(path: Path) -> None:
    """Raise StructureError if a CIF gives moments or disorder, which ASE does not read."""
    if path.suffix.lower() != ".cif":
        return
    for block in ase.io.cif.parse_cif(str(path)):
        for key, given in block.items():
            told = [str(value) for value in _values(given) if str(value) not in UNSAID]
            moment = key.startswith("_atom_site_moment") and not key.endswith("label")
            if moment and any(value.strip("-0.") for value in told):
                raise StructureError(
                    "the file gives magnetic moments, which no part of the workflow uses: "
                    f"{WITHOUT} them."
                )
            if key == "_atom_site_disorder_group" and told:
                raise StructureError(
                    f"the file gives disorder (groups {', '.join(sorted(set(told)))}), and a layer "
                    "needs whole atoms: give an ordered cell."
                )


def _values(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _occupancies(layer: Atoms) -> str:
    """List the occupancies that are not 1, as a CIF or a column of the file gives them."""
    sites = layer.info.get("occupancy")
    told = [
        f"{symbol} {share:g}"
        for site in (sites.values() if isinstance(sites, dict) else ())
        for symbol, share in site.items()
        if not isinstance(share, str) and abs(share - 1) > SMALLEST  # `.` and `?` of a CIF are 1
    ]
    for column in ("occupancy", "occupancies"):
        for symbol, share in zip(layer.symbols, layer.arrays.get(column, []), strict=False):
            told += [f"{symbol} {share:g}"] if abs(share - 1) > SMALLEST else []
    return ", ".join(dict.fromkeys(told))
