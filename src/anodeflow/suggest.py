"""What the workflow makes of structures of yours: `python -m anodeflow.suggest`.

`python -m anodeflow.suggest FILE` tells how a layer or a stack is read, and draws it.
`python -m anodeflow.suggest BOTTOM TOP`, files or layers of the configuration, lists the cells that
two layers have in common, and gives one of them as lines for the configuration.
"""

import argparse
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from ase import Atoms

from anodeflow.errors import AnodeflowError, ConfigError, StructureError, nearest
from anodeflow.files.atomic import whole
from anodeflow.stages.relaxation.figure import plot_structures
from anodeflow.structures.builders.file_contents import refuse_unused_content
from anodeflow.structures.builders.layer_files import read_one
from anodeflow.structures.builders.layers import build_layer, build_unit, repeat_unit
from anodeflow.structures.builders.stacks import refuse_wrong_places
from anodeflow.structures.common_cells import CommonCell, common_cells
from anodeflow.structures.description import describe, describe_orientation
from anodeflow.structures.elements import ION_ELEMENTS, require_ions
from anodeflow.structures.orientation import Orientation, find_axes, find_orientation
from anodeflow.structures.role_checks import check_stack_tags
from anodeflow.structures.role_guessing import guess_stack_tags
from anodeflow.structures.stiffness import BY_STIFFNESS
from anodeflow.structures.supercells import Matrix, cells_in
from anodeflow.study.config import Config
from anodeflow.study.loading import read_config

ENDS = ("bottom", "top")

DRAWN = 9.0
"""Å that a picture shows of a layer at least, by repeating its unit cell."""

LARGEST_STRAIN = 0.5
"""Below this are limits of strains, as `structures.strain_limit`."""

SPACING = 3.5
"""Å, in the lines for the configuration: a start for layers without bonds between them."""


def main(arguments: Sequence[str]) -> None:
    """Tell of one structure or of two layers; the command line of this module."""
    parser = argparse.ArgumentParser(
        prog="python -m anodeflow.suggest",
        description="What the workflow makes of a structure; cells that two layers have in common.",
    )
    parser.add_argument(
        "structures",
        nargs="+",
        metavar="STRUCTURE",
        help="a file in any format that ASE reads, or a layer of the configuration; of two, the "
        "first lies below",
    )
    parser.add_argument("--config", type=Path, help="overlay on config/config.yaml, as snakemake's")
    parser.add_argument("--ion", action="append", help="an ion's element in a stack, several times")
    parser.add_argument("--picture", type=Path, help="PNG to write; of a file, else FILE.png")
    parser.add_argument("--strain-limit", type=float, help="else structures.strain_limit")
    parser.add_argument("--atoms", type=int, default=300, help="most atoms of a common cell")
    parser.add_argument("--row", type=int, default=1, help="cell to give as lines, by its number")
    given = parser.parse_args(arguments)
    if len(given.structures) > 2:
        parser.error("one structure or two layers can be given")
    try:
        _check_options(given)
        config = read_config(given.config)
        if len(given.structures) == 1:
            _tell_of_one(given.structures[0], config, given)
        else:
            _tell_of_two(given.structures, config, given)
    except AnodeflowError as error:
        sys.exit(f"error: {error}")


def _check_options(given: argparse.Namespace) -> None:
    """Refuse ions that are none, and limits within which there is no cell."""
    require_ions(given.ion or [])
    if given.strain_limit is not None and not 0 <= given.strain_limit < LARGEST_STRAIN:
        raise ConfigError(
            f"--strain-limit is {given.strain_limit:g}: give a fraction from 0 to "
            f"{LARGEST_STRAIN:g}, such as 0.03."
        )
    for name in ("atoms", "row"):
        if getattr(given, name) < 1:
            raise ConfigError(f"--{name} is {getattr(given, name)}: give a whole number from 1 on.")


def _layer_settings(name: str, role: str, config: Config) -> dict[str, Any]:
    """Return the settings of a layer: of the configuration, or of a file in a role."""
    layers = config.structures.layers
    if name in layers:
        return layers[name].model_dump(mode="json", exclude_none=True)
    if not Path(name).is_file():
        raise ConfigError(
            f"{name} is neither a file nor a layer of the configuration{nearest(name, layers)}; "
            f"its layers: {', '.join(layers)}."
        )
    return {"builder": "file", "path": name, "role": role, "size": [1, 1]}


def _tell_of_one(name: str, config: Config, given: argparse.Namespace) -> None:
    """Print what the workflow makes of one structure, and draw it."""
    ions = given.ion or [config.structures.ions.element]
    refused: dict[str, list[str]] = {}
    read: dict[str, tuple[Atoms, Orientation | None]] = {}
    if name in config.structures.layers:
        read[f"the layer {name}"] = _built(_layer_settings(name, "top", config), config), None
    else:
        _layer_settings(name, "top", config)  # refuses what is no file
        for what in ("stack", *ENDS):
            try:
                read[what] = _read_as(what, Path(name), ions, config)
            except StructureError as error:
                refused.setdefault(str(error).removeprefix(f"{name}: "), []).append(what)
            if what in read and what == "stack":
                break
    for what, (atoms, done) in read.items():
        print(f"As {what}: {atoms.get_chemical_formula()}")
        lines = [*([describe_orientation(done)] if done else []), *describe(atoms)]
        print("\n".join(f"  {line}" for line in lines))
    held = {symbol for atoms, _ in read.values() for symbol in atoms.symbols}
    for sentence, places in refused.items():
        # Nobody asks whether one layer could be two, unless an ion without its name joins them.
        if places != ["stack"] or not read or held.intersection(ION_ELEMENTS):
            print(f"As {' or '.join(places)}, refused: {sentence}")
    if not read:
        sys.exit(1)
    _draw({what: atoms for what, (atoms, _) in read.items()}, given.picture or f"{name}.png")


def _read_as(
    what: str, path: Path, ions: Sequence[str], config: Config
) -> tuple[Atoms, Orientation]:
    """Read a file as a stack, as an import does, or as a layer in one of its places."""
    found = read_one(path)
    if what != "stack":
        layer = _built(_layer_settings(str(path), what, config), config)
        return layer, find_axes(found)
    refuse_unused_content(found)
    done = find_orientation(found, ions=ions)
    stack = done.apply(found)
    if stack.get_tags().any():
        check_stack_tags(stack)
    else:
        stack.set_tags(guess_stack_tags(stack, ions=ions))
    return stack, done


def _built(layer: dict[str, Any], config: Config) -> Atoms:
    """Build the unit cell of a layer; one with a group as it enters a stack."""
    height = config.structures.cell_height
    if "base" not in layer:
        return build_unit(layer, cell_height=height)
    return build_layer(layer, cell_height=height, base=_layer_settings(layer["base"], "", config))


def _draw(structures: Mapping[str, Atoms], path: Path | str) -> None:
    """Write a picture of structures from the side and from above, small cells repeated."""
    shown = {}
    for what, atoms in structures.items():
        lengths = np.linalg.norm(atoms.cell.array[:2], axis=1)
        shown[what] = repeat_unit(atoms, [int(-(-DRAWN // n)) for n in lengths])
    figure, _ = plot_structures(shown)
    try:
        with whole(Path(path)) as part:
            figure.savefig(part, format="png")
    except OSError as error:
        raise StructureError(
            f"the picture {path} cannot be written ({error.strerror}): give another path as "
            "--picture."
        ) from error
    print(f"picture: {path}")


def _tell_of_two(names: Sequence[str], config: Config, given: argparse.Namespace) -> None:
    """Print the common cells of two layers, and the lines of one for the configuration."""
    sheets = [
        _layer_settings(_layer_settings(name, role, config).get("base", name), role, config)
        for name, role in zip(names, ENDS, strict=True)
    ]
    units = [_built(layer, config) for layer in sheets]
    for unit, name in zip(units, names, strict=True):
        unit.info["name"] = name
    refuse_wrong_places(*units)
    known = [layer["stiffness"] for layer in sheets if layer.get("stiffness")]
    limit = config.structures.strain_limit if given.strain_limit is None else given.strain_limit
    cells = common_cells(
        units[0],
        units[1],
        strain_limit=limit,
        atom_limit=given.atoms,
        stiffnesses=known if len(known) == 2 else None,
    )
    if not cells:
        raise StructureError(
            f"{names[0]} and {names[1]} have no common hexagonal cell of at most {given.atoms} "
            f"atoms with strains of at most {100 * limit:g} %: raise --atoms or --strain-limit."
        )
    if not 1 <= given.row <= len(cells):
        raise StructureError(f"--row is {given.row}, and there are rows 1 to {len(cells)}.")
    print(table(cells, names))
    if len(known) < 2:
        print("The energy needs `stiffness` (C11 + C12, N/m) of both layers.")
    if any("base" in _layer_settings(name, "", config) for name in names):
        print("Atoms are those of the sheets, without their groups.")
    print(f"\nRow {given.row} for the configuration, spacing and registry to be chosen:\n")
    print(overlay_lines(cells[given.row - 1], names, config))


def table(cells: Sequence[CommonCell], names: Sequence[str]) -> str:
    """Return common cells as a table, one a line, in their order."""
    head = ["", "atoms", "length", "rotation", *(f"strain {n}" for n in ENDS), "energy"]
    head += [f"size of {Path(name).name}" for name in names]
    rows = [head, ["", "", "Å", "°", "%", "%", "eV/nm²", "", ""]]
    for number, cell in enumerate(cells, start=1):
        energy = "–" if cell.energy is None else f"{cell.energy:.3f}"
        rows.append(
            [
                *(str(number), str(cell.atoms), f"{cell.length:.3f}", f"{cell.rotation:.2f}"),
                *(f"{100 * strain:+.2f}" for strain in cell.strains),
                *(energy, *(str(_size(matrix)) for matrix in cell.sizes)),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def overlay_lines(cell: CommonCell, names: Sequence[str], config: Config) -> str:
    """Return a common cell as an overlay: its layers, under names of their own, and its stack.

    Its strains are allowed, where the configuration does not allow them.
    """
    layers: dict[str, dict[str, Any]] = {}
    ends: dict[str, Any] = {}
    for name, role, size in zip(names, ENDS, cell.sizes, strict=True):
        settings, count = _layer_settings(name, role, config), cells_in(size)
        ends[role] = f"{_name(name)}-{count}"
        if ends[role] in layers:  # two files of one name, or one file twice
            ends[role] += f"-{role}"
        if "base" in settings:
            base = settings["base"]
            sized = _layer_settings(base, role, config) | {"size": _size(size)}
            settings |= {"base": f"{base}-{count}"}
            layers[settings["base"]] = sized
        else:
            settings |= {"size": _size(size)}
        layers[ends[role]] = settings
    stack = {**ends, "strained": "share" if cell.energy is None else BY_STIFFNESS}
    stack |= {"spacing": SPACING, "registry": [0.0, 0.0]}
    largest = max(map(abs, cell.strains))
    strained = largest > config.structures.strain_limit
    return "\n".join(
        [
            "structures:",
            *([f"  strain_limit: {_rounded_up(largest)}"] if strained else []),
            "  layers:",
            *(f"    {name}: {_flow(layer)}" for name, layer in layers.items()),
            "  stacks:",
            f"    {ends['bottom']}-{ends['top']}: {_flow(stack)}",
        ]
    )


def _rounded_up(strain: float) -> float:
    return math.ceil(1000 * strain) / 1000


def _flow(section: dict[str, Any]) -> str:
    return yaml.safe_dump(section, default_flow_style=True, sort_keys=False, width=10_000).strip()


def _size(matrix: Matrix) -> Any:
    (a, b), (c, d) = matrix
    return [a, d] if b == c == 0 else matrix


def _name(name: str) -> str:
    """Return the name of a layer, or one made of that of its file."""
    return re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-") or "layer"


if __name__ == "__main__":
    main(sys.argv[1:])
