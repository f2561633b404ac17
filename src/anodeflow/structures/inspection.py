"""What a relaxation made of a structure: bonds, thickness, coordination, and whether it changed."""

from collections import Counter

import numpy as np
from ase import Atoms

from anodeflow.errors import StructureError
from anodeflow.structures import roles
from anodeflow.structures.bonds import CONTACT_SCALE, find_bonds
from anodeflow.structures.geometry import heights
from anodeflow.structures.metal_atoms import metal_atoms, termination_atoms
from anodeflow.structures.spacing import spacing_of
from anodeflow.structures.structure_check import (
    BondKind,
    BondLengths,
    Coordination,
    StructureCheck,
)

LARGEST_THICKNESS_CHANGE = 0.05
"""A relative change of thickness beyond this is a change of structure."""

SAME_PLANE = 0.6
"""Metal atoms whose heights differ by less (Å) are of one plane."""

STRAIGHT = 0.8
"""ASSUME: an atom is straight below a termination when laterally nearer than this (Å), about half
the distance between neighbouring hollows of a metal lattice of 3 Å."""


def check_structure(atoms: Atoms, start: Atoms) -> StructureCheck:
    """Measure a structure and tell whether it is still the structure it started as.

    thickness = mean z(tag 3) − mean z(tag 1); spacing = mean z(tag 10) − mean z(tag 3), also of
    atoms that were wrapped into the cell. Bonds are those of `structures.bonds`; metal_metal counts
    neighbours in one plane only. The site of a termination is that of the first atom straight below
    it, seen from its own face: top (the metal it binds to), hcp (X), fcc (the metal further in),
    else other.

    Args:
        atoms: the structure, N atoms with tags.
        start: what it was relaxed from, the same atoms in the same order.

    Returns:
        what there is; changed is true when the coordination of a metal, the site of a termination,
        a bond within or between the layers, or the thickness (by more than 5 %) differs from the
        start.

    Raises:
        StructureError: `start` holds other atoms than `atoms`.
    """
    _refuse_other_atoms(atoms, start)
    changes = (
        *_thickness_change(atoms, start),
        *_coordination_change(atoms, start),
        *_site_change(atoms, start),
        *bond_changes(atoms, start),
    )
    return StructureCheck(
        thickness=_thickness(atoms),
        spacing=spacing_of(atoms, convention="sheet") if roles.is_stack(atoms) else None,
        bonds=_bond_lengths(atoms),
        coordination=_unique_coordination(atoms),
        termination_site=_describe_sites(_termination_sites(atoms)),
        changed=bool(changes),
        changes=changes,
    )


def _refuse_other_atoms(atoms: Atoms, start: Atoms) -> None:
    if not (
        np.array_equal(atoms.numbers, start.numbers)
        and np.array_equal(atoms.get_tags(), start.get_tags())
    ):
        raise StructureError(
            f"{atoms.get_chemical_formula()} cannot be checked against "
            f"{start.get_chemical_formula()}: give the structure it was relaxed from, with the "
            "same atoms, tags and order."
        )


def _thickness(atoms: Atoms) -> float | None:
    tags, z = atoms.get_tags(), heights(atoms)
    if not np.isin(roles.FACES, tags).all():
        return None
    lower, upper = (z[tags == face].mean() for face in roles.FACES)
    return float(upper - lower)


def _bond_lengths(atoms: Atoms) -> dict[BondKind, BondLengths]:
    first, second, vectors = find_bonds("ijD", atoms)
    x, sheet = atoms.get_tags() == roles.X, roles.sheet(atoms)
    metals, terminations = metal_atoms(atoms), termination_atoms(atoms)
    lengths = np.linalg.norm(vectors, axis=1)
    in_plane = np.abs(vectors[:, 2]) < SAME_PLANE
    # Bonds within one role come in both directions and are halved in the count; halving the list
    # by i < j instead would lose the bonds of an atom with its own images in a unit cell.
    kinds: dict[BondKind, np.ndarray] = {
        "metal_x": metals[first] & x[second],
        "metal_termination": metals[first] & terminations[second],
        "metal_metal": metals[first] & metals[second] & in_plane,
        "sheet": sheet[first] & sheet[second],
    }
    return {
        kind: BondLengths(
            mean=float(lengths[chosen].mean()),
            std=float(lengths[chosen].std()),
            count=int(chosen.sum()) // (2 if kind in ("metal_metal", "sheet") else 1),
        )
        for kind, chosen in kinds.items()
        if chosen.any()
    }


def _coordination(atoms: Atoms) -> np.ndarray:
    """Count the bonded X and terminations of every metal of the bottom layer, shape (M, 2)."""
    first, second, _ = find_bonds("ijD", atoms)
    counts = [
        np.bincount(first[wanted[second]], minlength=len(atoms))
        for wanted in (atoms.get_tags() == roles.X, termination_atoms(atoms))
    ]
    found: np.ndarray = np.column_stack(counts)[_metals(atoms)]
    return found


def _metals(atoms: Atoms) -> np.ndarray:
    """Return the indices (M,) of the metals, none where no face shows that a layer is there."""
    faces = np.isin(roles.FACES, atoms.get_tags()).any()
    return np.flatnonzero(metal_atoms(atoms) & faces)


def _unique_coordination(atoms: Atoms) -> tuple[Coordination, ...]:
    counted = Counter(tuple(row) for row in _coordination(atoms).tolist())
    return tuple(
        Coordination(x=x, termination=termination, metals=metals)
        for (x, termination), metals in sorted(counted.items())
    )


def _termination_sites(atoms: Atoms) -> list[str]:
    """Name the site of every termination, in the order of the atoms; empty without any X."""
    tags = atoms.get_tags()
    if roles.X not in tags:
        return []
    inner = np.flatnonzero(metal_atoms(atoms) | (tags == roles.X))
    first, second, _ = find_bonds("ijD", atoms)
    bonded = set(zip(first.tolist(), second.tolist(), strict=True))
    sites = []
    for termination in np.flatnonzero(termination_atoms(atoms)).tolist():
        vectors = atoms.get_distances(termination, inner, mic=True, vector=True)
        depth = np.abs(vectors[:, 2])
        depth[np.hypot(vectors[:, 0], vectors[:, 1]) > STRAIGHT] = np.inf
        beneath = int(inner[np.argmin(depth)])
        if not np.isfinite(depth.min()):
            sites.append("other")
        elif tags[beneath] == roles.X:
            sites.append("hcp")
        else:
            sites.append("top" if (termination, beneath) in bonded else "fcc")
    return sites


def _describe_sites(sites: list[str]) -> str | None:
    """Return the one site, or every site with its count, or None where there is none."""
    counted = Counter(sites)
    if len(counted) <= 1:
        return next(iter(counted), None)
    return ", ".join(f"{site} {count}" for site, count in sorted(counted.items()))


def _thickness_change(atoms: Atoms, start: Atoms) -> list[str]:
    now, then = _thickness(atoms), _thickness(start)
    if now is None or then is None or abs(now - then) <= LARGEST_THICKNESS_CHANGE * then:
        return []
    return [
        f"The thickness went from {then:.3f} to {now:.3f} Å, by {100 * (now / then - 1):+.1f} %."
    ]


def _coordination_change(atoms: Atoms, start: Atoms) -> list[str]:
    now, then = _coordination(atoms), _coordination(start)
    changed = np.flatnonzero((now != then).any(axis=1))
    if not len(changed):
        return []
    example = int(changed[0])
    return [
        f"The coordination of {len(changed)} of {len(now)} metal atoms changed: atom "
        f"{_metals(atoms)[example]} has {now[example, 0]} X and {now[example, 1]} terminations, "
        f"where it had {then[example, 0]} and {then[example, 1]}."
    ]


def _site_change(atoms: Atoms, start: Atoms) -> list[str]:
    now, then = _termination_sites(atoms), _termination_sites(start)
    changed = sum(new != old for new, old in zip(now, then, strict=True))
    if not changed:
        return []
    return [
        f"{changed} of {len(now)} terminations left their site: {_describe_sites(then)} became "
        f"{_describe_sites(now)}."
    ]


def bond_changes(atoms: Atoms, start: Atoms) -> list[str]:
    """Tell which bonds inside and between the layers broke and formed since `start`, as sentences.

    A bond broke that is longer than any contact (`CONTACT_SCALE`) now, and formed where there was
    no contact: one that is stretched or squeezed across the limit of bonds is the same bond.
    Contacts of two metals, and all of ions, are left out.
    """
    now, then = _bond_graph(atoms), _bond_graph(start)
    touching, touched = _bond_graph(atoms, CONTACT_SCALE), _bond_graph(start, CONTACT_SCALE)
    sentences = []
    for verb, pairs in (("broke", then - touching), ("formed", now - touched)):
        for place, found in _by_place(atoms, pairs).items():
            (i, j), count = min(found), sum(found.values())
            sentences.append(
                f"{count} bond{'s' if count > 1 else ''} {verb} {place}, among them "
                f"{atoms.symbols[i]}{i}–{atoms.symbols[j]}{j}."
            )
    return sentences


Pair = tuple[int, int]
"""Two atoms by their indices."""


def _bond_graph(atoms: Atoms, scale: float | None = None) -> Counter[Pair]:
    """Count the bonds of every pair of atoms (i ≤ j) of the layers, over periodic images.

    scale: as in `find_bonds`.

    ASSUME: contacts of two metals are no bonds of this graph; between planes they lie so near the
    limit that a healthy relaxation moves them across it.
    """
    first, second, _ = find_bonds("ijD", atoms, scale=scale)
    metals, layer = metal_atoms(atoms), roles.bottom(atoms) | roles.top(atoms)
    both_metal = metals[first] & metals[second]
    kept = layer[first] & layer[second] & ~both_metal & (first <= second)
    return Counter(zip(first[kept].tolist(), second[kept].tolist(), strict=True))


def _by_place(atoms: Atoms, pairs: Counter[Pair]) -> dict[str, Counter[Pair]]:
    top = roles.top(atoms)
    places: dict[str, Counter[Pair]] = {}
    for (i, j), count in sorted(pairs.items()):
        if top[i] != top[j]:
            place = "between the layers"
        else:
            place = "inside the top layer" if top[i] else "inside the bottom layer"
        places.setdefault(place, Counter())[i, j] += count
    return places
