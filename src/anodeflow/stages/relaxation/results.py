"""What relaxation leaves behind: the cells of its table, and its quantities in the scorecard."""

from collections.abc import Mapping

from anodeflow.scorecard.quantity import Quantity, quantity_row
from anodeflow.structures.structure_check import BondKind, StructureCheck
from anodeflow.tables.columns import Column, plus_minus

BONDS: dict[BondKind, str] = {
    "metal_x": "metal–X",
    "metal_termination": "metal–termination",
    "metal_metal": "metal–metal",
    "sheet": "in the sheet",
}
ONE_GEOMETRY = "of one relaxed geometry, so without sampling; forces left below relaxation.*.fmax"
COLUMNS = (
    *(
        Column(
            bond,
            header,
            "Å",
            f"standard deviation over the bonds, {ONE_GEOMETRY}",
            (plus_minus(f"{bond}_spread", "Å", of="spread"),),
        )
        for bond, header in BONDS.items()
    ),
    Column("thickness", "thickness", "Å", f"no uncertainty: {ONE_GEOMETRY}"),
    Column("spacing", "d", "Å", f"no uncertainty: {ONE_GEOMETRY}"),
    Column("coordination", "coordination"),
    Column("termination_site", "termination site"),
    Column("changed", "changed"),
)


def relaxation_rows(about: Mapping, check: StructureCheck) -> list[dict]:
    """Give bonds, thickness and change of structure (Table 1 of the study), lengths in Å.

    Args:
        about: model and system (layer or stack).
        check: of `inspection.check_structure`.
    """
    row = {"system": about["system"], "model": about["model"]}
    for bond in BONDS:
        if bond in check.bonds:
            row[bond] = check.bonds[bond].mean
            row[f"{bond}_spread"] = check.bonds[bond].std
    row["thickness"] = check.thickness
    row["spacing"] = check.spacing
    row["coordination"] = _coordination(check)
    row["termination_site"] = check.termination_site
    row["changed"] = "; ".join(check.changes) if check.changed else "no"
    return [row]


def relaxation_quantities(
    about: Mapping, check: StructureCheck, numerical: Mapping
) -> list[Quantity]:
    """Read the check of a relaxed structure; about: is_unit (a unit cell) beside."""
    changes = " ".join(check.changes)
    changed = "yes" if check.changed else "no"
    rows = [quantity_row("relaxation", "changed", changed, note=changes)]
    if about["is_unit"]:
        metals = _coordination(check)
        if metals:
            polytype = f"{metals}, {check.termination_site}"
            rows.append(quantity_row("relaxation", "polytype", polytype, note=changes))
        lengths: dict[str, float] = {kind: bond.mean for kind, bond in check.bonds.items()}
        lengths |= {} if check.thickness is None else {"thickness": check.thickness}
        shared = {"error": numerical["length"], "note": "numerical error"}
        rows += [
            quantity_row("relaxation", name, length, "angstrom", **shared)
            for name, length in lengths.items()
        ]
    return rows


def _coordination(check: StructureCheck) -> str:
    return ", ".join(f"{c.x} X + {c.termination} T" for c in check.coordination)
