"""Structures and series of structures as extended XYZ, written whole or not at all."""

from collections.abc import Sequence
from pathlib import Path

from ase import Atoms
from ase.io import extxyz

from anodeflow.errors import StructureError
from anodeflow.files.atomic import whole
from anodeflow.structures import roles

TERMS = {"energy_model", "energy_dispersion"}
"""Energies (eV) that a relaxed structure carries in its info."""


def write_structure(path: Path, atoms: Atoms) -> None:
    """Write one structure with tags, info, energy, forces and stress (eV, Å) to `path`.

    The file appears under its name only when it is complete.
    """
    write_frames(path, [atoms])


def read_structure(path: Path) -> Atoms:
    """Read the one structure of `path`, with tags, info and stored energy and forces (eV, Å).

    Raises StructureError if the file is missing, unreadable, truncated, without tags, or holds
    more than one structure.
    """
    frames = read_frames(path)
    if len(frames) != 1:
        raise StructureError(
            f"{path} holds {len(frames)} structures where one is expected: keep the one that is "
            "meant in a file of its own."
        )
    return frames[0]


def write_frames(path: Path, frames: Sequence[Atoms]) -> None:
    """Write a series of structures with tags, info, energies and forces (eV, Å) to `path`.

    The file appears under its name only when it is complete.
    """
    with whole(path) as part, part.open("w", encoding="utf-8") as file:
        extxyz.write_xyz(file, list(frames))


def read_frames(path: Path) -> list[Atoms]:
    """Read every structure of `path`, with tags, info and stored energies and forces (eV, Å).

    Raises StructureError if the file is missing, unreadable, truncated or without tags.
    """
    path = Path(path)
    _refuse_incomplete(path, _read_text(path))
    try:
        with path.open(encoding="utf-8") as file:
            frames = list(extxyz.read_xyz(file, index=slice(None)))
    except Exception as error:  # ASE raises whatever its parsers happen to raise on bad text
        raise StructureError(
            f"{path} cannot be read as extended XYZ ({' '.join(str(error).split())}): "
            "write it again as extxyz."
        ) from error
    for number, atoms in enumerate(frames, start=1):
        if not atoms.get_tags().any():
            raise StructureError(
                f"structure {number} of {path} has no tags, so its layers are unknown: write it "
                f"as extxyz with a column tags:I:1 ({roles.TAGS})."
            )
    return frames


def unreadable(error: Exception, advice: str, *, isotopes: str = "write H") -> str:
    """Say over what one of ASE's readers stumbled, and the advice, or another for atoms D and T.

    Readers look names of atoms up among the elements, where there is no isotope.
    """
    name = error.args[0] if isinstance(error, KeyError) and error.args else None
    if name in ("D", "T"):
        return (
            f"names atoms {name}, an isotope of hydrogen, as which ASE reads H alone: {isotopes}."
        )
    told = " ".join(str(error).split()) if name is None else f"unknown name {name!r}"
    return f"cannot be read ({told}): {advice}."


def _read_text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise StructureError(
            f"{path} does not exist: check the path, or make the file first."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise StructureError(
            f"{path} cannot be read as text ({error}): give an extended XYZ file."
        ) from error
    if not text.strip():
        raise StructureError(f"{path} is empty: delete it and make it again.")
    return text


def _refuse_incomplete(path: Path, text: str) -> None:
    """Raise StructureError unless every structure has the lines its first line announces."""
    lines = text.rstrip().split("\n")
    line = structure = 0
    while line < len(lines):
        structure += 1
        try:
            count = int(lines[line])
        except ValueError as error:
            raise StructureError(
                f"line {line + 1} of {path} should be a number of atoms and is "
                f"{lines[line][:40]!r}: give an extended XYZ file."
            ) from error
        found = max(0, len(lines) - line - 2)
        if found < count:
            raise StructureError(
                f"{path} is cut: structure {structure} has {found} of its {count} atoms; "
                "delete the file and make it again."
            )
        line += count + 2
    # A last line without its newline may end in half a number, which would parse without complaint.
    if not text.endswith("\n"):
        raise StructureError(
            f"{path} is cut in its last line (no end of line): delete it and make it again."
        )


def stored_energy(atoms: Atoms, term: str) -> float:
    """Read an energy (eV) of a relaxed structure.

    Args:
        atoms: the structure.
        term: `energy_model`, or `total` for model plus dispersion; `total` is also taken from the
            energy of a structure that does not carry the terms apart, as ASE stores it or as
            `energy` in info.

    Raises:
        StructureError: the structure carries no energy.
    """
    if atoms.info.keys() >= TERMS:
        dispersion = 0.0 if term == "energy_model" else atoms.info["energy_dispersion"]
        return float(atoms.info["energy_model"] + dispersion)
    stored = atoms.info if atoms.calc is None else atoms.info | atoms.calc.results
    if term == "total" and "energy" in stored:
        return float(stored["energy"])
    raise StructureError(
        f"The structure {atoms.get_chemical_formula()} carries no {term} energy: relax it first."
    )
