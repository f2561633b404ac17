"""Structures of CIFs: each site with all its places by the operations that the file gives."""

from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io.cif import CIFBlock, parse_cif
from ase.io.formats import open_with_compression
from ase.neighborlist import neighbor_list
from ase.spacegroup import Spacegroup, crystal
from ase.spacegroup.spacegroup import SpacegroupNotFoundError, spacegroup_from_data

from anodeflow.errors import StructureError
from anodeflow.structures.builders.checks import SHORTEST_DISTANCE
from anodeflow.structures.builders.file_contents import UNSAID, refuse_unread_columns

OPERATIONS = (
    "_space_group_symop_operation_xyz",
    "_space_group_symop.operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
)
GROUPS = (
    *("_space_group_name_h-m_alt", "_symmetry_space_group_name_h-m"),
    *("_space_group_it_number", "_space_group.it_number", "_symmetry_int_tables_number"),
)
"""Under which names ASE looks for a group."""

ALL_ATOMS = "or all atoms of the cell with the space group 'P 1'"

ROUNDED = 2e-3
"""ASSUME: fractions of one place that are nearer were rounded to three digits: x and y are off by
up to 0.0005 then, x − y by 0.001, and so an image from its site by 0.0015."""


def read_cif(path: Path) -> list[Atoms]:
    """Read all structures of a CIF.

    A site whose images lie within the rounding of three digits is put on their mean, which is the
    special position that it stands for. Operations that the file lists are taken as they are,
    whatever the group is called.

    Args:
        path: of the file.

    Raises:
        StructureError: the file names no group that is known and lists no operations, a site is
            near a special position and on none, or what the columns say is not used.
    """
    with open_with_compression(str(path), "rb") as file:
        blocks = [block for block in parse_cif(file) if block.has_structure()]
    return [_structure(block) for block in blocks]


def _structure(block: CIFBlock) -> Atoms:
    refuse_unread_columns(block)
    sites: Atoms = block.get_unsymmetrized_structure()
    if block.get_cell().rank < 3:
        return sites
    group = _group(block)
    sites.set_scaled_positions(_on_special_positions(sites, group))
    occupancies = block.get("_atom_site_occupancy")
    found: Atoms = crystal(
        sites,
        spacegroup=group,
        setting=group.setting,
        occupancies=occupancies,
        onduplicates="keep",
        symprec=ROUNDED,
    )
    _refuse_near_images(found, sites)
    if occupancies is None or all(share == 1 for share in occupancies):
        _refuse_shared_places(found, sites)
    return found


def _group(block: CIFBlock) -> Spacegroup:
    operations = next((block[key] for key in OPERATIONS if key in block), None)
    if operations:
        listed = [operations] if isinstance(operations, str) else operations
        found: Spacegroup = spacegroup_from_data(
            no=1, setting=1, sitesym=listed, subtrans=[(0.0, 0.0, 0.0)]
        )
        return found
    named = [str(block[key]) for key in GROUPS if str(block.get(key, "?")) not in UNSAID]
    if not named:
        raise StructureError(
            "the file names no space group (_space_group_name_H-M_alt or _space_group_IT_number) "
            "and lists no symmetry operations, so nobody knows which atoms its sites stand for: "
            f"add the group, {ALL_ATOMS}."
        )
    try:
        return block.get_spacegroup(subtrans_included=True)
    except (SpacegroupNotFoundError, ValueError) as error:
        raise StructureError(
            f"the file names the space group {', '.join(named)}, which ASE does not know: write it "
            f"as in International Tables ('P -6 m 2'), list its symmetry operations, {ALL_ATOMS}."
        ) from error


def _on_special_positions(sites: Atoms, group: Spacegroup) -> np.ndarray:
    """Return fractions (N, 3) of sites, each the mean of its images that are it but for rounding.

    The operations that lead to these are those of the site's own symmetry, and so leave their mean
    where it is.
    """
    fractions = sites.get_scaled_positions(wrap=False)
    moved = np.zeros_like(fractions)
    for number, site in enumerate(fractions):
        images = np.array([rotation @ site + shift for rotation, shift in group.get_symop()])
        away = images - site
        away -= np.rint(away)
        moved[number] = away[(np.abs(away) < ROUNDED).all(axis=1)].mean(axis=0)
    found: np.ndarray = fractions + moved
    return found


def _refuse_near_images(found: Atoms, sites: Atoms) -> None:
    """Raise StructureError for a site whose images are too near to be two atoms."""
    kinds = found.arrays["spacegroup_kinds"]
    first, second, distance = neighbor_list("ijd", found, SHORTEST_DISTANCE)
    for pair in np.flatnonzero(kinds[first] == kinds[second]):
        site, apart = kinds[first[pair]], distance[pair]
        x, y, z = sites.get_scaled_positions()[site]
        raise StructureError(
            f"site {site} ({sites.symbols[site]} at {x:.4g}, {y:.4g}, {z:.4g}) lies {apart:.2f} Å "
            "from its own image by the symmetry of the file: write its fractions with more digits "
            f"(1/3 as 0.3333), {ALL_ATOMS}."
        )


def _refuse_shared_places(found: Atoms, sites: Atoms) -> None:
    """Raise StructureError for a site that ASE left out for another one, of another element."""
    for site in set(range(len(sites))) - set(found.arrays["spacegroup_kinds"].tolist()):
        away = found.get_scaled_positions() - sites.get_scaled_positions()[site]
        away -= np.rint(away)
        other = int(np.abs(away).max(axis=1).argmin())
        if found.symbols[other] != sites.symbols[site]:
            raise StructureError(
                f"site {site} ({sites.symbols[site]}) lies in the place of {found.symbols[other]}, "
                "and no occupancies say which is there: leave one out."
            )
