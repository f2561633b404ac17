"""What a layer file may say beside elements, positions, cell and tags: nothing of weight."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_masses

from anodeflow.errors import StructureError

UNSAID = (".", "?", "None")

WITHOUT = "write the file without"

SMALLEST = 1e-6
"""Charges (e), moments (µB), velocities and occupancies that differ by less are alike."""

ISOTOPE = 0.01
"""A mass (u) that differs by more from the element's own is that of an isotope."""

WHOLE = 0.5
"""The same of whole numbers, which are rounded masses or count nucleons."""


@dataclass(frozen=True)
class Kind:
    """A kind of numbers that files give of atoms, by whatever name."""

    what: str
    """Its name in sentences."""
    unit: str
    names: str
    """Regular expression of the names of columns and keys, in small letters."""
    nothing: tuple[float, ...] = (0.0,)
    """Values that say nothing."""
    of_all: bool = False
    """Whether it is one number for the whole structure."""

    def means(self, name: str, values: np.ndarray) -> bool:
        """Say whether values (of any shape) under a name are of this kind."""
        fits = values.ndim == 0 or not self.of_all
        return fits and re.search(self.names, name.lower()) is not None

    def largest(self, values: np.ndarray) -> float | None:
        """Return the largest of values (of any shape), in `unit`, that say something, or None."""
        says = np.all([np.abs(values - nothing) > SMALLEST for nothing in self.nothing], axis=0)
        return float(np.abs(values[says]).max()) if says.any() else None


KINDS = (
    Kind("charges", " e", r"charge|^q$"),
    Kind("a multiplicity of spin", "", r"^spin$|^(spin_?)?multiplicity$", (0, 1), of_all=True),
    Kind("magnetic moments", " µB", r"magmom|magnet|spin|nupdown|^mag$|^moments?$"),
    Kind("momenta", "", r"moment(a|um)$"),
    Kind("velocities", "", r"veloc|^velo?s?$|^v[xyz]$"),
)
OCCUPANCIES = r"occup|(^|_)occs?$|^sof$"
MASSES = r"mass|isotop"
HELD = r"fix|froz|constrain"
FREE = r"selective|^mov(e|able|e_?mask)$|^free$|^if_pos$"


def refuse_unused_content(layer: Atoms) -> None:
    """Raise StructureError if a file says something of its atoms that the workflow would not use.

    The rule: elements, positions, cell and tags are used; energies and forces of another
    calculation and free text are not of the structure; all else that would change it is refused
    where it says more than nothing, whatever its name: occupancies other than 1, fixed atoms,
    charges, magnetic moments, velocities, masses of isotopes. Zeros, and flags that fix nothing,
    pass.
    """
    told = dict(_numbers(layer))
    if found := _occupancies(layer, told):
        raise StructureError(_partial(found))
    if count := _held(layer, told):
        raise StructureError(
            f"the file fixes {count} of {len(layer)} atoms, and the workflow moves "
            f"all atoms of a layer: {WITHOUT} constraints (selective dynamics)."
        )
    _refuse_said(told)
    _refuse_isotopes(layer, told)


def refuse_unread_columns(block: Mapping[str, Any]) -> None:
    """Raise StructureError if a CIF says of its sites what ASE does not read.

    That is moments, disorder, hydrogen that is not listed, and what `refuse_unused_content` refuses
    of columns.

    Args:
        block: of the CIF, its columns by their names.
    """
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
        if key == "_atom_site_attached_hydrogens" and any(value != "0" for value in told):
            raise StructureError(
                f"the file gives hydrogen as attached to other sites ({', '.join(told)} of it), "
                "without places: list every H as a site of its own."
            )
        if key.startswith("_atom_site_") and not moment:
            numbers = np.array([v for v in _values(given) if isinstance(v, int | float)])
            _refuse_said({key.removeprefix("_atom_site_"): numbers})


def refuse_unread_sites(text: str) -> None:
    """Raise StructureError for what a SHELX file (.res) says of its sites and ASE does not read.

    That is occupancies, in the sixth column (11.0 is 1 and fixed), and symmetry: LATT but -1, SYMM.

    Args:
        text: of the file.
    """
    for fields in (line.split() for line in text.splitlines()):
        if fields[:1] == ["SYMM"] or (fields[:1] == ["LATT"] and fields[1:] != ["-1"]):
            raise StructureError(
                f"the file gives symmetry ({' '.join(fields)}), which is not read of this format: "
                "write all atoms of the cell, with LATT -1 and without SYMM, or a CIF."
            )
        if re.fullmatch(r"[A-Za-z]\w* \d+( -?[\d.]+){4,}", " ".join(fields)):
            share = float(fields[5]) % 10
            if abs(share - 1) > SMALLEST:
                raise StructureError(_partial(f"{fields[0]} {share:g}"))


def _partial(told: str) -> str:
    return (
        f"sites are occupied in part ({told}), and a layer needs whole atoms: give "
        "an ordered cell, with each atom there or left out."
    )


def _refuse_said(told: Mapping[str, np.ndarray]) -> None:
    """Raise StructureError for the first numbers that are of a kind and say something."""
    for name, values in told.items():
        kind = next((kind for kind in KINDS if kind.means(name, values)), None)
        if kind and (largest := kind.largest(values)) is not None:
            raise StructureError(
                f"the file gives {kind.what} up to {largest:.3g}{kind.unit} ({name}), which no "
                f"part of the workflow uses: {WITHOUT} them."
            )


def _numbers(layer: Atoms) -> Iterator[tuple[str, np.ndarray]]:
    """Yield all numbers and flags that a file gives, by name: of atoms, of all, of a calculation.

    Flags of the whole structure are words about a calculation.
    """
    results = {} if layer.calc is None else layer.calc.results
    for source in (layer.arrays, layer.info, results):
        for name, given in source.items():
            if isinstance(given, np.ndarray | np.number | int | float | list | tuple):
                values = np.asarray(given)
                if values.dtype.kind in "iuf" or (values.dtype.kind == "b" and values.ndim):
                    yield name, values.astype(float)


def _values(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _occupancies(layer: Atoms, told: Mapping[str, np.ndarray]) -> str:
    """List the occupancies that are not 1, as a CIF or a column of the file gives them."""
    sites = layer.info.get("occupancy")
    found = [
        f"{symbol} {share:g}"
        for site in (sites.values() if isinstance(sites, dict) else ())
        for symbol, share in site.items()
        if not isinstance(share, str) and abs(share - 1) > SMALLEST  # `.` and `?` of a CIF are 1
    ]
    for name, values in told.items():
        if re.search(OCCUPANCIES, name.lower()):
            symbols = layer.symbols if values.shape == (len(layer),) else ["all"] * values.size
            pairs = zip(symbols, values.flat, strict=True)
            found += [f"{symbol} {share:g}" for symbol, share in pairs if abs(share - 1) > SMALLEST]
    return ", ".join(dict.fromkeys(found))


def _held(layer: Atoms, told: Mapping[str, np.ndarray]) -> int:
    """Count the atoms that constraints, or flags by whatever name, hold in any direction."""
    held = {int(i) for each in layer.constraints for i in each.get_indices()}
    for name, values in told.items():
        if values.ndim == 0 or len(values) != len(layer):
            continue
        flags = values.reshape(len(layer), -1)
        if re.search(FREE, name.lower()):
            held |= set(np.flatnonzero((flags == 0).any(axis=1)).tolist())
        elif re.search(HELD, name.lower()):
            held |= set(np.flatnonzero((flags != 0).any(axis=1)).tolist())
    return len(held)


def _refuse_isotopes(layer: Atoms, told: Mapping[str, np.ndarray]) -> None:
    own = atomic_masses[layer.numbers]
    for name, values in told.items():
        if not re.search(MASSES, name.lower()) or values.shape != own.shape:
            continue
        largest = WHOLE if (values == np.round(values)).all() else ISOTOPE
        other = np.flatnonzero((np.abs(values - own) > largest) & (values != 0))
        if len(other):
            raise StructureError(
                f"atom {other[0]} ({layer.symbols[other[0]]}) has a mass of "
                f"{values[other[0]]:.3f} u, and the workflow takes the elements' own: {WITHOUT} "
                "masses, and isotopes (D, T) as their element."
            )
