"""Builders of two-dimensional layers: MXenes, honeycomb sheets, sheets with a group, files.

Every layer comes out with the cell a (1, 0), a (-1/2, √3/2), its height along z, periodic in all
three directions, in the middle of the cell, and with the tags of `anodeflow.tags`.
"""

from collections.abc import Callable
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from ase.neighborlist import neighbor_list

from anodeflow import tags
from anodeflow.bonds import find_bonds
from anodeflow.errors import StructureError
from anodeflow.heights import heights

SHORTEST_DISTANCE = 0.6
"""Two atoms closer than this (Å) are a mistake in the input, whatever the elements."""

SEED = "none (deterministic)"
"""What `info["seed"]` says of a structure built without random numbers."""

CORNERS = np.array([[0.0, 0.0], [1 / 3, 2 / 3], [2 / 3, 1 / 3]])
"""The three lateral positions A, B, C of close packing, in fractions of the cell."""

PLANE_TOLERANCE = 0.3
"""Atoms of a file whose heights differ by less (Å) are one atomic plane."""

# Starting geometry of the groups (Å, degrees), near what relaxation makes of them.
CARBON_PULL = 0.3
EPOXIDE_HEIGHT = 1.25
ON_TOP_C_O = 1.5
HYDROXYL_C_O = 1.5
HYDROXYL_O_H = 0.98
HYDROXYL_ANGLE = 107.0


def build_unit(settings: dict, *, cell_height: float) -> Atoms:
    """Build the primitive cell of a layer from its settings.

    `cell_height` is the length of the cell along z (Å). `settings` is one layer of the config, with
    lengths in Å; its key `builder` is mxene, honeycomb or file.

    Raises StructureError for a functionalised layer, which has no primitive cell, an unknown
    element, atoms closer than 0.6 Å, or a file that does not hold a hexagonal layer.
    """
    builder = settings["builder"]
    if builder == "functionalised":
        raise StructureError(
            f"a functionalised layer ({settings['base']} with one {settings['group']}) has no "
            "primitive cell: use its base layer where a unit cell is needed."
        )
    unit = UNIT_BUILDERS[builder](settings, cell_height)
    refuse_close_atoms(unit)
    unit.info = {"builder": builder, "seed": SEED}
    return unit


def build_layer(settings: dict, *, cell_height: float, base: dict | None = None) -> Atoms:
    """Build a layer as it enters a stack: the supercell, with its group if it has one.

    `cell_height` is in Å; `base` holds the settings of the layer that a functionalised one is made
    from, and is not used for others.

    Raises StructureError as `build_unit` does, and if a group cannot be put on the base.
    """
    if settings["builder"] == "functionalised":
        return _build_functionalised(settings, base, cell_height)
    along_a, along_b = settings["size"]
    unit = build_unit(settings, cell_height=cell_height)
    layer = unit.repeat((along_a, along_b, 1))
    layer.info["size"] = [along_a, along_b]
    return layer


def refuse_unknown_elements(symbols: list[str]) -> None:
    """Raise StructureError unless every symbol is that of a chemical element."""
    for symbol in symbols:
        if atomic_numbers.get(symbol, 0) == 0:
            raise StructureError(
                f"{symbol!r} is not a chemical element: write its symbol, such as Ti, C, O or Na."
            )


def refuse_close_atoms(atoms: Atoms) -> None:
    """Raise StructureError if two atoms, periodic images included, are closer than 0.6 Å."""
    first, second, distance = neighbor_list("ijd", atoms, SHORTEST_DISTANCE)
    if len(distance):
        closest = int(np.argmin(distance))
        i, j = int(first[closest]), int(second[closest])
        raise StructureError(
            f"atoms {i} ({atoms.symbols[i]}) and {j} ({atoms.symbols[j]}) are "
            f"{distance[closest]:.2f} Å apart, at least {SHORTEST_DISTANCE} Å is allowed: "
            "check the lattice constants, heights and spacing they were built from."
        )


def hexagonal_cell(lattice: float, height: float) -> np.ndarray:
    """Return the cell a (1, 0, 0), a (-1/2, √3/2, 0), c (0, 0, 1); lengths in Å, shape (3, 3)."""
    return np.array([[lattice, 0, 0], [-lattice / 2, lattice * np.sqrt(3) / 2, 0], [0, 0, height]])


def _build_mxene(settings: dict, cell_height: float) -> Atoms:
    """Build M(n+1)X(n)T2 by ABC stacking of the planes T-M-X-M-...-M-T.

    Each plane is shifted against the one below by C → B → A → C, the (111) planes of rocksalt; for
    n = 1 this puts each termination above the metal of the opposite side. At site `hcp` the two
    terminations sit above the outermost X instead.
    """
    metal, x, termination = settings["metal"], settings["x"], settings["termination"]
    refuse_unknown_elements([metal, x, termination])
    inner = 2 * settings["n"] + 1
    symbols = [termination, *[x if i % 2 else metal for i in range(inner)], termination]
    roles = [
        tags.LOWER_TERMINATION,
        *[tags.X if i % 2 else tags.METAL for i in range(inner)],
        tags.UPPER_TERMINATION,
    ]
    outer_step = settings["metal_termination_height"]
    steps = [outer_step, *[settings["metal_x_height"]] * (inner - 1), outer_step]
    z = np.concatenate([[0.0], np.cumsum(steps)])
    corners = [(2 - plane) % 3 for plane in range(inner + 2)]
    if settings["site"] == "hcp":
        corners[0], corners[-1] = corners[2], corners[-3]
    return _assemble(symbols, CORNERS[corners], z, roles, settings["lattice"], cell_height)


def _build_honeycomb(settings: dict, cell_height: float) -> Atoms:
    refuse_unknown_elements(settings["elements"])
    z = np.array([0.0, settings["buckling"]])
    roles = [tags.SHEET, tags.SHEET]
    return _assemble(settings["elements"], CORNERS[1:], z, roles, settings["lattice"], cell_height)


def _build_functionalised(settings: dict, base: dict | None, cell_height: float) -> Atoms:
    """Put one group on the lower face of the base layer.

    `carrier` in the settings is middle, for the atom nearest the cell's middle, or a seed, with
    which the atom is drawn at random; the seed then stands in info["seed"].
    """
    name, group, carrier = settings["base"], settings["group"], settings["carrier"]
    if base is None or base["builder"] == "functionalised":
        raise StructureError(
            f"a functionalised layer needs a plain layer as its base and {name!r} is none: name a "
            "honeycomb layer or one from a file."
        )
    layer = build_layer(base, cell_height=cell_height)
    if not tags.sheet(layer).any():
        raise StructureError(
            f"the base {name!r} of a functionalised layer is a bottom layer: name a partner layer, "
            "such as a honeycomb one."
        )
    if carrier == "middle":
        atom = _middle_atom(layer)
    else:
        atom = int(np.random.default_rng(carrier).choice(np.flatnonzero(tags.sheet(layer))))
        layer.info["seed"] = carrier
    ADD_GROUP[group](layer, *_bond_of(layer, atom, name))
    refuse_close_atoms(layer)
    layer.info.update({"builder": "functionalised", "base": name, "group": group, "carrier": atom})
    return layer


def _middle_atom(layer: Atoms) -> int:
    """Return the sheet atom nearest the middle of the cell."""
    middle = layer.cell.array[:2].sum(axis=0) / 2
    distance = np.linalg.norm((layer.positions - middle)[:, :2], axis=1)
    distance[~tags.sheet(layer)] = np.inf
    # Rounding makes ties the same on every machine: the lowest index wins.
    return int(np.argmin(distance.round(6)))


def _bond_of(layer: Atoms, carrier: int, name: str) -> tuple[int, int, np.ndarray]:
    """Return the carrier, one neighbour, and the vector (3,) of their bond."""
    first, second, vectors = find_bonds("ijD", layer)
    bonds = np.flatnonzero(first == carrier)
    if not len(bonds):
        raise StructureError(
            f"atom {carrier} of the base {name!r} has no bonded neighbour, so no group can be put "
            "on it: check its lattice constant."
        )
    bond = bonds[np.lexsort(vectors[bonds, :2].round(6).T)[0]]
    return carrier, int(second[bond]), vectors[bond]


def _add_epoxide(layer: Atoms, carrier: int, partner: int, bond: np.ndarray) -> None:
    """Bridge the bond (3,) of two atoms by an O below its middle, both atoms pulled down."""
    layer.positions[[carrier, partner], 2] -= CARBON_PULL
    oxygen = layer.positions[carrier] + bond / 2 - [0, 0, EPOXIDE_HEIGHT]
    layer.extend(Atoms("O", positions=[oxygen], tags=[tags.SHEET_OXYGEN]))


def _add_oxygen_on_top(layer: Atoms, carrier: int, _partner: int, _bond: np.ndarray) -> None:
    """Put an O straight below the carrier, pulled down itself."""
    layer.positions[carrier, 2] -= CARBON_PULL
    oxygen = layer.positions[carrier] - [0, 0, ON_TOP_C_O]
    layer.extend(Atoms("O", positions=[oxygen], tags=[tags.SHEET_OXYGEN]))


def _add_hydroxyl(layer: Atoms, carrier: int, _partner: int, bond: np.ndarray) -> None:
    """Hang O-H below the carrier, pulled down itself, with H towards the middle of a ring."""
    layer.positions[carrier, 2] -= CARBON_PULL
    oxygen = layer.positions[carrier] - [0, 0, HYDROXYL_C_O]
    # Opposite to a bond of a honeycomb lies the middle of a ring.
    outwards = -np.array([bond[0], bond[1], 0.0]) / np.hypot(bond[0], bond[1])
    angle = np.radians(HYDROXYL_ANGLE)
    direction = np.sin(angle) * outwards + np.cos(angle) * np.array([0, 0, 1.0])
    hydrogen = oxygen + HYDROXYL_O_H * direction
    layer.extend(
        Atoms("OH", positions=[oxygen, hydrogen], tags=[tags.SHEET_OXYGEN, tags.SHEET_HYDROGEN])
    )


ADD_GROUP: dict[str, Callable[[Atoms, int, int, np.ndarray], None]] = {
    "epoxide": _add_epoxide,
    "epoxide-top": _add_oxygen_on_top,
    "hydroxyl": _add_hydroxyl,
}


def _build_from_file(settings: dict, cell_height: float) -> Atoms:
    path = Path(settings["path"])
    try:
        found = ase.io.read(path)
    except FileNotFoundError as error:
        raise StructureError(
            f"the layer file {path} does not exist: check `path` in the config."
        ) from error
    except Exception as error:  # every ASE reader fails in its own way
        raise StructureError(
            f"the layer file {path} cannot be read ({' '.join(str(error).split())}): "
            "give a file in a format that ASE reads, such as extxyz or CIF."
        ) from error
    cell = _file_cell(found, path)
    fractions = np.linalg.solve(cell.T, found.positions.T).T
    # Some programs call a slab open along z and fold it into the cell all the same.
    found.pbc = True
    z = heights(found)
    roles = _file_tags(found, z, settings["role"], path)
    lattice = float(np.linalg.norm(cell[0]))
    symbols = found.get_chemical_symbols()
    refuse_unknown_elements(symbols)
    return _assemble(symbols, fractions[:, :2] % 1.0, z, roles, lattice, cell_height)


UNIT_BUILDERS: dict[str, Callable[[dict, float], Atoms]] = {
    "mxene": _build_mxene,
    "honeycomb": _build_honeycomb,
    "file": _build_from_file,
}


def _assemble(
    symbols: list[str],
    lateral: np.ndarray,
    z: np.ndarray,
    roles: list[int],
    lattice: float,
    cell_height: float,
) -> Atoms:
    """Put atoms at lateral fractions (N, 2) and heights (N,) into the middle of a cell (Å)."""
    cell = hexagonal_cell(lattice, cell_height)
    thickness = float(np.ptp(z))
    if thickness > cell_height - SHORTEST_DISTANCE:
        raise StructureError(
            f"a layer {thickness:.2f} Å thick does not fit into a cell {cell_height:.2f} Å high: "
            "raise cell_height."
        )
    middle = (z.max() + z.min()) / 2
    positions = lateral @ cell[:2]
    positions[:, 2] = z - middle + cell_height / 2
    return Atoms(symbols, positions=positions, cell=cell, pbc=True, tags=roles)


def _file_cell(found: Atoms, path: Path) -> np.ndarray:
    """Return the cell (3, 3) of a file as a 120° one; refuse what is no hexagonal layer."""
    cell = found.cell.array.copy()
    a, b, c, alpha, beta, gamma = found.cell.cellpar()
    hexagonal = abs(a - b) < 1e-3 * max(a, b, 1e-3) and min(abs(gamma - 120), abs(gamma - 60)) < 0.1
    upright = abs(alpha - 90) < 0.1 and abs(beta - 90) < 0.1 and np.hypot(*cell[2, :2]) < 1e-3 * c
    if not (hexagonal and upright and cell[2, 2] > 0 and found.cell.handedness == 1):
        raise StructureError(
            f"the cell of {path} has a = {a:.3f}, b = {b:.3f} Å and angles {alpha:.1f}, "
            f"{beta:.1f}, {gamma:.1f}°, where a = b, angles 90, 90, 120 (or 60)° and the third "
            "vector along z are needed: give a hexagonal unit cell with z out of the plane."
        )
    if abs(gamma - 60) < 0.1:
        cell[1] -= cell[0]
    return cell


def _file_tags(found: Atoms, z: np.ndarray, role: str, path: Path) -> list[int]:
    """Return the tags (N,) of a layer from a file: its own, else by role and height.

    ASSUME: in an untagged bottom layer the outermost planes are terminations and inner C, N and B
    atoms are X; all other inner atoms are metal.
    """
    own = found.get_tags()
    allowed, needed = {
        "bottom": (tags.BOTTOM_TAGS, (tags.LOWER_TERMINATION, tags.UPPER_TERMINATION)),
        "top": (tags.TOP_TAGS, (tags.SHEET,)),
    }[role]
    if own.any():
        if not (set(own) <= set(allowed) and set(needed) <= set(own)):
            raise StructureError(
                f"{path} has the tags {sorted(set(own.tolist()))}, but a {role} layer has tags of "
                f"{list(allowed)} and needs {list(needed)}: correct or remove the tags."
            )
        return own.tolist()
    if role == "top":
        return [tags.SHEET] * len(found)
    if np.ptp(z) < PLANE_TOLERANCE:
        raise StructureError(
            f"{path} is one flat plane of atoms and cannot be a bottom layer, which has two "
            "faces: use it with role top."
        )
    roles = np.where(np.isin(found.get_chemical_symbols(), ["C", "N", "B"]), tags.X, tags.METAL)
    roles[z < z.min() + PLANE_TOLERANCE] = tags.LOWER_TERMINATION
    roles[z > z.max() - PLANE_TOLERANCE] = tags.UPPER_TERMINATION
    return roles.tolist()
